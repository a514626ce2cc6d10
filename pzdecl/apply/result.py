"""How an apply ended."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from pzdecl.kinds.address import Address


class Outcome(StrEnum):
    """How a run ended. PARTIAL: something failed; RUNNING: the deadline passed."""

    DONE = "done"
    PARTIAL = "partial"
    RUNNING = "running"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class StepFailure:
    """A step that failed (`message` is the error) or was skipped (`because` is the address that failed)."""

    step: str
    address: Address
    op: str
    message: str
    because: Address | None = None
    held: bool = False
    """A gate refused it, and that is no failure of the run."""


@dataclass(frozen=True, slots=True)
class Run:
    """`counts` maps an action's name to how many of the plan's changes were carried out."""

    id: str
    outcome: Outcome
    counts: dict[str, int] = field(default_factory=dict)
    failed: tuple[StepFailure, ...] = ()
    skipped: tuple[StepFailure, ...] = ()
    running: tuple[Address, ...] = ()
    seconds: float = 0.0
