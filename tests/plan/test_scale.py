"""Planning takes time in proportion to the number of resources."""

from __future__ import annotations

from time import perf_counter

import pytest

from pzdecl.plan import PlanOptions, make
from pzdecl.plan.refresh import _each
from tests.plan.projects import project
from tests.plan.service import FakeService
from tests.plan.simulator import FakeState
from tests.plan.world import World


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


def seconds(count: int) -> float:
    wanted = project(chains(count))
    best = 9.0
    for _ in range(3):
        started = perf_counter()
        plan = make(wanted, FakeState(), FakeService(), PlanOptions())
        best = min(best, perf_counter() - started)
    assert len(plan.steps) == 10 * count
    return best


@pytest.mark.slow
def test_three_times_as_many_take_about_three_times_as_long() -> None:
    assert seconds(120) / seconds(40) < 6


def test_a_plan_of_nothing_reads_two_things_a_resource(world: World) -> None:
    docs = chains(5)
    world.settle(docs)
    reads = world.service.reads
    assert world.plan(docs).steps == ()
    assert world.service.reads - reads == 2 * 50


def test_slow_reads_are_made_side_by_side_and_stay_in_order() -> None:
    from time import sleep

    def slow(value: int) -> int:
        sleep(0.02)
        return value * value

    started = perf_counter()
    assert _each(slow, list(range(60))) == [value * value for value in range(60)]
    assert perf_counter() - started < 0.9
