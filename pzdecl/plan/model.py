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
from pzdecl.state.model import Failure, Intent

FORMAT_VERSION = "1.0"


class Action(StrEnum):
    """What happens to an address, as a plan counts it."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    IMPORT = "import"
    TRAIN = "train"
    DEPLOY = "deploy"
    INFER = "infer"
    ACCEPT = "accept"
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
    NAME_TAKEN = "name_taken"
    TRIGGERED = "triggered"
    NOT_TRAINED = "not_trained"
    OUT_OF_SCOPE = "out_of_scope"
    POLICY = "policy"
    PINNED = "pinned"
    GATE = "gate"


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason in words a reviewer reads; `position` is the line, `cause` the resource behind it."""

    code: ReasonCode
    text: str
    position: Position | None = None
    cause: Address | None = None


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs: a dotted path in the inputs, a binding, `tags.KEY` or `lifecycle.FIELD`.

    Values are as a plan shows them: sensitive ones are `(sensitive)`, ARNs not known yet `{"$arn": address}`.
    """

    path: str
    before: Any
    after: Any
    effect: Effect
    position: Position | None = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file or folder of this machine that is put where the service can read it, unless it is there.

    path   as the resource's inputs have it: relative to the project's root
    bytes  of all its files
    to     where the job reads it, told from its content
    """

    path: str
    bytes: int
    to: str


@dataclass(frozen=True, slots=True)
class Change:
    """What happens to one address.

    An address has one change, and one more for each thing an earlier run left behind under it: those name it in
    `deposed`. `before` and `after` are `{"name", "arn", "spec", "bindings", "tags"}` of the recorded and the
    planned resource, None where there is none.
    """

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
    deposed: str | None = None
    """The API's name of what an earlier run left behind, where this change removes that alone."""
    steps: tuple[str, ...] = ()
    """The ids of the steps that carry it out: it is done when all of them are."""
    previous: Address | None = None
    """The address that it had until now, where a `moved:` document says so."""
    seconds: float | None = None
    """How long it will take, told from past trainings; None where nobody can tell."""
    upload: Upload | None = None
    """What is uploaded for it first; None where it reads nothing of this machine, or can."""


@dataclass(frozen=True, slots=True)
class Drift:
    """What moved behind our back: the fields, or the whole resource (`missing`)."""

    address: Address
    missing: bool = False
    fields: tuple[FieldChange, ...] = ()


class Op(StrEnum):
    """What a step does: see `Step`."""

    CREATE = "create"
    UPDATE = "update"
    TAG = "tag"
    DELETE = "delete"
    IMPORT = "import"
    TRAIN = "train"
    DEPLOY = "deploy"
    INFER = "infer"
    FORGET = "forget"
    RECORD = "record"
    MOVE = "move"


BEGINNINGS = frozenset({Op.CREATE, Op.IMPORT, Op.TRAIN, Op.INFER})
"""What makes something under a name; sent twice it would make two."""


def attempt(entry: Intent | Failure) -> str:
    """What tells an unfinished or failed attempt from others: a plan says so which ones it was made with."""
    what = entry.step if isinstance(entry, Intent) else f"failed {entry.op}:{entry.address}"
    return " ".join((what, entry.name or "", entry.arn or "")).rstrip()


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to run: an API request, what to wait for, and what to write down when it is done.

    `op` says what becomes of the request and of state:

    create, import, train, infer
                           makes the resource `name`; done when it is ready. An open intent of an earlier run
                           with this step's `id` means that the very same thing was begun: look for it (at
                           `arn`, or with `Kind.find` where `arn` is None) and go on from there. The row it
                           writes takes the place of the address's row; what that row named stays as deposed,
                           for a later deletion.
    update, deploy         changes the resource at `arn` in place; done when it is ready again.
    tag                    one request (TagResource or UntagResource), done at once.
    delete                 deletes what is at `arn` (`name`), done when it is gone; being gone already is
                           success. With `deposed`, what is removed from state is only what is known of that ARN
                           (a former resource, a failed or an abandoned attempt): the address's row stays,
                           unless it names that very ARN.
    forget                 no request; removes from state as `delete` does. What is at `arn` stays.
    record                 no request; writes `record`.
    move                   no request; what state knows of `params["from"]` is called `address` from then on.

    `params` may hold placeholders, at any depth and always as a whole value: `{"$arn": "Kind/name"}` (an ARN
    that the service chooses during this run, or chose in the row that state then holds),
    `{"$path": "data/x.csv"}` (a path from the project's root, sent as an absolute one) and
    `{"$sensitive": "dotted.path"}` (the value at that path of the manifest's inputs, never saved).

    `record` is the state row to write, in the form of `pzdecl.state.to_json`. It may hold `$arn` only;
    `{"$hash": ...}` in it is the keyed hash of a sensitive value and stays as it is. None for deletions.
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
    gates: tuple[Mapping[str, Any], ...] = ()
    """For deployments: what the version in `params` must measure up to, see `pzdecl.plan.gates`."""
    serving: str | None = None
    """For deployments with gates: the ARN of the version that serves until now."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What an apply of a project in one environment would do. `lineage` tells which state it was made for."""

    project: str
    environment: str
    lineage: str
    changes: tuple[Change, ...]
    """Every address, no-ops too, sorted by address."""
    steps: tuple[Step, ...]
    """In an order that respects `needs`."""
    drift: tuple[Drift, ...] = ()
    expects: Mapping[str, str | None] = field(default_factory=dict)
    """Address to its row's fingerprint when planned (None: no row): the stale check of a saved plan."""
    attempts: tuple[str, ...] = ()
    """What earlier runs had begun or failed at when planned, as `attempt` tells them: known, so never stale."""
    warnings: tuple[Diagnostic, ...] = ()
    partial: bool = False
    """It is about a part of the project only: the rest stays as it is, whatever its manifests say."""
    refresh_only: bool = False
    """It takes into state what moved behind our back, and changes nothing in the service."""
    format_version: str = FORMAT_VERSION

    @property
    def has_changes(self) -> bool:
        """Whether a user would see a difference. Where this is False, `steps` may still hold `record` steps,
        which bring state's bookkeeping (dependencies, what the service shows by itself) up to date.
        """
        return any(change.action is not Action.NO_OP or change.previous for change in self.changes)

    @property
    def blocked(self) -> tuple[Change, ...]:
        """The changes that are refused."""
        return tuple(change for change in self.changes if change.blocked)
