"""Orders of things that need each other, and a plan as a graph."""

from __future__ import annotations

import sys
from subprocess import run

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.errors import PzdeclError
from pzdecl.plan.graph import graph
from pzdecl.plan.order import ordered
from tests.plan.projects import movies, project
from tests.plan.world import World


@given(st.dictionaries(st.integers(0, 20), st.sets(st.integers(0, 20), max_size=4), max_size=20))
def test_everything_comes_after_what_it_needs(wishes: dict[int, set[int]]) -> None:
    needs = {key: {other for other in others if other < key} for key, others in wishes.items()}
    done = ordered(needs)
    assert sorted(done) == sorted(needs)
    place = {key: number for number, key in enumerate(done)}
    assert all(place[other] < place[key] for key, others in needs.items() for other in others if other in place)


@given(st.dictionaries(st.integers(0, 20), st.sets(st.integers(0, 20), max_size=4), max_size=20))
def test_the_order_is_that_of_networkx(wishes: dict[int, set[int]]) -> None:
    needs = {
        key: {other for other in others if other < key and other in wishes} for key, others in wishes.items()
    }
    made = networkx.DiGraph()
    made.add_nodes_from(needs)
    made.add_edges_from((other, key) for key, others in needs.items() for other in others)
    assert ordered(needs) == list(networkx.lexicographical_topological_sort(made))


def test_what_is_free_comes_in_order() -> None:
    assert ordered({"c": (), "a": ("c",), "b": ()}) == ["b", "c", "a"]


def test_a_cycle_is_shown() -> None:
    with pytest.raises(PzdeclError, match=r"a → b → a|b → a → b"):
        ordered({"a": ("b",), "b": ("a",), "c": ("a",)})


def test_a_plan_is_a_graph(settled: World) -> None:
    plan = settled.plan(movies(recipe="aws-sims"))
    made = graph(project(movies(recipe="aws-sims")), plan)
    assert made.nodes["Solution/x"] == {"kind": "Solution", "name": "x", "action": "replace", "blocked": False}
    assert made.has_edge("Solution/x", "SolutionVersion/x")
    assert made.nodes["Campaign/c"]["action"] == "deploy"
    assert graph(project(movies())).nodes["Campaign/c"]["action"] == "no-op"


def test_planning_loads_no_library_that_is_slow_to_load() -> None:
    code = (
        "import sys; from tests.plan.projects import movies; from tests.plan.world import World; w = World();"
        "w.settle(movies()); w.plan(movies(recipe='aws-sims'));"
        "print(*({'networkx', 'deepdiff', 'torch', 'numpy', 'boto3'} & sys.modules.keys()))"
    )
    done = run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
