"""Answers that refuse a request: which error name and HTTP status each failure has on the wire.

The API's own errors are `pzdecl.engine.errors`; what fails before an operation is reached (a signature, a body
that is no JSON) has the names that AWS's services share. docs/reference/serve.md lists both.
"""

from __future__ import annotations

from http import HTTPStatus

from pzdecl.engine.api.model import VERSIONS, service_model
from pzdecl.engine.errors import ServiceError, ThrottlingException, UnavailableException


class Refusal(Exception):
    """A request that gets no further than the server. `code` is the error's name, `status` the HTTP status."""

    def __init__(
        self,
        code: str,
        status: HTTPStatus,
        message: str,
        *,
        retry_after: int | None = None,
        closes: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.status = status
        self.message = message
        self.retry_after = retry_after
        """Seconds after which to try again, where the answer tells."""
        self.closes = closes
        """Whether the connection ends with the answer, since the rest of the request is not read."""


def not_json(why: str) -> Refusal:
    """The body can't be read."""
    return Refusal("SerializationException", HTTPStatus.BAD_REQUEST, why)


def unknown_operation(why: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> Refusal:
    """The request names no operation of the three services."""
    return Refusal("UnknownOperationException", status, why)


def too_large(limit: int) -> Refusal:
    """The body has more than `limit` bytes."""
    return Refusal(
        "RequestEntityTooLargeException",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The request's body is larger than {limit} bytes, the limit of this server: send less in one request",
        closes=True,
    )


def encoded(coding: str) -> Refusal:
    """The body is compressed, say."""
    return Refusal(
        "SerializationException",
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        f"The request's body has the Content-Encoding {coding[:100]}: send it without one",
    )


def too_slow(seconds: float) -> Refusal:
    """The body did not come in time."""
    return Refusal(
        "RequestTimeoutException",
        HTTPStatus.REQUEST_TIMEOUT,
        f"The request's body did not arrive within {seconds:g} s: send it again",
        closes=True,
    )


def gone() -> Refusal:
    """Nobody is there to read the answer: what the log tells."""
    return Refusal("ClientDisconnectedException", HTTPStatus.BAD_REQUEST, "The client went away", closes=True)


def throttled(rate: float) -> Refusal:
    """The client asks more often than it may."""
    return Refusal(
        "ThrottlingException",
        HTTPStatus.BAD_REQUEST,
        f"Rate exceeded: this server answers {rate:g} requests a second of one client; try again later",
        retry_after=1,
    )


def unavailable(why: str, retry_after: int | None = None) -> Refusal:
    """The engine can't be used now."""
    return Refusal("ServiceUnavailableException", HTTPStatus.SERVICE_UNAVAILABLE, why, retry_after=retry_after)


def overloaded() -> Refusal:
    """Too many requests wait already."""
    return unavailable("The server has too many requests at once: try again later", retry_after=1)


def denied(why: str) -> Refusal:
    """Whoever asks may not."""
    return Refusal("AccessDeniedException", HTTPStatus.FORBIDDEN, why)


def internal(request_id: str) -> Refusal:
    """A bug. The server's log has the traceback."""
    return Refusal(
        "InternalServerException",
        HTTPStatus.INTERNAL_SERVER_ERROR,
        f"An internal error, a bug in pzdecl: the server's log tells more of request {request_id}",
    )


def refusal(error: ServiceError, service: str) -> Refusal:
    """An error of the engine as an answer, with the status that the service's model gives it."""
    if isinstance(error, ThrottlingException):
        return Refusal(error.code, HTTPStatus.BAD_REQUEST, error.message, retry_after=1)
    if isinstance(error, UnavailableException):
        return unavailable(error.message)
    return Refusal(error.code, HTTPStatus(_STATUS.get((service, error.code), 400)), error.message)


def _statuses() -> dict[tuple[str, str], int]:
    """The HTTP status of each error shape, where the model has one: those of `personalize` are all 400."""
    return {
        (service, name): shape["error"]["httpStatusCode"]
        for service in VERSIONS
        for name, shape in service_model(service)["shapes"].items()
        if shape.get("exception") and "error" in shape
    }


_STATUS = _statuses()
