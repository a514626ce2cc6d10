"""Which steps run, over random graphs with random failures."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzdecl.apply import Outcome
from pzdecl.apply.graph import ReadyQueue
from pzdecl.engine.errors import InvalidInputException
from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op, Step
from tests.apply.plans import Bench, make
from tests.apply.service import FakeService
from tests.counting import calls


@st.composite
def graphs(draw: st.DrawFn) -> dict[int, list[int]]:
    """Each node needs some of those before it."""
    size = draw(st.integers(1, 25))
    return {
        node: draw(st.lists(st.integers(0, node - 1), unique=True, max_size=4)) if node else []
        for node in range(size)
    }


def descendants(graph: Mapping[int, list[int]], roots: set[int]) -> set[int]:
    found: set[int] = set()
    for node, needs in graph.items():
        if found & set(needs) or roots & set(needs):
            found.add(node)
    return found


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(graph=graphs(), data=st.data())
def test_all_but_the_descendants_of_failures_run(bench: Bench, graph: dict[int, list[int]], data: Any) -> None:
    failing = data.draw(st.sets(st.sampled_from(sorted(graph)), max_size=3))
    skipped = descendants(graph, failing)
    bench.service = FakeService(looks=data.draw(st.integers(0, 1)))
    names = {f"s{node}": node for node in failing}

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if params.get("name") in names:
            raise InvalidInputException("no")

    bench.service.refuse = refuse
    steps = [make(f"Solution/s{n}", [f"create Solution/s{m}" for m in needs]) for n, needs in graph.items()]
    # Each example begins with an empty state.
    bench.apply(bench.plan(*_forget_all(bench)))
    ended = bench.run(*steps, parallelism=data.draw(st.integers(1, 4)))
    made = {int(name[1:]) for name in bench.service.made}
    assert made == set(graph) - failing - skipped
    assert {int(f.address.name[1:]) for f in ended.failed} == failing - skipped
    assert {int(s.address.name[1:]) for s in ended.skipped} == skipped | (failing & skipped)
    assert all(s.because in {f.address for f in ended.failed} for s in ended.skipped)
    assert (ended.outcome is Outcome.DONE) == (not failing)
    order = [int(name[1:]) for verb, name in bench.service.order]
    for node in order:
        assert all(order.index(need) < order.index(node) for need in graph[node])
    assert len(bench.state.arns()) == len(made)


def test_the_plan_order_decides_among_ready_steps() -> None:
    steps = [_step("b"), _step("a"), _step("c", "a"), _step("d")]
    queue = ReadyQueue(steps)
    assert [queue.pop().id, queue.pop().id] == ["b", "a"]
    queue.finish(steps[1])
    assert [queue.pop().id, queue.pop().id] == ["c", "d"]
    assert not queue


def test_done_steps_do_not_run_again() -> None:
    queue = ReadyQueue([_step("a"), _step("b", "a"), _step("c", "b")], done={"a"})
    assert queue.pop().id == "b"
    assert not queue


@pytest.mark.parametrize(
    ("steps", "what"),
    [
        ([("a", "b"), ("b", "c"), ("c", "a")], "needs itself"),
        ([("a", "a")], "needs itself"),
        ([("a", "x")], "needs x, which is not a step"),
        ([("a",), ("a",)], "occurs twice"),
    ],
)
def test_what_is_no_plan(steps: list[tuple[str, ...]], what: str) -> None:
    with pytest.raises(PzdeclError, match=what):
        ReadyQueue([_step(*step) for step in steps])


@pytest.mark.parametrize("shape", ["wide", "deep"])
def test_large_graphs_take_linear_time(shape: str) -> None:
    few, many = calls(partial(_go_through, shape, 500)), calls(partial(_go_through, shape, 5000))
    assert few > 500
    assert many / few < 11


def _go_through(shape: str, count: int) -> None:
    steps = [_step("0"), *(_step(str(n), "0" if shape == "wide" else str(n - 1)) for n in range(1, count))]
    queue = ReadyQueue(steps)
    done = 0
    while queue:
        queue.finish(queue.pop())
        done += 1
    assert done == count


def _step(name: str, *needs: str) -> Step:
    return Step(name, Op.CREATE, Address("Schema", name), "create_schema", {}, needs)


def _forget_all(bench: Bench) -> list[Step]:
    return [
        Step(f"forget {address}", Op.FORGET, address, None, {}, arn=arn)
        for address, arn in bench.state.arns().items()
    ]
