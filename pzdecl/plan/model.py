"""A plan as data: what would change, why, and the steps that do it.

Everything here is frozen and made of JSON values, so that a plan can be saved, read again, rendered and applied
without the code that made it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pzdecl.errors import Diagnostic, Position
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect

FORMAT_VERSION = "1.0"


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"
    TRAIN = "train"
    DEPLOY = "deploy"
    FORGET = "forget"
    NO_OP = "no-op"


class ReasonCode(StrEnum):
    """Why an action was chosen. For explaining only, never for decisions."""

    NEW = "new"
    RENAMED = "renamed"
    FIELD_CHANGED = "field_changed"
    TAGS_CHANGED = "tags_changed"
    DATA_CHANGED = "data_changed"
    PARENT_CHANGED = "parent_changed"
    MISSING = "missing"
    FAILED_BEFORE = "failed_before"
    RESUMED = "resumed"
    DRIFTED = "drifted"
    NOT_DECLARED = "not_declared"
    LEFT_OVER = "left_over"
    REQUESTED = "requested"
    PROTECTED = "protected"
    HOLDS_DATA = "holds_data"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words a reviewer reads; `position` is the line that caused it, `cause` the resource that did."""

    code: ReasonCode
    text: str
    position: Position | None = None
    cause: Address | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    path: str
    before: Any
    after: Any
    effect: Effect
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one address."""

    address: Address
    action: Action
    reasons: tuple[Reason, ...] = ()
    fields: tuple[FieldChange, ...] = ()
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    after_unknown: tuple[str, ...] = ()
    """Fields of `after` that the service chooses ("arn")."""
    name: str | None = None
    """The API's name after the change (differs from the address after a replacement)."""
    position: Position | None = None
    blocked: Reason | None = None
    """Set where a policy refuses this change: nothing of it or after it is run."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved behind our back: the fields, or the whole resource (`missing`)."""

    address: Address
    missing: bool = False
    fields: tuple[FieldChange, ...] = ()


class Op(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    TAG = "tag"
    DELETE = "delete"
    IMPORT = "import"
    TRAIN = "train"
    DEPLOY = "deploy"
    FORGET = "forget"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to run: an API request, what to wait for, and what to write down when it is done.

    `params` may hold `{"$arn": "Kind/name"}` (an ARN that the service chooses during this run) and
    `{"$sensitive": "spec.path"}` (a value that is never saved). `record` is the state row to write, with the same
    placeholders; None for deletions.
    """

    id: str
    op: Op
    address: Address
    operation: str | None
    params: Mapping[str, Any]
    needs: tuple[str, ...] = ()
    name: str | None = None
    arn: str | None = None
    """The ARN where it is known beforehand (a prediction for a create)."""
    record: Mapping[str, Any] | None = None
    deposed: bool = False
    """For deletions: removes what a replacement left, not the current resource."""


@dataclass(frozen=True, slots=True)
class Plan:
    project: str
    environment: str
    lineage: str
    changes: tuple[Change, ...]
    """Every address, no-ops too, sorted by address."""
    steps: tuple[Step, ...]
    """In an order that respects `needs`."""
    drift: tuple[Drift, ...] = ()
    expects: Mapping[str, str | None] = field(default_factory=dict)
    """Address to the fingerprint of its state row when planned (None: no row): the stale check of a saved plan."""
    warnings: tuple[Diagnostic, ...] = ()
    format_version: str = FORMAT_VERSION

    @property
    def has_changes(self) -> bool:
        return any(change.action is not Action.NO_OP for change in self.changes)

    @property
    def blocked(self) -> tuple[Change, ...]:
        return tuple(change for change in self.changes if change.blocked)
