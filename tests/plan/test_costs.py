"""What trainings will take, told from past ones."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pzdecl.kinds.address import Address
from pzdecl.views.plan_text import cost, summary
from tests.plan.projects import movies
from tests.plan.world import World, changes

VERSION = Address("SolutionVersion", "x")
NEW = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 64}}}


@pytest.fixture
def measured(settled: World) -> World:
    """The one training on record took half an hour for its 2,000 rows."""
    row = settled.state.rows[VERSION]
    settled.state.rows[VERSION] = replace(row, attributes={"trainingHours": 0.5})
    return settled


def test_the_last_training_tells(measured: World) -> None:
    plan = measured.plan(movies(**NEW))
    assert changes(plan)["SolutionVersion/x"].seconds == 1800
    assert summary(plan).endswith("Training takes about 30 min.")


def test_more_rows_take_longer(measured: World) -> None:
    row = measured.state.rows[VERSION]
    assert row.data is not None
    fewer = {address: {**content, "rows": 500} for address, content in row.data.items()}
    measured.state.rows[VERSION] = replace(row, data=fewer)
    assert changes(measured.plan(movies(**NEW)))["SolutionVersion/x"].seconds == 3600


def test_other_solutions_of_the_recipe_tell_of_a_new_one(measured: World) -> None:
    docs = movies()
    docs["Solution/y"] = {"spec": {"datasetGroup": "g", "recipe": "aws-hrnn"}}
    docs["Solution/z"] = {"spec": {"datasetGroup": "g", "recipe": "aws-sims"}}
    plan = measured.plan(docs)
    assert changes(plan)["SolutionVersion/y"].seconds == 1800
    assert changes(plan)["SolutionVersion/z"].seconds is None
    assert summary(plan).endswith("Training takes about 30 min for 1 of 2 trainings.")


def test_a_search_is_another_thing(measured: World) -> None:
    plan = measured.plan(movies(performHPO=True))
    assert changes(plan)["SolutionVersion/x"].seconds is None


def test_nothing_is_told_of_what_nobody_measured(world: World) -> None:
    plan = world.plan(movies())
    assert changes(plan)["SolutionVersion/x"].seconds is None
    assert "takes" not in summary(plan)


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.2, "about 1 s"), (7.4, "about 7 s"), (44, "about 44 s"), (700, "about 12 min")]
)
def test_a_guess_is_told_as_one(seconds: float, text: str) -> None:
    assert cost(seconds) == text
