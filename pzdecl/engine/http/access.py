"""The access log: one line a request on standard error, as text or as JSON."""

from __future__ import annotations

import contextlib
import functools
import json
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, TextIO

Format = Literal["text", "json", "off"]


@dataclass(slots=True)
class Access:
    """What is told of a request.

    client     the name of whoever signed; "-" where nobody had to, or the signature was refused
    operation  the API's name; "-" where the request names none
    error      the error's name; "-" for an answer without one
    ms         from the first byte of the request to the answer
    """

    time: str
    peer: str
    client: str
    method: str
    path: str
    operation: str
    status: int
    error: str
    ms: float
    bytes_in: int
    bytes_out: int
    request_id: str


class AccessLog:
    """Writes lines that never mix, from any thread. A log that can't be written stops no request."""

    def __init__(self, format: Format, stream: TextIO | None = None) -> None:
        self._write: Callable[[Access], None] = {"text": self._text, "json": self._json, "off": _nothing}[
            format
        ]
        self._stream = stream
        self._lock = threading.Lock()

    def request(self, access: Access) -> None:
        """One line."""
        self._write(access)

    def trouble(self, text: str) -> None:
        """Something for whoever runs the server, such as the traceback of a bug."""
        self._line(text.rstrip("\n"))

    def _text(self, access: Access) -> None:
        self._line(
            f"{access.time} {_plain(access.peer)} {access.client} {access.method} {_plain(access.path)} "
            f"{access.operation} {access.status} {access.error} {access.ms:.1f}ms "
            f"{access.bytes_in}B {access.bytes_out}B {access.request_id}"
        )

    def _json(self, access: Access) -> None:
        self._line(json.dumps(asdict(access)))

    def _line(self, text: str) -> None:
        stream = self._stream or sys.stderr
        with self._lock, contextlib.suppress(OSError, ValueError):
            stream.write(text + "\n")
            stream.flush()


def now() -> str:
    """The time as in the log: UTC, milliseconds."""
    seconds = time.time()
    return f"{_second(int(seconds))}.{int(seconds * 1000) % 1000:03d}Z"


@functools.lru_cache(maxsize=2)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _plain(text: str) -> str:
    """What a client sends, its path and X-Forwarded-For, is one word: no new line, no field, no colour."""
    if text.isascii() and text.isprintable() and " " not in text and 0 < len(text) <= 200:
        return text
    return "".join(char if "!" <= char <= "~" else f"%{ord(char):02X}" for char in text[:200]) or "/"


def _nothing(_: Access) -> None:
    pass
