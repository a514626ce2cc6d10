"""Anything at all may come over the wire: each request is answered, and none by an internal error."""

from __future__ import annotations

import copy
import json
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzdecl.engine.http.routing import Route, by_path, routes
from tests.engine.http.running import Wire
from tests.engine.http.samples import valid
from tests.waiting import PATIENCE

QUICK = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
LONG = settings(QUICK, max_examples=5000)

NAMES = st.sampled_from(
    [*sorted(by_path()), "/", "//", "/healthz/", "/events/", "/../events", "/%00", "/*", ""]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=True)
    | st.text(max_size=8)
    | st.sampled_from(
        ["arn:aws:personalize:local:000000000000:campaign/a", "/etc/passwd", "\ud800", "\0", "x" * 300]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
HEADERS = st.dictionaries(
    st.sampled_from(["X-Amz-Target", "Content-Type", "Authorization", "X-Amz-Date", "Accept", "Origin"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30).map(str.strip)
    | st.sampled_from([f"AmazonPersonalize.{route.name}" for route in routes()]),
    max_size=3,
)


def any_request(wire: Wire, method: str, path: str, headers: dict[str, str], body: bytes) -> None:
    answer = wire.send(method, path or "/", body, headers)
    assert answer.status < 500, answer
    if method != "HEAD" and not path.startswith(("/healthz", "/metrics")):
        assert isinstance(answer.json, dict)


def changed_request(wire: Wire, route: Route, pick: list[float], value: Any) -> None:
    """A valid request in which one value, wherever it is, has become another."""
    request = copy.deepcopy(valid(route, full=True))
    place: Any = request
    for share in pick:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = keys[int(share * len(keys))]
        if isinstance(place[key], dict | list) and share > 0.1:
            place = place[key]
        else:
            place[key] = value
            break
    answer = wire.raw(route, json.dumps(request).encode())
    assert answer.status < 500, (request, answer)
    assert isinstance(answer.json, dict)


REQUESTS = {
    "method": st.sampled_from(["POST", "POST", "POST", "GET", "PUT", "HEAD", "OPTIONS", "DELETE", "PATCH"]),
    "path": NAMES,
    "headers": HEADERS,
    "body": st.binary(max_size=60) | JSON.map(lambda value: json.dumps(value).encode()),
}
CHANGES = {
    "route": st.sampled_from(routes()),
    "pick": st.lists(st.floats(0, 0.999), min_size=1, max_size=6),
    "value": JSON,
}


@QUICK
@given(**REQUESTS)
def test_any_request_is_answered(common: Wire, **drawn: Any) -> None:
    any_request(common, **drawn)


@QUICK
@given(**CHANGES)
def test_a_request_with_any_value_is_answered(common: Wire, **drawn: Any) -> None:
    changed_request(common, **drawn)


@pytest.mark.slow
@LONG
@given(**REQUESTS)
def test_thousands_of_requests_are_answered(common: Wire, **drawn: Any) -> None:
    any_request(common, **drawn)


@pytest.mark.slow
@LONG
@given(**CHANGES)
def test_thousands_of_values_are_answered(common: Wire, **drawn: Any) -> None:
    changed_request(common, **drawn)


@pytest.mark.parametrize(
    "bytes_sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",  # the begin of TLS
        b"GET\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: -5\r\n\r\n",
        b"POST /events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        b"POST /events HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"POST /events HTTP/1.1\r\nHost: localhost\r\n" + b"X: " + b"y" * 200_000,
    ],
)
def test_what_is_no_http_is_refused(common: Wire, bytes_sent: bytes) -> None:
    with socket.create_connection(common.address, timeout=PATIENCE) as client:
        client.sendall(bytes_sent)
        answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 4") or answer == b"", answer
    assert common.send("GET", "/healthz").status == 200
