"""What a run has come to so far, and telling it to the listener."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from pzdecl.apply.events import Event, EventType, Listener
from pzdecl.apply.requests import Answer, Job
from pzdecl.apply.result import StepFailure
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Op, Plan, Step

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Report:
    """Collects endings. Events wait in a queue until `flush`: nothing is told before it is on disk."""

    plan: Plan
    listener: Listener
    done: set[str]
    failed: list[StepFailure] = field(default_factory=list)
    skipped: list[StepFailure] = field(default_factory=list)
    broken: Exception | None = None
    """What a listener raised. It is told nothing more, and the run stops softly."""
    _events: list[Event] = field(default_factory=list)
    _started: float = field(default_factory=time.monotonic)

    @property
    def seconds(self) -> float:
        """Since the run began."""
        return time.monotonic() - self._started

    def run(self, kind: EventType, status: str | None = None) -> None:
        """The run starts or ends."""
        self._add(Event(kind, status=status, elapsed=self.seconds))

    def begun(self, job: Job) -> None:
        """The step's intent is on disk, its request goes out."""
        self._step(EventType.STEP_START, job.step, arn=job.arn)

    def moved(self, job: Job, answer: Answer, now: float) -> None:
        """The step still waits."""
        job.told = now
        self._add(
            Event(
                EventType.STEP_PROGRESS,
                address=job.step.address,
                op=job.step.op.value,
                step=job.step.id,
                arn=answer.arn,
                elapsed=now - job.began,
                status=answer.text,
                progress=answer.progress,
            )
        )

    def completed(self, step: Step, arn: str | None, elapsed: float) -> None:
        """The step is done."""
        self.done.add(step.id)
        self._step(EventType.STEP_COMPLETE, step, arn=arn, elapsed=elapsed)

    def errored(self, step: Step, message: str, elapsed: float, *, held: bool = False) -> None:
        """The step failed, or a gate held it back."""
        self.failed.append(StepFailure(step.id, step.address, step.op.value, message, held=held))
        self._step(EventType.STEP_ERRORED, step, elapsed=elapsed, message=message)

    def left_out(self, steps: Iterable[Step], because: Address) -> None:
        """Steps that are not run since what they depend on failed."""
        for step in steps:
            message = f"not run, because {because} failed"
            self.skipped.append(StepFailure(step.id, step.address, step.op.value, message, because))
            self._step(EventType.STEP_SKIPPED, step, message=message)

    def counts(self) -> dict[str, int]:
        """How many changes of each action were carried out, all their steps; and how many moves."""
        counts: dict[str, int] = {}
        if moves := sum(step.op is Op.MOVE and step.id in self.done for step in self.plan.steps):
            counts[Op.MOVE.value] = moves
        for change in self.plan.changes:
            if change.action is Action.NO_OP or change.blocked or not change.steps:
                continue
            if self.done.issuperset(change.steps):
                counts[change.action.value] = counts.get(change.action.value, 0) + 1
        return dict(sorted(counts.items()))

    def flush(self) -> None:
        """Tells the listener all that has happened since the last time."""
        events, self._events = self._events, []
        for event in events:
            if self.broken is not None:
                return
            try:
                self.listener(event)
            except Exception as error:
                _log.debug("the listener failed", exc_info=True)
                self.broken = error

    def _step(
        self,
        kind: EventType,
        step: Step,
        arn: str | None = None,
        elapsed: float = 0.0,
        message: str | None = None,
    ) -> None:
        self._add(
            Event(
                kind,
                address=step.address,
                op=step.op.value,
                step=step.id,
                arn=arn,
                elapsed=elapsed,
                message=message,
                done=len(self.done),
                total=len(self.plan.steps),
            )
        )

    def _add(self, event: Event) -> None:
        self._events.append(event)
