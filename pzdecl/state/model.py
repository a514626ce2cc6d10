"""What state holds, and the two ways to reach it: a `Reader` for planning, a `Writer` for applying."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from pzdecl.kinds.address import Address
from pzdecl.process import Process


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """SHA-256 (hex) of four things that can change on their own.

    spec      the inputs                         → what it is
    data      the content an import reads        → what it was made from
    parents   the bindings (ARNs of parents)     → caused by something above
    metadata  tags, protection, deletion policy  → a label
    """

    spec: str
    data: str
    parents: str
    metadata: str


@dataclass(frozen=True, slots=True)
class Recorded:
    """One managed resource, as it was when it last became ready.

    `attributes` holds what the service chose (`trackingId`); `data` the content behind an import or a training:
    `{"sha256": ..., "bytes": ..., "rows": ...}` per import address. `dependencies` and `on_delete` are all that
    is needed to delete it in order when its document is gone. `source` is `file:line` of its document.
    """

    address: Address
    name: str
    arn: str
    inputs: Mapping[str, Any]
    bindings: Mapping[str, Any]
    tags: Mapping[str, str]
    fingerprints: Fingerprints
    attributes: Mapping[str, Any] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    dependencies: tuple[Address, ...] = ()
    protect: bool = False
    on_delete: Literal["delete", "retain"] = "delete"
    source: str | None = None


@dataclass(frozen=True, slots=True)
class Deposed:
    """What a replacement left to be deleted once nothing uses it any more."""

    address: Address
    name: str
    arn: str
    dependencies: tuple[Address, ...] = ()


@dataclass(frozen=True, slots=True)
class Intent:
    """Something begun and not known to be finished. Written before the request.

    `arn` is where to look: the service's answer once it came, before that the prediction, or None.
    """

    address: Address
    step: str
    op: str
    name: str | None
    arn: str | None
    run: str


@dataclass(frozen=True, slots=True)
class Failure:
    """A creation, import or training that the service ended in failure since the address was last ready."""

    address: Address
    op: str
    name: str | None
    arn: str | None
    message: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One line of history. `plan` is the plan's SHA-256, `counts` actions carried out."""

    id: str
    command: str
    who: str
    started: datetime
    ended: datetime | None
    outcome: str | None
    counts: Mapping[str, int]
    plan: str | None


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds the lock, and when it was last heard of. `token` is the holder's proof."""

    who: str
    host: str
    pid: int
    command: str
    since: datetime
    heartbeat: datetime
    token: str
    process: Process | None = field(default=None, repr=False, compare=False)

    @property
    def gone(self) -> bool:
        """Whether the holder has certainly ended: whoever wants the lock next takes it over."""
        return self.process is not None and self.process.is_gone()


class Reader(Protocol):
    """All that planning may see of state."""

    @property
    def lineage(self) -> str:
        """A UUID given at birth: tells one state from another."""
        ...

    @property
    def serial(self) -> int:
        """Grows with every run that changed something."""
        ...

    def resources(self) -> Mapping[Address, Recorded]:
        """Every managed resource, sorted by address."""
        ...

    def deposed(self) -> Sequence[Deposed]:
        """What replacements left, sorted by address."""
        ...

    def intents(self) -> Sequence[Intent]:
        """What earlier runs began and did not finish, oldest first."""
        ...

    def failures(self) -> Mapping[Address, Sequence[Failure]]:
        """What failed since each address was last ready, oldest first."""
        ...

    def runs(self, limit: int = 20) -> Sequence[RunRecord]:
        """History, newest first."""
        ...

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now, None if nobody does."""
        ...
