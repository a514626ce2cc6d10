"""What comes before a request's body: bounded in size and time, and answered where it is no HTTP."""

from __future__ import annotations

import contextlib
import json
import resource
import socket

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.http import protocol
from pzdecl.engine.http import server as server_module
from tests.engine.http.running import Running, running

LIST = (
    b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: AmazonPersonalize.ListDatasetGroups\r\n"
    b"Content-Length: 2\r\n"
)


def _everything(client: socket.socket) -> bytes:
    """What comes until the server ends the connection."""
    client.settimeout(30)
    found = b""
    while part := client.recv(65536):
        found += part
    return found


def _refused(answer: bytes, status: int, code: bytes) -> str:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"x-amzn-errortype: " + code in head
    assert b"connection: close" in head.lower()
    return str(json.loads(body)["message"])


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost localhost\r\n\r\n",
        b"POST /\xff HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # somebody speaks TLS
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: five\r\n\r\n",
    ],
)
def test_what_is_no_http_is_told_so(server: Running, sent: bytes) -> None:
    with socket.create_connection(server.address) as client:
        client.sendall(sent)
        assert (
            _refused(_everything(client), 400, b"SerializationException") == "The request is not valid HTTP/1.1"
        )


def test_headers_without_an_end_are_refused(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_MAX", 10_000)
    with socket.create_connection(server.address) as client:
        client.sendall(b"POST / HTTP/1.1\r\nX: ")
        answer = b""
        client.settimeout(0.02)
        for _ in range(1000):
            try:
                client.sendall(b"x" * 1000)
                answer = client.recv(65536)
                break
            except TimeoutError:
                continue
        assert "larger than 10000 bytes" in _refused(answer, 431, b"RequestEntityTooLargeException")


def test_headers_that_never_come_are_not_waited_for(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.1)
    with running(engine) as server, socket.create_connection(server.address) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: ")
        assert "did not arrive within 0.1 s" in _refused(_everything(client), 408, b"RequestTimeoutException")


def test_a_connection_that_says_nothing_ends(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server_module, "KEEP_ALIVE", 0.1)
    with running(engine) as server, socket.create_connection(server.address) as client:
        assert _everything(client) == b""


def test_many_wishes_at_once_are_passed_over_one_by_one(server: Running) -> None:
    wish = b"GET /x HTTP/1.1\r\nHost: localhost\r\nUpgrade: h2c\r\nConnection: Upgrade%s\r\n\r\n"
    with socket.create_connection(server.address) as client:
        client.settimeout(30)
        client.sendall(wish % b"" * 1200 + wish % b", close")
        assert _everything(client).count(b"HTTP/1.1 404 ") == 1201


def test_of_too_many_connections_the_one_that_waited_longest_ends(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "connections_max", lambda: 5)
    with contextlib.ExitStack() as stack:

        def connected() -> socket.socket:
            client = stack.enter_context(socket.create_connection(server.address))
            client.settimeout(30)
            client.sendall(LIST + b"\r\n{}")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")
            return client

        clients = [connected() for _ in range(8)]
        ended = [client for client in clients if _ended(client)]
        assert ended == clients[:3]
        for client in clients[3:]:
            client.sendall(LIST + b"\r\n{}")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def _ended(client: socket.socket) -> bool:
    client.settimeout(0.05)
    try:
        while client.recv(65536):
            continue
        return True
    except ConnectionResetError:
        return True
    except TimeoutError:
        return False
    finally:
        client.settimeout(30)


def test_while_all_connections_are_at_work_another_is_turned_away(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "connections_max", lambda: 2)
    with contextlib.ExitStack() as stack:
        busy = [stack.enter_context(socket.create_connection(server.address)) for _ in range(2)]
        for client in busy:
            client.settimeout(30)
            client.sendall(LIST + b"Expect: 100-continue\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1 100 ")
        with socket.create_connection(server.address) as another:
            told = _refused(_everything(another), 503, b"ServiceUnavailableException")
            assert "too many connections" in told
        for client in busy:
            client.sendall(b"{}")
            assert client.recv(65536).startswith(b"HTTP/1.1 200 ")


def test_connections_leave_room_for_files(monkeypatch: pytest.MonkeyPatch) -> None:
    for files, connections in ((1024, 768), (200, 50), (1 << 20, 8192), (resource.RLIM_INFINITY, 8192)):
        monkeypatch.setattr(resource, "getrlimit", lambda _, files=files: (files, files))
        assert protocol.connections_max.__wrapped__() == connections


def test_headers_in_small_pieces_are_put_together(server: Running) -> None:
    with socket.create_connection(server.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(LIST), 7):
            client.sendall(LIST[place : place + 7])
        client.sendall(b"Connection: close\r\n\r\n{")
        client.sendall(b"}")
        assert _everything(client).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("pieces", [1, 7, 10_000])
def test_a_wish_for_another_protocol_is_passed_over(server: Running, pieces: int) -> None:
    """What Java's HttpClient and `curl --http2` send; neither the body nor what comes behind it may be lost."""
    body = b'{"maxResults": 7, "nextToken": "nonsense"}'
    head = LIST.replace(b"Content-Length: 2", b"Content-Length: %d" % len(body))
    wish = b"Connection: Upgrade, HTTP2-Settings%s\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\n\r\n"
    sent = head + wish % b"" + body + head + wish % b", close" + body
    with socket.create_connection(server.address) as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        step = -(-len(sent) // pieces)
        for start in range(0, len(sent), step):
            client.sendall(sent[start : start + step])
        answers = _everything(client)  # the second request asks for the end of the connection
    assert answers.count(b"InvalidNextTokenException") == 2
    assert answers.count(b"HTTP/1.1 ") == 2


def test_requests_that_are_sent_before_the_answers_are_answered_in_order(server: Running) -> None:
    with socket.create_connection(server.address) as client:
        wrong = LIST.replace(b"ListDatasetGroups", b"ListNothing")
        last = LIST + b"Connection: close\r\n"
        client.sendall(b"".join(head + b"\r\n{}" for head in (LIST, wrong, LIST, last)))
        answers = _everything(client).split(b"HTTP/1.1 ")[1:]
    assert [answer[:3] for answer in answers] == [b"200", b"400", b"200", b"200"]
