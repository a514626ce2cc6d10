"""What the AWS provider makes of a network and a service that fail, over real connections."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.engine.errors import (
    InvalidInputException,
    LimitExceededException,
    ServiceError,
    UnavailableException,
)
from pzdecl.kinds import KINDS
from pzdecl.providers import session
from pzdecl.providers.aws import AwsClient
from tests.servers import proxy
from tests.servers.proxy import Fault, Proxy, error

pytest.importorskip("boto3")
ATTEMPTS = 3
CREATES = sorted({kind.operations.create for kind in KINDS.values()})


@pytest.fixture(scope="module", autouse=True)
def surroundings() -> Iterator[None]:
    """A pair of keys, and nothing else that boto3 looks at; pauses that take no time."""
    sleep = time.sleep
    with pytest.MonkeyPatch.context() as patch:
        for name in ("PROFILE", "REGION", "DEFAULT_REGION", "ENDPOINT_URL", "SESSION_TOKEN"):
            patch.delenv(f"AWS_{name}", raising=False)
        for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
            patch.setenv(name, "/dev/null")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.setattr(session, "ATTEMPTS", ATTEMPTS)
        patch.setattr(time, "sleep", lambda seconds: sleep(min(seconds, 0.001)))
        yield


@pytest.fixture(scope="module")
def standing() -> Iterator[Proxy]:
    with proxy.before(None, lambda operation, number: None) as found:
        yield found


@pytest.fixture(scope="module")
def client(standing: Proxy) -> Iterator[AwsClient]:
    found = opened(standing)
    yield found
    found.close()


@pytest.fixture
def failing(standing: Proxy) -> Proxy:
    """A proxy without a server; each test says what goes wrong."""
    standing.asked.clear()
    return standing


def opened(proxy: Proxy) -> AwsClient:
    return providers.open_aws(region="eu-west-1", endpoint=proxy.url, role="arn:aws:iam::1:role/r")


def request(operation: str) -> dict[str, Any]:
    """The smallest request that boto3 lets through."""
    from botocore.loaders import Loader
    from botocore.model import ServiceModel

    name = "".join(part.capitalize() for part in operation.split("_"))
    shape = ServiceModel(Loader().load_service_model("personalize", "service-2")).operation_model(name)

    def filled(shape: Any) -> Any:
        match shape.type_name:
            case "structure":
                return {member: filled(shape.members[member]) for member in shape.required_members}
            case "list":
                return [filled(shape.member)]
            case "boolean":
                return False
            case "integer":
                return 1
        return "s3://bucket/key" if "Location" in shape.name else "a" * max(1, shape.metadata.get("min", 1))

    found: dict[str, Any] = filled(shape.input_shape)
    for place in ("jobInput", "jobOutput"):
        if place in found:
            inner = {"jobInput": "s3DataSource", "jobOutput": "s3DataDestination"}[place]
            found[place] = {inner: {"path": "s3://bucket/key"}}
    if "dataSource" in found:
        found["dataSource"] = {"dataLocation": "s3://bucket/key"}
    return found


LOST: dict[str, Fault] = {
    "cut off before": "cut",
    "cut off after": "lose",
    "500": error("InternalServerError", status=500),
    "503": error("ServiceUnavailable", status=503),
    "a page of a balancer": (504, b"<html>\n<h1>Gateway Time-out</h1>"),
}


@pytest.mark.parametrize("operation", CREATES)
@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
def test_nothing_is_created_twice(client: AwsClient, failing: Proxy, operation: str, fault: Fault) -> None:
    """What may have been carried out is not sent again, and told as such."""
    failing.plan = lambda operation, number: fault
    with pytest.raises(UnavailableException) as caught:
        client.call(operation, **request(operation))
    assert sum(failing.asked.values()) == 1
    assert not caught.value.refused
    assert not caught.value.lasting
    assert "\n" not in caught.value.message


@pytest.mark.parametrize("fault", LOST.values(), ids=LOST)
@pytest.mark.parametrize("operation", ["describe_schema", "delete_schema", "list_schemas"])
def test_what_may_be_done_twice_is_sent_again(
    client: AwsClient, failing: Proxy, operation: str, fault: Fault
) -> None:
    failing.plan = lambda operation, number: fault if number < ATTEMPTS else None
    client.call(operation, **({} if operation == "list_schemas" else {"schemaArn": "arn:aws:x"}))
    assert sum(failing.asked.values()) == ATTEMPTS


def test_creating_waits_until_it_is_let_through(failing: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("botocore.retries.bucket.TokenBucket.acquire", lambda *_, **__: True)
    client = opened(failing)  # whatever it sends after this is slowed down
    failing.plan = lambda operation, number: error("ThrottlingException") if number < ATTEMPTS else None
    client.call("create_schema", **request("create_schema"))
    assert failing.asked == {"CreateSchema": ATTEMPTS}
    failing.plan = lambda operation, number: error("ThrottlingException")
    with pytest.raises(UnavailableException, match="ThrottlingException") as caught:
        client.call("create_schema", **request("create_schema"))
    assert caught.value.refused
    assert not caught.value.lasting
    client.close()


@pytest.mark.parametrize("operation", ["create_campaign", "update_campaign"])
def test_a_quota_is_told_at_once(client: AwsClient, failing: Proxy, operation: str) -> None:
    """boto3 takes the name for a rate limit: it would ask again and again, and slow down all else."""
    failing.plan = lambda operation, number: error("LimitExceededException", "5 campaigns")
    with pytest.raises(LimitExceededException, match="5 campaigns"):
        client.call(operation, **request(operation))
    assert sum(failing.asked.values()) == 1


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("AccessDeniedException", "said so"),
        ("ExpiredTokenException", "renew them"),
        ("ExpiredToken", "renew them"),
        ("RequestExpired", "clock"),
        ("UnrecognizedClientException", r"provider\.profile"),
        ("InvalidSignatureException", "secret access key"),
    ],
)
def test_what_somebody_has_to_mend_is_told_at_once(
    client: AwsClient, failing: Proxy, code: str, told: str
) -> None:
    failing.plan = lambda operation, number: error(code)
    with pytest.raises(UnavailableException, match=rf"^UnavailableException: {code}: .*{told}") as caught:
        client.call("create_schema", **request("create_schema"))
    assert sum(failing.asked.values()) == 1
    assert caught.value.refused, "nothing came of it"
    assert caught.value.lasting, "waiting does not help"


def test_a_signature_of_another_time_is_about_the_clock(client: AwsClient, failing: Proxy) -> None:
    failing.plan = lambda operation, number: error(
        "InvalidSignatureException", "Signature expired: 20200101T000000Z is now earlier than 20250101T000000Z"
    )
    with pytest.raises(UnavailableException, match="is this machine's clock right"):
        client.read("list_schemas")


def test_nobody_there_is_told_and_nothing_is_in_doubt(failing: Proxy) -> None:
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
        client = providers.open_aws(region="eu-west-1", endpoint=url)
        with pytest.raises(UnavailableException, match=r"can't be reached: provider\.endpoint") as caught:
            client.call("create_schema", **request("create_schema"))
        assert caught.value.refused
        client.close()


PAGES: list[Fault] = [(200, b"<html>Welcome</html>"), (200, b"{}"), (404, b"<html>Not here</html>")]


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("operation", ["list_schemas", "describe_schema", "create_schema"])
def test_an_answer_of_something_else_is_told(
    client: AwsClient, failing: Proxy, page: Fault, operation: str
) -> None:
    failing.plan = lambda operation, number: page
    params = {} if operation == "list_schemas" else {"schemaArn": "arn:aws:x"}
    with pytest.raises(UnavailableException, match="the answer is none of Amazon Personalize"):
        client.call(operation, **(request(operation) if operation.startswith("create") else params))
    with pytest.raises(UnavailableException, match="the answer is none of Amazon Personalize"):
        client.arn("schema/s")


def test_settings_that_cannot_be_used_are_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    """Each of them ended in a traceback."""

    def told(**options: Any) -> str:
        with pytest.raises(ServiceError) as caught:
            providers.open_aws(**options).read("list_schemas")
        assert isinstance(caught.value, UnavailableException)
        return caught.value.message

    assert "Invalid endpoint: https://" in told(region="eu-west-1", endpoint="https://")
    assert "'eu west'" in told(region="eu west")
    (tmp_path / "config").write_text(
        "[profile lost]\nrole_arn = arn:aws:iam::123456789012:role/x\nsource_profile = nobody\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "missing: AWS_SECRET_ACCESS_KEY" in told(region="eu-west-1")
    role = "arn:aws:iam::123456789012:role/x"
    assert "missing: AWS_SECRET_ACCESS_KEY" in told(region="eu-west-1", assume_role=role)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    assert '"nobody"' in told(region="eu-west-1", profile="lost")


def test_a_code_is_asked_of_people_alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "config").write_text(
        "[profile guarded]\nregion = eu-west-1\nrole_arn = arn:aws:iam::123456789012:role/x\n"
        "source_profile = base\nmfa_serial = arn:aws:iam::123456789012:mfa/me\n"
        "[profile base]\naws_access_key_id = A\naws_secret_access_key = B\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("CI", "true")
    client = providers.open_aws(profile="guarded")
    with pytest.raises(UnavailableException, match=r"mfa/me: nobody is here to type it") as caught:
        client.read("list_schemas")
    assert caught.value.lasting


def test_unknown_refusals_are_not_waited_for(client: AwsClient, failing: Proxy) -> None:
    failing.plan = lambda operation, number: error("ValidationException")
    with pytest.raises(UnavailableException) as caught:
        client.read("list_schemas")
    assert caught.value.lasting
    failing.plan = lambda operation, number: error("InvalidInputException")
    with pytest.raises(InvalidInputException):
        client.read("list_schemas")
