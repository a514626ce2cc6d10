"""The server around the operations: health, figures, refusals, keys, TLS, limits, the log, and the way out."""

from __future__ import annotations

import gzip
import http.client
import io
import itertools
import json
import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.operation import Context, Params, Result
from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.http import gateway as gateway_module
from pzdecl.engine.http.access import AccessLog
from pzdecl.engine.http.credentials import Key
from pzdecl.engine.http.network import ServerError, is_loopback, listen, listen_addresses
from pzdecl.engine.http.server import Server
from pzdecl.engine.http.signature import Verifier
from pzdecl.engine.rates import RateLimit
from pzdecl.engine.store.store import EngineFolderError
from tests.engine.http.running import ROUTES, Running, Wire, running
from tests.waiting import PATIENCE, until

LIST = ROUTES["ListDatasetGroups"]
RECOMMEND = ROUTES["GetRecommendations"]
KEY = Key("SHOP", "shop-backend", "a-secret-of-the-shop")


def _boto3(server: Running, secret: str = KEY.secret, **more: Any) -> Any:
    boto3 = pytest.importorskip("boto3")
    return boto3.client(
        "personalize",
        endpoint_url=server.url,
        region_name="eu-west-1",
        aws_access_key_id=KEY.id,
        aws_secret_access_key=secret,
        **more,
    )


def _lines(server: Running) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log.getvalue().splitlines() if line.startswith("{")]


def _replace(monkeypatch: pytest.MonkeyPatch, server: Running, name: str, function: Any) -> None:
    """Lets an operation do something else for a test."""
    from dataclasses import replace

    from pzdecl.engine.api.operation import REGISTRY

    monkeypatch.setitem(REGISTRY, name, replace(REGISTRY[name], function=function))


def test_health_and_figures(server: Running, wire: Wire) -> None:
    assert wire.send("GET", "/healthz").json == {"status": "ok"}
    assert wire.call(LIST, {}).status == 200
    assert wire.call(LIST, {"maxResults": 0}).status == 400
    assert wire.send("POST", "/nowhere").status == 404
    page = wire.send("GET", "/metrics")
    assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = page.body.decode()
    assert 'pzdecl_requests_total{code="OK",operation="ListDatasetGroups"} 1.0' in text
    assert 'pzdecl_requests_total{code="InvalidInputException",operation="ListDatasetGroups"} 1.0' in text
    assert 'pzdecl_requests_total{code="UnknownOperationException",operation="-"} 1.0' in text
    assert 'pzdecl_request_seconds_count{operation="ListDatasetGroups"} 2.0' in text
    assert "pzdecl_requests_in_progress 0.0" in text


def test_health_tells_what_is_wrong(
    engine: Engine, server: Running, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "trouble", lambda: "the disk is full")
    answer = wire.send("GET", "/healthz")
    assert (answer.status, answer.json) == (503, {"status": "failing", "reason": "the disk is full"})

    def unreadable() -> None:
        raise EngineFolderError("engine.db can't be read")

    monkeypatch.setattr(engine, "jobs", unreadable)
    assert "engine.db can't be read" in wire.send("GET", "/healthz").json["reason"]


def test_queued_jobs_are_counted(engine: Engine, server: Running, wire: Wire) -> None:
    with engine._context.store.write() as tx:
        tx.enqueue("arn:aws:personalize:local:000000000000:solution/a/1", "train", "group")
    assert 'pzdecl_jobs{kind="train",state="queued"} 1.0' in wire.send("GET", "/metrics").body.decode()


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "told"),
    [
        ("POST", "/", {}, 400, "X-Amz-Target is missing"),
        (
            "POST",
            "/",
            {"X-Amz-Target": "AmazonPersonalize.ListSolution"},
            400,
            "did you mean AmazonPersonalize.ListSol",
        ),
        ("POST", "/", {"X-Amz-Target": "DynamoDB_20120810.GetItem"}, 400, "There is no operation DynamoDB"),
        ("POST", "/recommend", {}, 404, "/recommendations"),
        ("GET", "/", {}, 404, "pzdecl's server"),
        ("GET", "/recommendations", {}, 405, "GetRecommendations is asked for by POST"),
        ("PUT", "/", {"X-Amz-Target": "AmazonPersonalize.ListSolutions"}, 405, "by POST"),
        ("DELETE", "/events", {}, 405, "by POST"),
    ],
)
def test_what_names_no_operation(
    method: str, path: str, headers: dict[str, str], status: int, told: str, common: Wire
) -> None:
    answer = common.send(method, path, b"{}", headers)
    assert (answer.status, answer.error) == (status, "UnknownOperationException")
    assert told in answer.message


def test_errors_are_where_the_protocol_has_them(common: Wire) -> None:
    control = common.raw(LIST, b"{")
    assert control.json == {"__type": "SerializationException", "message": control.message}
    assert control.headers["content-type"] == "application/x-amz-json-1.1"
    assert "x-amzn-errortype" not in control.headers
    runtime = common.raw(RECOMMEND, b"[]")
    assert runtime.json == {"message": "The request's body is not a JSON object"}
    assert runtime.headers["x-amzn-errortype"] == "SerializationException"
    assert runtime.headers["content-type"] == "application/json"
    assert len(runtime.headers["x-amzn-requestid"]) == 36


def test_a_bug_is_told_in_the_log_only(server: Running, wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(context: Context, params: Params) -> Result:
        raise KeyError("a detail of the inside")

    _replace(monkeypatch, server, "list_dataset_groups", broken)
    answer = wire.call(LIST, {})
    assert (answer.status, answer.error) == (500, "InternalServerException")
    assert "detail" not in answer.message
    assert answer.headers["x-amzn-requestid"] in answer.message
    log = server.log.getvalue()
    assert "a detail of the inside" in log
    assert f"request {answer.headers['x-amzn-requestid']} failed" in log


@pytest.mark.parametrize(
    "error", [UnavailableException("no space left"), EngineFolderError("no space left", hint="free some")]
)
def test_an_engine_that_can_not_be_used_is_unavailable(
    error: Exception, server: Running, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(context: Context, params: Params) -> Result:
        raise error

    _replace(monkeypatch, server, "list_dataset_groups", full)
    answer = wire.call(LIST, {})
    assert (answer.status, answer.error) == (503, "ServiceUnavailableException")
    assert "no space left" in answer.message


def test_the_access_log_has_a_line_for_each_request(server: Running, wire: Wire) -> None:
    answer = wire.call(LIST, {})
    wire.send("POST", "/%0Aforged%1b[31m")
    first, second = _lines(server)
    assert first["request_id"] == answer.headers["x-amzn-requestid"]
    assert (first["peer"], first["client"], first["method"], first["path"]) == ("127.0.0.1", "-", "POST", "/")
    assert (first["operation"], first["status"], first["error"]) == ("ListDatasetGroups", 200, "-")
    assert (first["bytes_in"], first["bytes_out"]) == (2, len(answer.body))
    assert 0 < first["ms"] < 30_000
    assert (second["operation"], second["status"]) == ("-", 404)


def test_no_client_writes_fields_of_the_access_log(engine: Engine) -> None:
    log = io.StringIO()
    with running(engine) as server:
        server.gateway._log = AccessLog("text", log)
        wire = Wire(server)
        wire.send("POST", "/events", b"{}", {"X-Forwarded-For": "1.1.1.1 admin POST / DeleteSolution 200"})
        wire.send("POST", "/a%20b%0A", b"{}", {"X-Forwarded-For": "10.0.0.7"})
        wire.close()
    first, second = (line.split(" ") for line in log.getvalue().splitlines())
    assert len(first) == len(second) == 12
    assert first[1] == "1.1.1.1%20admin%20POST%20/%20DeleteSolution%20200"
    assert (second[1], second[4]) == ("10.0.0.7", "/a%20b%0A")


def test_only_programs_of_this_machine_are_answered_without_keys(common: Wire) -> None:
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        answer = common.send("POST", "/events", b"{}", headers)
        assert (answer.status, answer.error) == (403, "AccessDeniedException")
    for host in ("evil.example", "evil.example:8080", "127.0.0.1.evil.example", "[", "192.168.0.7"):
        answer = common.send("POST", "/events", b"{}", {"Host": host})
        assert (answer.status, answer.error) == (403, "AccessDeniedException"), host
    for host in ("localhost", "localhost:1", "127.0.0.1", "[::1]:8080", "personalize.localhost"):
        answer = common.send("POST", "/events", b"{}", {"Host": host})
        assert (answer.status, answer.error) == (400, "InvalidInputException"), host


def test_web_pages_read_no_figures_without_keys(common: Wire) -> None:
    for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
        answer = common.send("GET", "/metrics", headers=headers)
        assert answer.status == 403
        assert b"pzdecl_requests" not in answer.body
    assert common.send("GET", "/metrics", headers={"Host": "127.0.0.1:9"}).status == 200


def test_a_body_that_is_compressed_is_told_so(common: Wire) -> None:
    headers = {"Content-Encoding": "gzip"}
    answer = common.send("POST", "/events", gzip.compress(b"{}"), headers)
    assert (answer.status, answer.error) == (415, "SerializationException")
    assert "Content-Encoding gzip" in answer.message
    answer = common.send("POST", "/events", b"{}", {"Content-Encoding": "identity"})
    assert answer.error == "InvalidInputException", "that is none"


def test_keys_are_asked_for_and_verified(engine: Engine) -> None:
    from botocore.exceptions import ClientError

    with running(engine, verifier=Verifier({KEY.id: KEY})) as server:
        client = _boto3(server)
        client.create_dataset_group(name="movies")
        assert [one["name"] for one in client.list_dataset_groups()["datasetGroups"]] == ["movies"]
        for secret, code in (("another-secret", "InvalidSignatureException"),):
            with pytest.raises(ClientError) as caught:
                _boto3(server, secret).list_dataset_groups()
            assert caught.value.response["Error"]["Code"] == code
        wire = Wire(server)
        for route in (LIST, RECOMMEND):
            answer = wire.call(route, {})
            assert (answer.status, answer.error) == (403, "MissingAuthenticationTokenException")
        assert wire.send("POST", "/nowhere").status == 403, "what there is, is told to those who may ask"
        assert wire.send("GET", "/healthz").status == 200
        assert wire.send("GET", "/metrics").status == 200, "this machine may read them"
        wire.close()
        clients = [line["client"] for line in _lines(server)]
        assert clients == ["shop-backend", "shop-backend", "-", "-", "-", "-"]


def test_figures_are_for_this_machine_unless_they_are_public(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pzdecl.engine.http import app

    monkeypatch.setattr(app, "is_loopback", lambda host: False)
    for public, status in ((False, 403), (True, 200)):
        with running(engine, verifier=Verifier({}), public_metrics=public) as server:
            wire = Wire(server)
            assert wire.send("GET", "/metrics").status == status
            wire.close()


def test_a_client_that_asks_too_often_is_slowed_down(engine: Engine) -> None:
    with running(engine, rate=RateLimit(3, clock=lambda: 0.0)) as server:
        wire = Wire(server)
        answers = [wire.call(LIST, {}) for _ in range(5)]
        wire.close()
    assert [answer.status for answer in answers] == [200, 200, 200, 400, 400]
    assert answers[3].error == "ThrottlingException"
    assert answers[3].headers["retry-after"] == "1"


def test_boto3_takes_throttling_as_such(engine: Engine) -> None:
    from botocore.config import Config

    asked = itertools.count()  # the clock: each request is 0.4 s after the one before
    with running(engine, rate=RateLimit(1, clock=lambda: next(asked) * 0.4)) as server:
        client = _boto3(server, config=Config(retries={"mode": "standard", "max_attempts": 5}))
        retried = [client.list_dataset_groups()["ResponseMetadata"]["RetryAttempts"] for _ in range(2)]
    assert retried == [0, 2]


def test_wrong_signatures_count_for_the_address(engine: Engine) -> None:
    limit = RateLimit(2, clock=lambda: 0.0)
    with running(engine, verifier=Verifier({KEY.id: KEY}), rate=limit) as server:
        wire = Wire(server)
        errors = [wire.call(LIST, {}).error for _ in range(3)]
        wire.close()
        assert errors == ["MissingAuthenticationTokenException"] * 2 + ["ThrottlingException"]
        assert _boto3(server).list_dataset_groups()["datasetGroups"] == [], (
            "whoever has a key is not in the way"
        )


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_the_reason_read(engine: Engine, chunked: bool) -> None:
    with running(engine, max_body=2000) as server:
        connection = http.client.HTTPConnection(*server.address, timeout=PATIENCE)
        body = b"x" * 300_000
        parts = iter([body[:100_000], body[100_000:]])
        connection.request(
            "POST",
            "/events",
            parts if chunked else body,
            encode_chunked=chunked,
            headers={"Transfer-Encoding": "chunked"} if chunked else {},
        )
        response = connection.getresponse()
        assert response.status == 413
        assert response.getheader("x-amzn-ErrorType") == "RequestEntityTooLargeException"
        assert "2000 bytes" in json.loads(response.read())["message"]
        assert response.getheader("connection") == "close"
        connection.close()
        wire = Wire(server)
        assert wire.raw(LIST, b" " * 2000).status == 200
        wire.close()


@pytest.mark.parametrize(
    ("size", "more"), [(10**15, b""), (5000, b"Expect: 100-continue\r\n")], ids=["huge", "asks first"]
)
def test_what_is_said_to_be_too_large_is_not_waited_for(engine: Engine, size: int, more: bytes) -> None:
    with running(engine, max_body=2000) as server, socket.create_connection(server.address) as client:
        client.settimeout(PATIENCE)
        head = b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n%s\r\n"
        client.sendall(head % (size, more))
        answer = b""
        while part := client.recv(65536):
            answer += part
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"2000 bytes" in answer


def test_a_body_that_never_comes_is_not_waited_for(engine: Engine) -> None:
    with running(engine, body_seconds=0.2) as server, socket.create_connection(server.address) as client:
        client.settimeout(30)
        client.sendall(b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
        answer = client.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"RequestTimeoutException" in answer


def test_more_requests_than_can_wait_are_turned_away(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway_module, "WAITING_MAX", 0)
    with running(engine) as server:
        wire = Wire(server)
        answer = wire.call(LIST, {})
        wire.close()
    assert (answer.status, answer.error) == (503, "ServiceUnavailableException")


def test_requests_in_progress_end_when_the_server_stops(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(context: Context, params: Params) -> Result:
        begun.set()
        assert go_on.wait(PATIENCE)
        return {"datasetGroups": []}

    answers = []
    with running(engine) as server:
        _replace(monkeypatch, server, "list_dataset_groups", slow)
        wire = Wire(server)
        asking = threading.Thread(target=lambda: answers.append(wire.call(LIST, {})))
        asking.start()
        assert begun.wait(PATIENCE)
        server.server.stop()

        def lets_in() -> bool:
            try:
                socket.create_connection(server.address).close()
            except OSError:
                return False
            return True

        until(lambda: not lets_in())
        go_on.set()
        asking.join(PATIENCE)
    assert [answer.json for answer in answers] == [{"datasetGroups": []}]


def test_the_worker_ends_with_the_server(engine: Engine) -> None:
    engine.start_worker()
    with running(engine):
        assert engine._worker is not None
    assert engine._worker is None


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs the openssl command to make a certificate")
    folder = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    command = (
        f"{openssl} req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=me"
    )
    subprocess.run(
        [*command.split(), "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert],
        check=True,
        capture_output=True,
    )
    return cert, key


def test_tls(engine: Engine, certificate: tuple[Path, Path]) -> None:
    with running(engine, tls=certificate, verifier=Verifier({KEY.id: KEY})) as server:
        assert server.url.startswith("https://127.0.0.1:")
        client = _boto3(server, verify=str(certificate[0]))
        assert client.list_dataset_groups()["datasetGroups"] == []
        context = ssl.create_default_context()
        with pytest.raises(ssl.SSLError), socket.create_connection(server.address) as plain:
            context.wrap_socket(plain, server_hostname="127.0.0.1")


def test_what_can_not_be_a_certificate(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    app: Any = None
    text = tmp_path / "text.pem"
    text.write_text("nothing\n")
    for tls, told in (
        ((text, certificate[1]), "can't be used for TLS"),
        ((certificate[0], certificate[0]), "can't be used for TLS"),
        ((tmp_path / "none", certificate[1]), "there is no file"),
    ):
        with pytest.raises(ServerError) as caught:
            Server(app, host="127.0.0.1", port=0, tls=tls)
        assert told in caught.value.message


def test_addresses() -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        taken.listen()
        with pytest.raises(ServerError) as caught:
            listen("127.0.0.1", port)
        assert f"127.0.0.1 port {port} can't be listened on" in caught.value.message
    assert listen_addresses("127.0.0.1") == ["127.0.0.1"]
    with pytest.raises(ServerError):
        listen_addresses("no such host")
    assert all(
        map(is_loopback, ("localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]", "a.localhost", "LOCALHOST."))
    )
    assert not any(
        map(is_loopback, ("", "0.0.0.0", "::", "10.0.0.1", "localhost.evil.example", "127.0.0.1.nip.io"))
    )
