"""A proxy between boto3 and a server of Personalize's API that fails as networks and services do."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import urlsplit

Status = tuple[int, bytes]
Fault = Literal["cut", "lose"] | Status
"""`cut`: the connection is reset before the server hears of the request; `lose`: after it has done what was
asked; a status and a body are answered in the server's place."""
Plan = Callable[[str, int], Fault | None]
"""What goes wrong with an operation the n-th time (from 1) that it is asked for."""


def error(code: str, message: str = "said so", status: int = 400) -> Status:
    """An error as AWS JSON 1.1 tells it."""
    return status, json.dumps({"__type": code, "message": message}).encode()


@dataclass
class Proxy:
    """`asked` counts the requests that came, by operation, `done` those that reached the server."""

    url: str
    plan: Plan = lambda operation, number: None
    asked: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)


@contextlib.contextmanager
def before(server: str | None, plan: Plan) -> Iterator[Proxy]:
    """Puts a proxy before the server at a URL; without one nothing wrong is answered by an empty object."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            operation = self.headers.get("X-Amz-Target", self.path).rpartition(".")[2]
            with proxy.lock:
                proxy.asked[operation] += 1
                fault = proxy.plan(operation, proxy.asked[operation])
                proxy.done[operation] += fault is None or fault == "lose"
            if fault == "cut":
                return self.reset()
            if isinstance(fault, tuple):
                return self.answer(fault[0], fault[1], [])
            status, answer, headers = self.forward(body)
            if fault == "lose":
                return self.reset()
            return self.answer(status, answer, headers)

        def forward(self, body: bytes) -> tuple[int, bytes, list[tuple[str, str]]]:
            if server is None:
                return 200, b"{}", [("x-amzn-RequestId", "1")]
            parts = urlsplit(server)
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port)
            try:
                connection.request(self.command, self.path, body, dict(self.headers))
                told = connection.getresponse()
                hop = {"content-length", "transfer-encoding", "connection"}
                headers = [(name, value) for name, value in told.getheaders() if name.lower() not in hop]
                return told.status, told.read(), headers
            finally:
                connection.close()

        def answer(self, status: int, body: bytes, headers: list[tuple[str, str]]) -> None:
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def reset(self) -> None:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.wfile = contextlib.nullcontext()  # type: ignore[assignment]
            self.connection.close()

        def finish(self) -> None:
            with contextlib.suppress(Exception):
                super().finish()

        def log_message(self, format: str, *args: Any) -> None:
            """Nobody reads it."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Connections that are cut are what it is for."""

    listening = Server(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{listening.server_port}", plan)
    thread = threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        listening.shutdown()
        listening.server_close()
        thread.join()
