"""One address while it is being planned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.manifests.model import Desired
from pzdecl.plan.model import BEGINNINGS, Action, FieldChange, Reason
from pzdecl.plan.refresh import Live
from pzdecl.state.model import Deposed, Failure, Intent, Recorded

MAKING = frozenset({Action.CREATE, Action.REPLACE, Action.IMPORT, Action.TRAIN, Action.INFER})
"""Actions that make something under a name."""
LEAVING = frozenset({Action.DELETE, Action.FORGET})


class Way(StrEnum):
    """How a replacement goes."""

    CREATE_FIRST = "create first"
    DELETE_FIRST = "delete first"


@dataclass(frozen=True, slots=True)
class Leftover:
    """Something of an earlier run that is to go: what a replacement left, a failed or an abandoned attempt.

    `parent` is the ARN of its dataset group, if that was looked up. `first` says that the address's own step
    must wait until it is gone, since it has the same name; `keep` that it is only forgotten, `retained` that it
    is there and stays; `own` that a change of its own shows it.
    """

    name: str
    arn: str
    dependencies: tuple[Address, ...]
    reason: Reason
    parent: str | None = None
    first: bool = False
    keep: bool = False
    retained: bool = False
    own: bool = False


@dataclass(slots=True, eq=False)
class Node:
    """What is known of an address (wanted, recorded, live, begun, failed), and what is decided for it.

    `name`, `arn`, `inputs`, `bindings`, `tags` and `data` are the planned resource's: those on record while
    nothing changes. `arn` is a placeholder where the service chooses it; `absent` says that there is none and
    none will be.
    """

    address: Address
    kind: Kind
    desired: Desired | None
    recorded: Recorded | None
    live: Live | None = None
    intents: tuple[Intent, ...] = ()
    failures: tuple[Failure, ...] = ()
    deposed: tuple[Deposed, ...] = ()

    action: Action = Action.NO_OP
    reasons: list[Reason] = field(default_factory=list)
    fields: list[FieldChange] = field(default_factory=list)
    blocked: Reason | None = None
    root: Address | None = None
    """The blocked resource that this one waits for, directly or through others."""
    name: str = ""
    arn: Any = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    bindings: Mapping[str, Any] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] | None = None
    causes: Mapping[str, Address] = field(default_factory=dict)
    """For each binding the resource it comes from."""
    way: Way | None = None
    recreated: bool = False
    """What it held is gone, although its ARN stays the same: jobs that filled it run again."""
    triggers: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Of a training: how what its `retrainOn` names stands, see `pzdecl.plan.triggers`."""
    successor: Address | None = None
    """Of what goes: the new resource that is the same under another name."""
    pinned: str | None = None
    """The ARN of the version that a campaign stays with."""
    absent: bool = False
    void: bool = False
    """Its record is declared void before what it filled goes: it will run even if this apply is cut short."""
    request: bool = False
    """An update needs a request, for something other than tags."""
    set_tags: Mapping[str, str] = field(default_factory=dict)
    unset_tags: tuple[str, ...] = ()
    leftovers: list[Leftover] = field(default_factory=list)

    @property
    def runs(self) -> bool:
        """It is made anew by this plan."""
        return self.action in MAKING and self.blocked is None

    @property
    def moved(self) -> bool:
        """It is bound to something else than on record."""
        return self.recorded is not None and self.recorded.bindings != self.bindings

    @property
    def gone(self) -> bool:
        """It was looked for and is not there any more."""
        return self.live is not None and self.live.missing

    @property
    def in_flight(self) -> bool:
        """A change of ours was cut short, or making it anew: what is there is that of before or of after."""
        arn = self.recorded.arn if self.recorded else None
        return any(intent.op not in BEGINNINGS or (arn and intent.arn == arn) for intent in self.intents)

    @property
    def remains(self) -> bool:
        """Something stays on record after this plan."""
        return self.recorded is not None and (self.action not in LEAVING or self.blocked is not None)

    def keep_record(self) -> None:
        """Plans the resource as it is on record."""
        recorded = self.recorded
        if recorded:
            self.name, self.arn = recorded.name, recorded.arn
            self.inputs, self.bindings = recorded.inputs, recorded.bindings
            self.tags, self.data = recorded.tags, recorded.data

    def block(self, reason: Reason, root: Address | None = None) -> None:
        """Refuses the change: what is on record stays."""
        self.blocked, self.root = reason, root or self.address
        self.recreated = self.void = False
        self.keep_record()
