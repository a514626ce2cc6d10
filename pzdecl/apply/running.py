"""`run`: one plan, under the state's lock, written into history."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from pzdecl.apply.coordinator import Coordinator
from pzdecl.apply.events import EventType, Listener
from pzdecl.apply.pace import Pace
from pzdecl.apply.placeholders import Placeholders
from pzdecl.apply.report import Report
from pzdecl.apply.result import Outcome, Run
from pzdecl.apply.signals import watched
from pzdecl.apply.staleness import done_before
from pzdecl.apply.sweeping import sweep
from pzdecl.kinds.address import Address
from pzdecl.plan.file import digest
from pzdecl.plan.model import BEGINNINGS, Plan
from pzdecl.providers.client import Client
from pzdecl.state import State


def run(
    plan: Plan,
    *,
    state: State,
    client: Client,
    root: Path,
    resolve_sensitive: Callable[[Address, str], Any],
    listener: Listener,
    command: str,
    parallelism: int = 10,
    deadline: float | None = None,
    lock_timeout: float = 0.0,
    pace: Pace | None = None,
) -> Run:
    """Carries out the steps of `plan`, tells how that ended. Failed steps don't raise: they are in the `Run`.

    `deadline` is seconds from now: then nothing more is started or waited for, and the outcome is RUNNING.
    SIGINT or SIGTERM does the same with the outcome INTERRUPTED, and a second one doesn't even wait for
    requests that are under way. Whatever was begun is in the journal, and the next run goes on with it.

    The lock is taken unless the caller holds it (`state.lock`) already; `lock_timeout` is how long to wait.
    The listener is called from this thread, for things that are on disk already.

    A plan without steps does nothing, but for forgetting what a killed run began and nothing came of.

    Raises StateLocked, StalePlan (nothing was changed), and what is wrong with the state file.
    """
    with state.lock(command=command, timeout=lock_timeout):
        identity = digest(plan)
        report = Report(plan, listener, set(done_before(plan, state, identity)))
        if not plan.steps and not any(intent.op in BEGINNINGS for intent in state.intents()):
            return Run(id="", outcome=Outcome.DONE)
        started = state.begin_run(command=command, plan=identity)
        outcome = "error"
        try:
            coordinator = Coordinator(
                plan,
                started,
                state=state,
                client=client,
                placeholders=Placeholders(state.arns(), root, resolve_sensitive),
                report=report,
                parallelism=max(1, parallelism),
                deadline=deadline,
                pace=pace or Pace(),
            )
            report.run(EventType.RUN_START)
            with watched(coordinator.stop):
                coordinator.work()
                if coordinator.stopped is None:
                    sweep(started, state, client)
            outcome = _outcome(coordinator, report)
        finally:
            state.end_run(started, outcome=outcome, counts=report.counts())
        report.run(EventType.RUN_COMPLETE, outcome)
        report.flush()
    if report.broken is not None:
        raise report.broken
    return Run(
        id=started,
        outcome=Outcome(outcome),
        counts=report.counts(),
        failed=tuple(report.failed),
        skipped=tuple(report.skipped),
        running=tuple(coordinator.unfinished()),
        seconds=report.seconds,
    )


def _outcome(coordinator: Coordinator, report: Report) -> Outcome:
    """A failure outweighs the deadline: running the same again wouldn't mend it."""
    complete = len(report.done) + len(report.failed) + len(report.skipped) == len(report.plan.steps)
    if coordinator.stopped is Outcome.INTERRUPTED and not complete:
        return Outcome.INTERRUPTED
    if report.failed:
        return Outcome.PARTIAL
    return Outcome.DONE if complete else Outcome.RUNNING
