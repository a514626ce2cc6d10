"""As whom the AWS provider asks, where, and how often: regions, roles, keys, retries."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.engine import Engine
from pzdecl.engine.errors import InvalidInputException, UnavailableException
from pzdecl.providers import session
from tests.engine.http.running import Running, running
from tests.servers import s3

pytest.importorskip("boto3")
ROLE = "arn:aws:iam::210987654321:role/deploy"
THROTTLED = {"__type": "ThrottlingException", "message": "Rate exceeded"}


@pytest.fixture(autouse=True)
def surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is set but a pair of keys."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def answering(client: Any, answers: list[tuple[int, dict[str, Any]]]) -> list[bytes]:
    """Has boto3 take these answers off the wire, in order; the list fills with what was sent."""
    from botocore.awsrequest import AWSResponse

    sent: list[bytes] = []

    def send(request: Any, **_: object) -> Any:
        sent.append(request.body)
        status, body = answers[len(sent) - 1]
        return AWSResponse(request.url, status, {}, _Raw(json.dumps(body).encode()))

    client.meta.events.register("before-send.*.*", send)
    return sent


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long was slept, which takes no time."""
    found: list[float] = []
    monkeypatch.setattr(time, "sleep", found.append)
    return found


def test_throttled_requests_are_sent_again_with_pauses(pauses: list[float]) -> None:
    client = providers.open_aws(region="eu-west-1")
    sent = answering(client._client("personalize"), [(400, THROTTLED)] * 2 + [(200, {"datasetGroups": []})])
    assert client.read("list_dataset_groups") == {"datasetGroups": []}
    assert len(sent) == 3
    assert len([pause for pause in pauses if pause > 0]) >= 2
    client.close()


def test_in_the_end_throttling_is_told(pauses: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "ATTEMPTS", 2)
    client = providers.open_aws(region="eu-west-1")
    sent = answering(client._client("personalize"), [(400, THROTTLED)] * 3)
    with pytest.raises(UnavailableException, match="ThrottlingException: Rate exceeded"):
        client.read("list_dataset_groups")
    assert len(sent) == 2
    client.close()


def test_retries_are_adaptive_for_every_service() -> None:
    client = providers.open_aws(region="eu-west-1")
    for service in ("personalize", "personalize-runtime", "personalize-events", "s3", "sts"):
        config = client._client(service).meta.config
        assert config.retries == {"mode": "adaptive", "total_max_attempts": session.ATTEMPTS}
        assert config.region_name == "eu-west-1"
    client.close()


def test_profile_and_region_come_from_the_shared_configuration(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config").write_text("[profile shop]\nregion = ap-south-1\n")
    (tmp_path / "keys").write_text("[shop]\naws_access_key_id = SHOP\naws_secret_access_key = secret\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "keys"))
    client = providers.open_aws(profile="shop")
    assert client._client("personalize").meta.region_name == "ap-south-1"
    assert client._session.get_credentials().access_key == "SHOP"
    assert providers.open_aws(profile="shop", region="eu-west-1")._region == "eu-west-1"


def test_a_profile_that_is_not_there_is_told_with_where_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with pytest.raises(UnavailableException, match=r"no profile nope: look at provider\.profile") as told:
        providers.open_aws(region="eu-west-1", profile="nope")
    assert told.value.lasting


def test_a_role_is_assumed_for_every_request(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("moto.server")
    with s3.server() as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_STS", url)
        client = providers.open_aws(region="eu-west-1", assume_role=ROLE, external_id="abc")
        credentials = client._session.get_credentials()
        assert credentials.method == "assume-role"
        frozen = credentials.get_frozen_credentials()
        assert frozen.token
        assert frozen.access_key != "test"
        assert client.arn("schema/s") == "arn:aws:personalize:eu-west-1:210987654321:schema/s"
        client.close()


def test_a_role_that_may_not_be_assumed_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.exceptions import ClientError

    def refuse(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "not yours"}}, "AssumeRole")

    monkeypatch.setattr("botocore.credentials.AssumeRoleCredentialFetcher._get_credentials", refuse)
    client = providers.open_aws(region="eu-west-1", assume_role=ROLE)
    with pytest.raises(UnavailableException, match="AccessDenied: not yours"):
        client.read("list_dataset_groups")


def test_keys_that_are_not_there_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = providers.open_aws(region="eu-west-1")
    with pytest.raises(UnavailableException, match=r"without credentials: set provider\.profile"):
        client.read("list_dataset_groups")
    with pytest.raises(UnavailableException, match="by which to assume the role"):
        providers.open_aws(region="eu-west-1", assume_role=ROLE)


@pytest.fixture
def server(tmp_path: Any) -> Iterator[Running]:
    with (
        Engine(tmp_path / "engine", account="123456789012", region="mars") as engine,
        running(engine) as server,
    ):
        yield server


def test_a_server_on_this_machine_needs_no_keys_and_tells_its_arns(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    client = providers.open_aws(endpoint=server.url)
    told = client.arn("dataset-group/g")
    assert told == "arn:aws:personalize:mars:123456789012:dataset-group/g"
    assert client.call("create_dataset_group", name="g") == {"datasetGroupArn": told}
    client.close()


def test_boto3s_own_variable_leads_there_as_well(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_PERSONALIZE", server.url)
    client = providers.open_aws(region="eu-west-1")
    assert client.arn("schema/s") == "arn:aws:personalize:mars:123456789012:schema/s"
    client.close()


def test_the_role_that_reads_data_is_asked_for() -> None:
    client = providers.open_aws(region="eu-west-1")
    with pytest.raises(InvalidInputException, match=r"roleArn is missing.*provider\.role") as caught:
        client.call("create_dataset_export_job", jobName="j", datasetArn=ROLE, jobOutput={})
    assert caught.value.operation == "CreateDatasetExportJob"


@pytest.mark.parametrize("operation", ["create_batch_inference_job", "create_dataset_export_job"])
def test_amazon_writes_no_files(operation: str) -> None:
    client = providers.open_aws(region="eu-west-1", role=ROLE)
    source = {"s3DataSource": {"path": "s3://bucket/x"}}
    with pytest.raises(InvalidInputException, match="writes to Amazon S3"):
        client.call(operation, jobInput=source, jobOutput={"s3DataDestination": {"path": "/tmp/out"}})


def test_an_assumed_role_is_assumed_again_before_its_keys_expire(monkeypatch: pytest.MonkeyPatch) -> None:
    """An apply may wait for hours; a role is lent for one."""
    from datetime import UTC, datetime, timedelta

    lent: list[str] = []

    def lend(*_: object) -> dict[str, Any]:
        lent.append(f"KEY{len(lent)}")
        end = datetime.now(UTC) + timedelta(minutes=5 if len(lent) == 1 else 60)
        keys = {"AccessKeyId": lent[-1], "SecretAccessKey": "s", "SessionToken": "t"}
        return {"Credentials": {**keys, "Expiration": end.isoformat()}}

    monkeypatch.setattr("botocore.credentials.AssumeRoleCredentialFetcher._get_credentials", lend)
    client = providers.open_aws(region="eu-west-1", assume_role=ROLE)
    sent: list[str] = []

    def send(request: Any, **_: object) -> Any:
        from botocore.awsrequest import AWSResponse

        sent.append(request.headers["Authorization"].decode().partition("Credential=")[2].partition("/")[0])
        return AWSResponse(request.url, 200, {"x-amzn-RequestId": "1"}, _Raw(b'{"datasetGroups": []}'))

    client._client("personalize").meta.events.register("before-send.*.*", send)
    for _ in range(3):
        client.read("list_dataset_groups")
    assert sent == ["KEY0", "KEY1", "KEY1"]
    client.close()


class _Raw:
    """A body on the wire."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield self._body
