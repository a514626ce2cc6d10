"""HTTP on a connection: httptools' parser in uvicorn's protocol, with bounds on what comes before a body.

The parser itself gathers a header for as long as it grows; here a request's head may have HEAD_MAX bytes, and
HEAD_SECONDS to arrive in. What is no HTTP is answered in JSON like everything else.

Some clients ask beside a request whether HTTP/2 may follow (`Upgrade: h2c`), as Java's and curl's do. A server
may pass over that, but the parser then takes the request's body for the other protocol: its head is read again
without the wish.
"""

from __future__ import annotations

import asyncio
import functools
import json
import sys
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_MAX = 64 * 1024
"""Bytes of the request line and the headers, beside those that came in the same read as the first of them."""
HEAD_SECONDS = 30.0
"""Seconds from a request's first byte to the end of its headers."""
MOST, KEPT_FREE = 8192, 256
"""Connections at once, and how many of the files that the process may open are not for them: the engine's
database and data, and connections that are taken before others are closed."""
BACKLOG = 128
"""Connections that wait to be taken, which may be at one time."""


@functools.cache
def connections_max() -> int:
    """How many connections there may be at once, given how many files the process may open."""
    if sys.platform == "win32":
        return MOST // 16
    import resource

    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST if files == resource.RLIM_INFINITY else min(MOST, max(files // 4, files - KEPT_FREE))


_UPGRADES = (b"upgrade", b"http2-settings")
"""Headers, and words of the header Connection."""


class Protocol(HttpToolsProtocol):
    """One connection. uvicorn makes them."""

    _in_head = False
    _begun_now = False
    _size = 0
    _upgrading = False
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Whoever says nothing at all is not waited for longer than whoever says nothing more."""
        super().connection_made(transport)
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )
        if len(self.connections) > connections_max():
            self._make_room()

    def _make_room(self) -> None:
        """Ends the connection that has waited longest for a request, or this one where all are at work."""
        waiting = [
            (until, number, one)
            for number, one in enumerate(self.connections)
            if isinstance(one, Protocol) and one is not self and (until := one.waits_until) is not None
        ]
        if waiting:
            min(waiting)[2].transport.abort()
        else:
            self._end(
                HTTPStatus.SERVICE_UNAVAILABLE,
                "ServiceUnavailableException",
                "The server has too many connections at once: try again later",
            )

    @property
    def waits_until(self) -> float | None:
        """When the connection ends unless a request's head comes; None while a request is at work."""
        ends = self.timeout_keep_alive_task or self._deadline
        return None if ends is None or self.transport.is_closing() else ends.when()

    def data_received(self, data: bytes) -> None:
        """Reads on; ends the connection where a request's head is too large."""
        self._begun_now = False
        self._feed(data)
        if not self._in_head or self.transport.is_closing():
            return
        if not self._begun_now:  # else this read may have brought the end of another request, too
            self._size += len(data)
        if self._size > HEAD_MAX:
            self._end(
                HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                "RequestEntityTooLargeException",
                f"The request's headers are larger than {HEAD_MAX} bytes: send less",
            )
        elif self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _feed(self, data: bytes) -> None:
        """The same as uvicorn's, but that no request is made another protocol's."""
        self._unset_keepalive_if_required()
        rest = memoryview(data)
        try:
            while True:
                try:
                    self.parser.feed_data(rest)
                    return
                except httptools.HttpParserUpgrade as upgrade:
                    rest = rest[upgrade.args[0] :]
                head = self._without_upgrade()
                self.parser = httptools.HttpRequestParser(self)
                self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
                self.parser.feed_data(head)
        except httptools.HttpParserError:
            self.send_400_response("")

    def _without_upgrade(self) -> bytes:
        """The head that was read just now, without what asks for another protocol."""
        lines = [
            b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        ]
        for name, value in self.headers:
            if name == b"connection":
                words = [word for word in value.split(b",") if word.strip().lower() not in _UPGRADES]
                lines.append(b"connection: " + b",".join(words))
            elif name not in _UPGRADES:
                lines.append(name + b": " + value)
        return b"\r\n".join((*lines, b"", b""))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self._head_ended()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request's first byte."""
        self._in_head = self._begun_now = True
        self._size = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """From here on the application reads."""
        self._head_ended()
        self._upgrading = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if not self._upgrading:
            super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The end of a request, but of one that is to be read once more."""
        if not self._upgrading:
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text
        """What is no HTTP."""
        self._head_ended()
        self._end(HTTPStatus.BAD_REQUEST, "SerializationException", "The request is not valid HTTP/1.1")

    def _head_ended(self) -> None:
        self._in_head = False
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        self._deadline = None
        self._end(
            HTTPStatus.REQUEST_TIMEOUT,
            "RequestTimeoutException",
            f"The request's headers did not arrive within {HEAD_SECONDS:g} s: send it again",
        )

    def _end(self, status: HTTPStatus, code: str, message: str) -> None:
        """The last answer of this connection."""
        body = json.dumps({"message": message}).encode()
        head = (
            f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            f"x-amzn-errortype: {code}\r\n"
            f"content-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
