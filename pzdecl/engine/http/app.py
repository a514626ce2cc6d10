"""The application that the server runs: the API, `/healthz` and `/metrics`."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from pzdecl.engine.http import metrics
from pzdecl.engine.http.gateway import Gateway, check_local
from pzdecl.engine.http.network import is_loopback
from pzdecl.engine.http.refusals import Refusal


def application(gateway: Gateway, *, public_metrics: bool = False) -> Starlette:
    """The ASGI application. When it begins, the models that serve are loaded in the background.

    When it ends, so do the gateway's threads and the engine's worker.

    public_metrics  lets everybody read `/metrics` where requests must be signed; else loopback alone may
    """

    async def health(_: Request) -> Response:
        why = await asyncio.to_thread(_trouble, gateway)
        if why is not None:
            return JSONResponse({"status": "failing", "reason": why}, HTTPStatus.SERVICE_UNAVAILABLE)
        return JSONResponse({"status": "ok"})

    async def figures(request: Request) -> Response:
        peer = request.client.host if request.client else ""
        if gateway.asks_for_keys and not public_metrics and not is_loopback(peer):
            reason = "only this machine may read them (pzdecl serve --public-metrics)"
            return JSONResponse({"message": reason}, HTTPStatus.FORBIDDEN)
        if not gateway.asks_for_keys:
            try:
                check_local(request)
            except Refusal as refusal:
                return JSONResponse({"message": refusal.message}, refusal.status)
        page = await asyncio.to_thread(gateway.metrics.page)
        return Response(page, media_type=metrics.CONTENT_TYPE)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        gateway.engine.prepare()
        yield
        await asyncio.to_thread(gateway.close)
        await asyncio.to_thread(gateway.engine.stop)  # jobs go back into the queue at their next checkpoint

    app = Starlette(
        routes=[
            Route("/healthz", health),
            Route("/metrics", figures),
        ],
        lifespan=lifespan,
    )
    app.router.default = _straight(gateway)  # whatever else is asked for, by any method
    return app


def _straight(gateway: Gateway) -> ASGIApp:
    """The gateway without what Starlette puts around a function: it answers its failures itself."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        response = await gateway(Request(scope, receive, send))
        await response(scope, receive, send)

    return answer


def _trouble(gateway: Gateway) -> str | None:
    """Why the server can't do its work; None where it can."""
    try:
        gateway.engine.jobs()
    except Exception as error:
        return f"the engine can't be read: {error}"
    return gateway.engine.trouble()
