"""Running the application: the socket, TLS, signals, and the way out.

The first SIGTERM or Ctrl-C stops taking connections, lets requests in progress end, and puts running jobs back
into the queue; a second Ctrl-C waits for no request.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette

from pzdecl.engine.http.network import ServerError, listen
from pzdecl.engine.http.protocol import BACKLOG, Protocol

GRACE = 30
"""Seconds that requests in progress have to end in."""
KEEP_ALIVE = 75
"""Seconds that an idle connection is kept: longer than clients keep theirs, who then never use one that was
just closed."""
SWITCH = 0.001
"""Seconds after which a thread that computes lets others in. With Python's own 0.005, a request that comes
while another thread trains in this process waits that long at each of its steps."""


class Server:
    """One listening socket and the application behind it. `run` once.

    tls  the files of certificate chain and private key (PEM), or None for plain HTTP

    Raises ServerError where the address can't be listened on, or the certificate can't be used.
    """

    def __init__(
        self, app: Starlette, *, host: str, port: int, tls: tuple[Path, Path] | None = None, grace: int = GRACE
    ) -> None:
        self._socket = listen(host, port)
        self._scheme = "https" if tls else "http"
        self._host = host
        self.port: int = self._socket.getsockname()[1]
        options: dict[str, Any] = {}
        if tls:
            try:
                _check_tls(*tls)
            except ServerError:
                self._socket.close()
                raise
            options = {"ssl_certfile": str(tls[0]), "ssl_keyfile": str(tls[1])}
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_keep_alive=KEEP_ALIVE,
            timeout_graceful_shutdown=grace,
            **options,
        )
        self._server = _Announcing(config)

    @property
    def url(self) -> str:
        """What clients use as their endpoint."""
        host = f"[{self._host}]" if ":" in self._host else self._host
        return f"{self._scheme}://{host}:{self.port}"

    def run(self, ready: Callable[[], None] = lambda: None) -> None:
        """Serves until a signal, or `stop()`. `ready` is called once connections are taken."""
        self._server.ready = ready
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        with self._socket, _signals_end_here(), _quick_switches():
            asyncio.run(self._server.serve(sockets=[self._socket]))

    def stop(self) -> None:
        """As SIGTERM does; from any thread."""
        self._server.should_exit = True


class _Announcing(uvicorn.Server):
    """uvicorn's server, which tells when it has started."""

    ready: Callable[[], None]

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # A TLS connection that is closed politely waits for half a minute for its client's goodbye. Idle ones
        # have nothing to lose.
        if self.config.is_ssl:
            for connection in list(self.server_state.connections):
                cycle = getattr(connection, "cycle", None)
                if cycle is None or cycle.response_complete:
                    connection.transport.abort()
        await super().shutdown(sockets)


def _check_tls(certificate: Path, key: Path) -> None:
    for path in (certificate, key):
        if not path.is_file():
            raise ServerError(
                f"there is no file {path}", hint="--tls-cert and --tls-key name files in PEM format"
            )
    try:
        # An encrypted key would be asked for at a terminal: a server has none.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate, key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise ServerError(
            f"{certificate} and {key} can't be used for TLS: {getattr(error, 'strerror', None) or error}",
            hint="expected a certificate chain and its private key, not encrypted, in PEM format",
        ) from error


@contextlib.contextmanager
def _signals_end_here() -> Iterator[None]:
    """uvicorn raises the signals that stopped it once more: the program is to go on and end by itself."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {one: signal.signal(one, lambda *_: None) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@contextlib.contextmanager
def _quick_switches() -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
