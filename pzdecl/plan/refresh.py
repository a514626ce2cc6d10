"""What is there: one description per recorded resource, its tags, and the names that are taken."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any, TypeVar

from pzdecl.engine.errors import ResourceInUseException, ResourceNotFoundException
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind, Status
from pzdecl.kinds.listing import items
from pzdecl.providers.client import ReadClient
from pzdecl.state.model import Recorded

T = TypeVar("T")
R = TypeVar("R")

READERS = 10
QUICK_SECONDS = 0.004
"""A read that takes longer waits for a network, so that many of them at once are quicker than one by one."""


@dataclass(frozen=True, slots=True)
class Live:
    """A resource as the service describes it. `description` None: it is not there; `tags` None: not read."""

    kind: Kind
    description: Mapping[str, Any] | None
    tags: Mapping[str, str] | None = None
    observed: Mapping[str, Any] = field(default_factory=dict)

    @property
    def missing(self) -> bool:
        """Nothing is there."""
        return self.description is None

    @property
    def going(self) -> bool:
        """Somebody is deleting it."""
        return self.description is not None and str(self.description.get("status", "")).startswith("DELETE")

    @property
    def broken(self) -> bool:
        """It never came to be: its creation failed or was stopped. A failed update leaves it as it was."""
        return (
            self.description is not None
            and str(self.description.get("status", "")).startswith("CREATE")
            and self.kind.status(self.description) is Status.FAILED
        )

    def failure(self) -> str:
        """Why the service says that it failed."""
        return self.kind.failure(self.description or {})


def refresh(rows: Mapping[Address, Recorded], client: ReadClient, *, tags: bool = True) -> dict[Address, Live]:
    """Reads every recorded resource, and its tags where the kind has any. Raises ServiceError."""

    def read(row: Recorded) -> Live:
        kind = KINDS[row.address.kind]
        description = describe(kind, row.arn, client)
        if description is None:
            return Live(kind, None)
        live = Live(kind, description, None, kind.observe(description))
        if tags and kind.taggable and not live.broken and not live.going:
            return Live(kind, description, tags_of(row.arn, client), live.observed)
        return live

    return dict(zip(rows, each(read, list(rows.values())), strict=True))


def describe(kind: Kind, arn: str, client: ReadClient) -> Mapping[str, Any] | None:
    """The description of what is at an ARN; None if nothing is. Raises ServiceError."""
    call = kind.describe(arn)
    try:
        answer = client.read(call.operation, **call.params)
    except ResourceNotFoundException:
        return None
    description: Mapping[str, Any] = answer[kind.operations.describe_key]
    return description


def tags_of(arn: str, client: ReadClient) -> dict[str, str] | None:
    """Tags by key, without those the service keeps for itself (`aws:...`); None while they can't be read."""
    try:
        answer = client.read("list_tags_for_resource", resourceArn=arn)
    except (ResourceNotFoundException, ResourceInUseException):
        return None
    pairs = ((tag["tagKey"], tag["tagValue"]) for tag in answer.get("tags", ()))
    return {key: value for key, value in pairs if not key.startswith("aws:")}


def present(kind: Kind, client: ReadClient) -> dict[str, str]:
    """The ARNs of all of a kind that exist in the account, by ARN and by name: one paginated list call."""
    index: dict[str, str] = {}
    for item in items(client, kind.operations):
        arn = str(item[kind.operations.arn_key])
        index[arn] = arn
        if item.get("name"):
            index[str(item["name"])] = arn
    return index


def each(function: Callable[[T], R], values: Sequence[T]) -> list[R]:
    """`[function(v) for v in values]`, by several threads once the quickest of four in a row was slow.

    The quickest one, since any of them may load a module or be held up, and a network is slow every time.
    """
    results: list[R] = []
    recent: deque[float] = deque(maxlen=4)
    for count, value in enumerate(values):
        if len(recent) == recent.maxlen and min(recent) > QUICK_SECONDS:
            from concurrent.futures import ThreadPoolExecutor

            with ThreadPoolExecutor(READERS) as pool:
                results += pool.map(function, values[count:])
            break
        started = perf_counter()
        results.append(function(value))
        recent.append(perf_counter() - started)
    return results
