"""Planning takes time in proportion to the number of resources."""

from __future__ import annotations

from threading import Lock
from time import sleep

from pzdecl.plan import PlanOptions, make
from pzdecl.plan.refresh import each
from tests.counting import calls
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


def test_slow_reads_are_made_side_by_side_and_stay_in_order() -> None:
    """One by one as long as a single one of four is quick: that is no network."""
    under_way, most, lock = 0, 0, Lock()

    def read(value: int, seconds: float) -> int:
        nonlocal under_way, most
        with lock:
            under_way += 1
            most = max(most, under_way)
        sleep(seconds)
        with lock:
            under_way -= 1
        return value * value

    squares = [value * value for value in range(60)]
    assert each(lambda value: read(value, 0.0 if value % 4 == 3 else 0.006), list(range(60))) == squares
    assert most == 1
    assert each(lambda value: read(value, 0.02), list(range(60))) == squares
    assert most > 1
