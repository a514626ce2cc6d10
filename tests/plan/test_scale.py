"""Planning takes time in proportion to the number of resources."""

from __future__ import annotations

from threading import Barrier, get_ident

import pytest

from pzdecl.plan import PlanOptions, make
from pzdecl.plan.refresh import each
from tests.counting import calls
from tests.plan.projects import project
from tests.plan.service import FakeService
from tests.plan.simulator import FakeState
from tests.plan.world import World
from tests.waiting import PATIENCE


def chains(count: int) -> dict[str, dict[str, object]]:
    """Groups of nine resources and one EventTracker that waits for the solutions."""
    docs: dict[str, dict[str, object]] = {}
    for number in range(count):
        docs[f"DatasetGroup/g{number}"] = {"spec": {}}
        for other in range(4):
            docs[f"Solution/x{number}-{other}"] = {"spec": {"datasetGroup": f"g{number}", "recipe": "aws-hrnn"}}
        solutions = [f"Solution/x{number}-{other}" for other in range(4)]
        docs[f"EventTracker/t{number}"] = {"spec": {"datasetGroup": f"g{number}"}, "dependsOn": solutions}
    return docs


def planned(count: int) -> int:
    """How many calls a plan of so many groups takes."""
    wanted = project(chains(count))
    make(project(chains(1)), FakeState(), FakeService(), PlanOptions())
    return calls(lambda: make(wanted, FakeState(), FakeService(), PlanOptions()))


def test_three_times_as_many_take_about_three_times_as_long() -> None:
    assert planned(60) / planned(20) < 3.3


def test_a_plan_of_nothing_reads_two_things_a_resource(world: World) -> None:
    docs = chains(5)
    world.settle(docs)
    reads = world.service.reads
    assert world.plan(docs).steps == ()
    assert world.service.reads - reads == 2 * 50


class Reads:
    """Squares numbers; a clock of its own says how long each took, so that a busy machine changes nothing."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        self.threads: list[int] = []
        monkeypatch.setattr("pzdecl.plan.refresh.perf_counter", lambda: self.now)

    def __call__(self, value: int, seconds: float) -> int:
        self.now += seconds
        self.threads.append(get_ident())
        return value * value


def test_reads_are_made_one_by_one_while_one_of_four_is_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no network: something else held the slow ones up."""
    reads, values = Reads(monkeypatch), list(range(60))
    squares = each(lambda value: reads(value, 0.0 if value % 4 == 3 else 0.006), values)
    assert squares == [value * value for value in values]
    assert set(reads.threads) == {get_ident()}


def test_slow_reads_are_made_side_by_side_and_stay_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    reads, values = Reads(monkeypatch), list(range(60))
    assert each(lambda value: reads(value, 0.006), values) == [value * value for value in values]
    assert reads.threads.count(get_ident()) == 4


def test_reads_side_by_side_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """Four threads meet: they would never do so one by one."""
    reads, meeting = Reads(monkeypatch), Barrier(4)

    def read(value: int) -> int:
        if value >= 4:
            meeting.wait(timeout=PATIENCE)
        return reads(value, 0.006)

    assert each(read, list(range(12))) == [value * value for value in range(12)]
