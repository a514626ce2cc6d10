"""Signals and deadlines: what was begun is gone on with, nothing is made twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import Any

import pytest

from pzdecl.apply import Event, EventType, Outcome, coordinator
from pzdecl.apply.coordinator import Coordinator
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op
from tests.apply.plans import Bench, make
from tests.waiting import PATIENCE

CHAIN = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(30)]
TRAIN = make("SolutionVersion/x", op=Op.TRAIN, name="v-1")
FOREVER = 10**9


class Clock:
    """The coordinator's: an hour goes by when a test says so, however long its machine takes for anything."""

    HOUR = 3600.0

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.later = 0.0
        monkeypatch.setattr(coordinator, "time", self)

    def monotonic(self) -> float:
        return time.monotonic() + self.later


def test_a_deadline_leaves_what_is_busy_to_the_next_run(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.service.looks = FOREVER
    clock = Clock(monkeypatch)

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "describe_solution_version":  # it is waited for
            clock.later = Clock.HOUR

    bench.service.refuse = refuse
    ended = bench.run(TRAIN, make("Campaign/c", [TRAIN.id]), deadline=Clock.HOUR)
    assert ended.outcome is Outcome.RUNNING
    assert ended.running == (Address("SolutionVersion", "x"),)
    assert ended.failed == ended.skipped == ()
    assert bench.state.runs()[0].outcome == "running"
    (intent,) = bench.state.intents()
    assert intent.arn == bench.service.named("v-1").arn
    bench.service.named("v-1").looks = bench.service.looks = 0
    assert bench.run(TRAIN, make("Campaign/c", [TRAIN.id])).outcome is Outcome.DONE
    assert bench.service.made == {"v-1": 1, "c": 1}


def test_a_deadline_that_has_passed_starts_nothing_it_need_not(bench: Bench) -> None:
    ended = bench.run(*CHAIN, deadline=0.0)
    assert ended.outcome is Outcome.RUNNING
    assert len(bench.service.made) <= 1


def test_a_deadline_far_away_changes_nothing(bench: Bench) -> None:
    assert bench.run(*CHAIN[:3], deadline=60.0).outcome is Outcome.DONE


def test_a_failure_outweighs_the_deadline(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.service.doomed.add("bad")
    bench.service.looks = 0
    slow = make("SolutionVersion/x", op=Op.TRAIN)
    clock = Clock(monkeypatch)

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "create_solution_version":
            bench.service.looks = FOREVER
        if operation == "describe_solution_version" and bench.told("apply_errored"):
            clock.later = Clock.HOUR

    bench.service.refuse = refuse
    ended = bench.run(make("DatasetGroup/bad"), slow, deadline=Clock.HOUR, parallelism=1)
    assert ended.outcome is Outcome.PARTIAL
    assert ended.running == (Address("SolutionVersion", "x"),)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_one_signal_finishes_what_is_under_way(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
) -> None:
    """The request that is out when the signal comes is answered and written down."""
    before, noticed = signal.getsignal(number), _noticed(monkeypatch)

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if params.get("name") == "s3":
            os.kill(os.getpid(), number)
            assert noticed.wait(PATIENCE)

    bench.service.refuse = refuse
    ended = bench.run(*CHAIN)
    assert ended.outcome is Outcome.INTERRUPTED
    assert bench.managed() == bench.service.live()
    assert "s3" in bench.service.made
    assert len(bench.service.made) <= 5
    assert bench.state.intents() == []
    assert bench.state.runs()[0].outcome == "interrupted"
    assert signal.getsignal(number) == before
    bench.service.refuse = lambda operation, params: None
    rest = [step for step in CHAIN if step.address not in bench.state.arns()]
    assert bench.run(*_without_needs(rest)).outcome is Outcome.DONE
    assert set(bench.service.made.values()) == {1}


def test_a_signal_leaves_waits_resumable(bench: Bench) -> None:
    bench.service.looks = FOREVER
    _when(bench, EventType.STEP_PROGRESS, lambda: os.kill(os.getpid(), signal.SIGINT))
    ended = bench.run(TRAIN, listener=_heard(bench))
    assert ended.outcome is Outcome.INTERRUPTED
    assert ended.running == (Address("SolutionVersion", "x"),)
    bench.service.named("v-1").looks = 1
    assert bench.run(TRAIN).outcome is Outcome.DONE
    assert bench.service.made == {"v-1": 1}


def test_two_signals_wait_for_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    hang, noticed = threading.Event(), _noticed(monkeypatch)
    answered: list[str] = []

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if params.get("name") == "s1":
            os.kill(os.getpid(), signal.SIGINT)
            noticed.wait(PATIENCE)
            os.kill(os.getpid(), signal.SIGINT)
            hang.wait(PATIENCE)
            answered.append(operation)

    bench.service.refuse = refuse
    ended = bench.run(*CHAIN)
    assert answered == [], "the request is still under way"
    assert ended.outcome is Outcome.INTERRUPTED
    assert [intent.name for intent in bench.state.intents()] == ["s1"]
    assert bench.state.lock_info() is None
    hang.set()


def test_in_another_thread_there_are_no_handlers(bench: Bench) -> None:
    """And everything else works there."""
    before = signal.getsignal(signal.SIGINT)
    outcomes: list[Outcome] = []

    def run() -> None:
        other = Bench(bench.folder / "other")
        outcomes.append(other.run(*CHAIN[:2]).outcome)
        other.state.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert outcomes == [Outcome.DONE]
    assert signal.getsignal(signal.SIGINT) == before


def _noticed(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Set when the first signal has reached the run."""
    noticed, stop = threading.Event(), Coordinator.stop

    def noted(self: Coordinator) -> None:
        stop(self)
        noticed.set()

    monkeypatch.setattr(Coordinator, "stop", noted)
    return noticed


def _without_needs(steps: list[Any]) -> list[Any]:
    ids = {step.id for step in steps}
    return [make(str(step.address), [need for need in step.needs if need in ids]) for step in steps]


def _when(bench: Bench, kind: EventType, do: Any) -> None:
    bench.secrets["when", ""] = (kind, do)


def _heard(bench: Bench) -> Any:
    def listener(event: Event) -> None:
        kind, do = bench.secrets["when", ""]
        if event.type is kind:
            do()

    return listener
