"""What keeps a request from being answered, in the terms of the engine's errors; and what is not sent again.

boto3 sends again what it has no answer to. That is right for reading, and for all that is the same when it is
done twice. Of two requests to create, the second one is refused since the first one was carried out, or makes
another thing of the kind. So a request to create is sent again only where nothing can have come of it, and
whoever applies looks what there is (`pzdecl.apply.requests`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pzdecl.engine.errors import BY_CODE, InvalidInputException, ServiceError, UnavailableException

QUOTA = "LimitExceededException"
"""A quota, in Personalize's words; to boto3 it says that requests come too fast, and should be sent again."""
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired"}
_CLOCK = {"RequestExpired", "RequestTimeTooSkewed", "RequestInTheFuture"}
_SIGNATURE = {"InvalidSignatureException", "SignatureDoesNotMatch"}
_UNKNOWN = {"InvalidAccessKeyId", "InvalidClientTokenId", "UnrecognizedClientException"}
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
KEYS = frozenset(
    {*_EXPIRED, *_CLOCK, *_SIGNATURE, *_UNKNOWN, "AuthFailure", "IncompleteSignature"}
    | {"MissingAuthenticationToken", "MissingAuthenticationTokenException", "OptInRequired"}
)
"""Codes of errors that are about credentials: waiting mends none of them."""
DENIED = frozenset(_DENIED)
MOST = 200
"""Characters that are shown of an answer that is no error of the API."""
_SLOWER = {"RequestLimitExceeded", "SlowDown", "TooManyRequestsException", "BandwidthLimitExceeded"}


@contextmanager
def translating(operation: str | None = None) -> Iterator[None]:
    """Errors of botocore as `ServiceError`; `operation` is the API's name of what was asked, if known."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
        EndpointConnectionError,
        HTTPClientError,
        NoCredentialsError,
        ParamValidationError,
        ProfileNotFound,
    )
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _translated(error) from error
    except ParamValidationError as error:
        raise InvalidInputException(str(error), operation=operation) from error
    except NoCredentialsError as error:
        raise UnavailableException(
            "AWS can't be asked without credentials: set provider.profile in pzdecl.yaml, or AWS_PROFILE, or "
            "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
            operation=operation,
            lasting=True,
            refused=True,
        ) from error
    except ProfileNotFound as error:
        raise UnavailableException(
            f"the shared AWS configuration has no profile {error.kwargs.get('profile')}: look at "
            "provider.profile in pzdecl.yaml, AWS_PROFILE, and `aws configure list-profiles`",
            operation=operation,
            lasting=True,
            refused=True,
        ) from error
    except EndpointConnectionError as error:
        raise UnavailableException(
            f"{error.kwargs.get('endpoint_url')} can't be reached: provider.endpoint and provider.region in "
            "pzdecl.yaml say where the service is; `pzdecl serve` starts one",
            operation=operation,
            refused=True,
        ) from error
    except ResponseParserError as error:
        raise _foreign(operation) from error
    except HTTPClientError as error:
        raise UnavailableException(str(error), operation=operation, refused=_unsent(error)) from error
    except BotoCoreError as error:
        # What is left is about settings and credentials: no request was sent.
        raise UnavailableException(str(error), operation=operation, lasting=True, refused=True) from error


def check_answer(operation: str, result: dict[str, Any]) -> None:
    """Raises UnavailableException for an answer that only something else than the service can have given."""
    empty = not result.keys() - {"ResponseMetadata"}
    # AWS numbers its answers. Describing, listing and creating have something to say in any case.
    known = result.get("ResponseMetadata", {}).get("RequestId")
    if empty and not known and operation.startswith(("Create", "Describe", "List")):
        raise _foreign(operation)


def once(client: Any) -> None:
    """Has a client of boto3 send again only what may be sent twice."""
    client.meta.events.register_first("needs-retry.personalize", _ended)


def _ended(operation: Any, response: Any, caught_exception: Any, **_: object) -> None:
    """Raises the error with which a request has to end; boto3 decides on all others."""
    from botocore.exceptions import ClientError

    creates = operation.name.startswith("Create")
    if caught_exception is not None:
        if creates and not _unsent(caught_exception):
            raise caught_exception
        return
    http, parsed = response
    code = parsed.get("Error", {}).get("Code")
    if code == QUOTA or (creates and http.status_code >= 500):
        raise ClientError(parsed, operation.name)


def _unsent(error: Exception) -> bool:
    """Whether the request cannot have reached anybody: there was no connection."""
    from botocore.exceptions import (
        ConnectTimeoutError,
        EndpointConnectionError,
        ProxyConnectionError,
        SSLError,
    )

    return isinstance(error, ConnectTimeoutError | EndpointConnectionError | ProxyConnectionError | SSLError)


def _translated(error: Any) -> ServiceError:
    """botocore's ClientError in the terms of the engine's errors."""
    told = error.response.get("Error", {})
    code, message = str(told.get("Code", "Unknown")), str(told.get("Message", error))
    known = BY_CODE.get(code)
    if known is not None:
        return known(message, operation=error.operation_name)
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 400)
    if code.isdigit():
        # No error of the API: a page of something on the way.
        if status < 500:
            return _foreign(error.operation_name)
        message = " ".join(message.split())[:MOST]
    slower = "Throttl" in code or code in _SLOWER or status == 429
    return UnavailableException(
        f"{code}: {message}" + (f"; {hint}" if (hint := advice(code, message)) else ""),
        operation=error.operation_name,
        lasting=status < 500 and not slower,
        refused=status < 500,
    )


def advice(code: str, message: str = "") -> str | None:
    """What helps against an error of a code, where that is not what its message says."""
    if code in _EXPIRED:
        return (
            "the credentials have expired: renew them (`aws sso login`, or in CI a session that lasts as long "
            "as the apply) and run again to go on"
        )
    if code in _CLOCK or (code in _SIGNATURE and ("expired" in message or "yet current" in message)):
        return (
            "is this machine's clock right? AWS takes requests that are signed within five minutes of its own"
        )
    if code in _SIGNATURE:
        return "the secret access key is not the one that belongs to the access key"
    if code in _UNKNOWN:
        return (
            "these keys are not known there: look at provider.profile, the variables AWS_*, and provider.region"
        )
    return None


def _foreign(operation: str | None) -> UnavailableException:
    return UnavailableException(
        "the answer is none of Amazon Personalize: provider.endpoint in pzdecl.yaml, or a variable "
        "AWS_ENDPOINT_URL*, leads to something else, or something on the way answers in its place",
        operation=operation,
        lasting=True,
    )
