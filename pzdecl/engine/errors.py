"""The service's own errors: one class for each error shape of the API.

::

    ServiceError
    ├── InvalidInputException
    ├── InvalidNextTokenException
    ├── LimitExceededException
    ├── ResourceAlreadyExistsException
    ├── ResourceInUseException
    ├── ResourceNotFoundException
    ├── TooManyTagKeysException
    ├── TooManyTagsException
    └── UnavailableException       no error shape of the API: the target can't be reached or used at all
        └── ThrottlingException    nor is this one: more requests a second than are answered

The engine raises them; the AWS provider turns botocore's `ClientError` into the same classes, so that whoever
calls a client handles one tree.
"""

from __future__ import annotations


class ServiceError(Exception):
    """An operation was refused. `code` is the API's error name, `operation` (`CreateSolution`) may be None."""

    code = "ServiceError"

    def __init__(self, message: str, *, operation: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.operation = operation

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"


class InvalidInputException(ServiceError):
    """A value of the request is not allowed."""

    code = "InvalidInputException"


class InvalidNextTokenException(ServiceError):
    """The token of a list was not given by that list."""

    code = "InvalidNextTokenException"


class LimitExceededException(ServiceError):
    """A quota is used up."""

    code = "LimitExceededException"


class ResourceAlreadyExistsException(ServiceError):
    """The name is taken."""

    code = "ResourceAlreadyExistsException"


class ResourceInUseException(ServiceError):
    """Something uses it, or it is at work."""

    code = "ResourceInUseException"


class ResourceNotFoundException(ServiceError):
    """There is nothing of that ARN."""

    code = "ResourceNotFoundException"


class TooManyTagKeysException(ServiceError):
    """More tag keys than a request may name."""

    code = "TooManyTagKeysException"


class TooManyTagsException(ServiceError):
    """More tags than a resource may have."""

    code = "TooManyTagsException"


class UnavailableException(ServiceError):
    """The target can't be reached or used at all: the outcome of a request may be unknown."""

    code = "UnavailableException"

    def __init__(
        self, message: str, *, operation: str | None = None, lasting: bool = False, refused: bool = False
    ) -> None:
        super().__init__(message, operation=operation)
        self.lasting = lasting
        """Whether waiting is of no use: somebody has to do something first (free some disk space, say)."""
        self.refused = refused
        """Whether nothing came of the request for certain; else it may have been carried out."""


class ThrottlingException(UnavailableException):
    """More requests a second than are answered. Nothing came of this one: it may be sent again."""

    code = "ThrottlingException"


BY_CODE: dict[str, type[ServiceError]] = {cls.code: cls for cls in ServiceError.__subclasses__()}
