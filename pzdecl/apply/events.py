"""What an apply tells while it runs. Views render these; `Listener` is any callable that takes one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from pzdecl.engine.progress import Progress
from pzdecl.kinds.address import Address


class EventType(StrEnum):
    """What happened, in Terraform's words where it has one."""

    RUN_START = "run_start"
    STEP_START = "apply_start"
    STEP_PROGRESS = "apply_progress"
    STEP_COMPLETE = "apply_complete"
    STEP_ERRORED = "apply_errored"
    STEP_SKIPPED = "apply_skipped"
    RUN_COMPLETE = "run_complete"


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, after it was written to disk.

    `op` is the step's (create, train, ...), `elapsed` in seconds, `message` the error or why it was skipped,
    `done` of `total` steps. `status` is the service's for progress, the outcome for RUN_COMPLETE.
    """

    type: EventType
    address: Address | None = None
    op: str | None = None
    step: str | None = None
    arn: str | None = None
    elapsed: float = 0.0
    status: str | None = None
    progress: Progress | None = None
    message: str | None = None
    done: int = 0
    total: int = 0


Listener = Callable[[Event], None]
