"""A light client: requests that were built before, over connections that stay open, from one thread.

What is measured is then the server: a request costs this client some tens of microseconds, one of boto3's more
than a millisecond.
"""

from __future__ import annotations

import json
import selectors
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def request(path: str, params: Mapping[str, Any]) -> bytes:
    """A request of a REST-JSON service as it goes over the wire, unsigned."""
    body = json.dumps(params).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def closed_loop(address: tuple[str, int], requests: Sequence[bytes], clients: int) -> tuple[float, list[float]]:
    """Seconds in all, and of each request, the shortest first.

    Each of `clients` connections sends the next request when its answer is there. Raises RuntimeError for an
    answer other than 200.
    """
    waiting = iter(requests)
    times: list[float] = []
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for _ in range(clients):
            connection = socket.create_connection(address)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _next(selector, connection, waiting)
        while selector.get_map():
            for key, _ in selector.select():
                sent, received = key.data
                received += key.fileobj.recv(65536)  # type: ignore[union-attr]
                if _complete(received):
                    times.append(time.perf_counter() - sent)
                    selector.unregister(key.fileobj)
                    _next(selector, key.fileobj, waiting)  # type: ignore[arg-type]
        spent = time.perf_counter() - began
    return spent, sorted(times)


def _next(selector: selectors.BaseSelector, connection: socket.socket, waiting: Iterator[bytes]) -> None:
    one = next(waiting, None)
    if one is None:
        connection.close()
        return
    sent = time.perf_counter()
    connection.sendall(one)
    selector.register(connection, selectors.EVENT_READ, (sent, bytearray()))


def _complete(received: bytearray) -> bool:
    """Whether an answer is there as a whole. Raises RuntimeError where it is an error, or cut short."""
    head, found, body = bytes(received).partition(b"\r\n\r\n")
    if not received:
        raise RuntimeError("the server closed the connection")
    if not found:
        return False
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    if len(body) < length:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(bytes(received).decode())
    return True
