"""The seam between planning and the service: one small protocol in boto3's shape.

A client has one method that matters. Operations carry boto3's method names (`describe_campaign`), parameters
and results are the API's own (`campaignArn=...`, a dict), errors are `pzdecl.engine.errors.ServiceError`.
Planning is given a `ReadClient`, on which no writing operation can be reached.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from pzdecl.engine.progress import Progress

if TYPE_CHECKING:
    from pzdecl.engine.serving.evaluation import Evaluated
    from pzdecl.engine.training.tuning.trials import Trials

ROLE_ASKED = frozenset(
    {
        "create_batch_inference_job",
        "create_batch_segment_job",
        "create_data_deletion_job",
        "create_dataset_export_job",
    }
)
"""Operations whose requests must name a role."""
READ_PREFIXES = ("describe_", "list_", "get_")


def check_reads(operation: str) -> None:
    """Raises ValueError for an operation that may write."""
    if not operation.startswith(READ_PREFIXES):
        raise ValueError(f"{operation} writes: expected an operation that begins with describe_, list_ or get_")


class ReadClient(Protocol):
    """What planning may do: look."""

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a describe, list or get operation. Raises ServiceError; ValueError for a writing operation."""
        ...

    def arn(self, tail: str) -> str:
        """The ARN of something named `tail` ("solution/movies") in this client's account and region."""
        ...


class Client(ReadClient, Protocol):
    """What applying may do: everything."""

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs any operation. Raises ServiceError."""
        ...

    def progress(self, arn: str) -> Progress | None:
        """How far the job behind `arn` (an import job, a solution version) is, where the target tells."""
        ...

    def close(self) -> None:
        """Stops what the client runs in the background. The client can't be used afterwards."""
        ...


@runtime_checkable
class Insight(Protocol):
    """What a target tells beyond the service's API: the built-in engine does, Amazon Personalize does not."""

    def evaluated(self, version_arn: str) -> Evaluated:
        """How a trained version did: the metrics of each test user, the learning curve."""
        ...

    def trials(self, version_arn: str) -> Trials | None:
        """What optimisation or AutoML tried for a trained version; None where nothing was."""
        ...

    def user_segment(
        self, version_arn: str, *, item: str | None = None, where: str | None = None, size: int = 25
    ) -> list[str]:
        """The users most likely to take up an item, or items that fit an attribute expression, best first.

        Raises InvalidInputException.
        """
        ...


class ReadOnly:
    """A client with only its reading half: what is handed to the planner."""

    def __init__(self, client: ReadClient) -> None:
        self._client = client

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a reading operation. Raises ServiceError; ValueError for a writing operation."""
        check_reads(operation)
        return self._client.read(operation, **params)

    def arn(self, tail: str) -> str:
        """The ARN of something in the client's account and region."""
        return self._client.arn(tail)
