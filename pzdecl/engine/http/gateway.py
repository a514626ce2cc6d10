"""A request's way through the server: read, verified, routed, performed by the engine, answered, logged.

The event loop reads and verifies; the engine's blocking calls run in threads of the gateway's own.
"""

from __future__ import annotations

import asyncio
import functools
import json
import os
import re
import time
import traceback
import uuid
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from pzdecl.engine.api import operation
from pzdecl.engine.api.validate import validate
from pzdecl.engine.engine import Engine
from pzdecl.engine.errors import InvalidInputException, ServiceError
from pzdecl.engine.http import refusals, routing
from pzdecl.engine.http.access import Access, AccessLog, now
from pzdecl.engine.http.codec import decode, encode, parse
from pzdecl.engine.http.locations import DataRoots
from pzdecl.engine.http.metrics import Metrics
from pzdecl.engine.http.network import is_loopback
from pzdecl.engine.http.refusals import Refusal
from pzdecl.engine.http.routing import Route
from pzdecl.engine.http.signature import Signed, Verifier
from pzdecl.engine.rates import RateLimit
from pzdecl.errors import PzdeclError

JSON_1_1, JSON = "application/x-amz-json-1.1", "application/json"
ARNS = "x-pzdecl-arns"
"""The header that says what ARNs begin with here: nothing in the API tells a client account and region."""
MAX_BODY = 1024 * 1024
"""Bytes of a request's body, unless set: some times what the largest request of the API needs."""
BODY_SECONDS = 30.0
DRAIN = 8 * 1024 * 1024
"""Bytes beyond the limit that are read and thrown away, so that a client gets to read why it was refused."""
WAITING_MAX = 1024
"""Requests that may wait for a thread."""
THREADS = 32
"""PutEvents of many clients share one flush of the disk, so more threads than processors are of use."""
ANSWERING = max(2, os.cpu_count() or 1)
"""Threads that compute recommendations, which wait for nothing: more would only take turns."""


@dataclass(slots=True)
class _Exchange:
    """What is known of a request while it is answered."""

    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    started: float = field(default_factory=time.perf_counter)
    client: str = "-"
    route: Route | None = None
    body: bytes = b""
    error: str = "-"


class Gateway:
    """Answers the three services' requests with an engine.

    roots     where clients may read files of this machine
    verifier  checks signatures; None asks for none, which is for loopback only
    rate      how often each client may ask; None for as often as it likes
    """

    def __init__(
        self,
        engine: Engine,
        *,
        roots: DataRoots,
        log: AccessLog,
        verifier: Verifier | None = None,
        rate: RateLimit | None = None,
        max_body: int = MAX_BODY,
        body_seconds: float = BODY_SECONDS,
        threads: int = THREADS,
    ) -> None:
        self.engine = engine
        self.metrics = Metrics(self._jobs)
        self._roots = roots
        self._log = log
        self._verifier = verifier
        self._rate = rate
        self._max_body = max_body
        self._body_seconds = body_seconds
        self._operations = operation.load()
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="pzdecl-request")
        self._answering = ThreadPoolExecutor(min(threads, ANSWERING), thread_name_prefix="pzdecl-request-read")
        self._waiting = 0

    @property
    def asks_for_keys(self) -> bool:
        """Whether requests must be signed."""
        return self._verifier is not None

    def close(self) -> None:
        """Waits for what is being performed."""
        self._threads.shutdown()
        self._answering.shutdown()

    async def __call__(self, request: Request) -> Response:
        """The answer to any request of the API, and to anything that is none."""
        exchange = _Exchange()
        with self.metrics.in_progress.track_inprogress():
            try:
                response = await self._answer(request, exchange)
            except Refusal as refusal:
                response = _refused(refusal, request, exchange)
            except ClientDisconnect:
                response = _refused(refusals.gone(), request, exchange)
            except Exception:
                self._log.trouble(f"request {exchange.id} failed:\n{traceback.format_exc()}")
                response = _refused(refusals.internal(exchange.id), request, exchange)
        response.headers["x-amzn-RequestId"] = exchange.id
        self._account(request, response, exchange)
        return response

    async def _answer(self, request: Request, exchange: _Exchange) -> Response:
        peer = request.client.host if request.client else "-"
        if self._verifier is None:
            check_local(request)
            self._take(peer)
        await self._read(request, exchange)
        if self._verifier is not None:
            try:
                key = self._verifier.verify(_signed(request, exchange.body))
            except Refusal:
                self._take(peer)  # guessing is slowed down, too
                raise
            exchange.client = key.client
            self._take(key.id)
        exchange.route = routing.find(
            request.method, request.scope["path"], request.headers.get("x-amz-target")
        )
        return await self._perform(exchange.route, exchange.body)

    def _jobs(self) -> Mapping[tuple[str, str], int]:
        return self.engine.jobs()

    def _take(self, client: str) -> None:
        if self._rate is not None and not self._rate.take(client):
            raise refusals.throttled(self._rate.rate)

    async def _read(self, request: Request, exchange: _Exchange) -> None:
        told = request.headers.get("content-length")  # the parser let none through that is no number
        most = self._max_body + (0 if "expect" in request.headers else DRAIN)
        if told is not None and int(told) > most:
            raise refusals.too_large(self._max_body)  # and none of it is waited for
        body, size = bytearray(), 0
        try:
            async with asyncio.timeout(self._body_seconds):
                async for chunk in request.stream():
                    size += len(chunk)
                    if size <= self._max_body:
                        body += chunk
                    elif size > self._max_body + DRAIN:
                        break
        except TimeoutError:
            raise refusals.too_slow(self._body_seconds) from None
        if size > self._max_body:
            raise refusals.too_large(self._max_body)
        coding = request.headers.get("content-encoding", "identity")
        if coding.lower() != "identity":
            raise refusals.encoded(coding)
        exchange.body = bytes(body)

    async def _perform(self, route: Route, body: bytes) -> Response:
        if self._waiting >= WAITING_MAX:
            raise refusals.overloaded()
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            pool = self._answering if route.service == "personalize-runtime" else self._threads
            content = await loop.run_in_executor(pool, functools.partial(self._call, route, body))
        finally:
            self._waiting -= 1
        headers = {ARNS: self.engine.arn("")}
        return Response(content, headers=headers, media_type=JSON if route.is_rest else JSON_1_1)

    def _call(self, route: Route, body: bytes) -> bytes:
        """In a thread: the whole of an operation, from bytes to bytes. Raises a Refusal."""
        try:
            params = decode(route.input, route.service, parse(body))
            validate(route.name, route.service, params)
            if route.method not in self._operations:
                raise InvalidInputException(
                    f"The built-in engine does not perform {route.name} yet: "
                    f"{routing.DOCUMENTED} lists what it does"
                )
            self._roots.check(route.input, route.service, params)
            result = self.engine.perform(route.method, params)
        except ServiceError as error:
            raise refusals.refusal(error, route.service) from error
        except PzdeclError as error:  # the engine's folder can't be used: no space left, say
            self._log.trouble(f"{route.name}: {error.message}{f'; {error.hint}' if error.hint else ''}")
            raise refusals.unavailable(error.message) from error
        return encode(route.output, route.service, result)

    def _account(self, request: Request, response: Response, exchange: _Exchange) -> None:
        seconds = time.perf_counter() - exchange.started
        name = exchange.route.name if exchange.route else "-"
        self.metrics.count(name, "OK" if exchange.error == "-" else exchange.error, seconds)
        self._log.request(
            Access(
                time=now(),
                peer=request.client.host if request.client else "-",
                client=exchange.client,
                method=request.method,
                path=request.scope["path"],
                operation=name,
                status=response.status_code,
                error=exchange.error,
                ms=round(seconds * 1000, 3),
                bytes_in=len(exchange.body),
                bytes_out=len(response.body),
                request_id=exchange.id,
            )
        )


def _refused(refusal: Refusal, request: Request, exchange: _Exchange) -> Response:
    """The answer in the way of the protocol: a member of the body for one, a header for the other."""
    exchange.error = refusal.code
    content = {"message": refusal.message}
    headers: dict[str, str] = {}
    if request.scope["path"] in {"/", ""}:
        content = {"__type": refusal.code, **content}
    else:
        headers["x-amzn-ErrorType"] = refusal.code
    if refusal.retry_after is not None:
        headers["Retry-After"] = str(refusal.retry_after)
    if refusal.closes:
        headers["Connection"] = "close"
    return Response(
        json.dumps(content).encode(),
        status_code=refusal.status,
        headers=headers,
        media_type=JSON_1_1 if "__type" in content else JSON,
    )


def _signed(request: Request, body: bytes) -> Signed:
    scope = request.scope
    path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").partition("?")[0]
    headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in scope["headers"]]
    return Signed(request.method, path, scope["query_string"].decode("latin-1"), headers, body)


def check_local(request: Request) -> None:
    """Without keys, only programs of this machine may ask: no web page that a browser here shows.

    A page of another site says so in Origin; one whose host name was made to point here says that name in Host.
    Raises a Refusal.
    """
    if "origin" in request.headers or request.headers.get("sec-fetch-site", "none") != "none":
        raise refusals.denied("Web pages can't ask a server that has no keys: start it with --credentials")
    host = request.headers.get("host", "localhost")
    if not _is_here(host):
        raise refusals.denied(
            "A server without keys answers to localhost, 127.0.0.1 and ::1 only, "
            f"not to {host[:100]}: start it with --credentials"
        )


@functools.lru_cache(maxsize=64)
def _is_here(host: str) -> bool:
    """Whether a host, with its port or without, is this machine."""
    return is_loopback(re.sub(r":\d+$", "", host))
