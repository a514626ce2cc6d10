"""Resources under another address, and resources that are let go."""

from __future__ import annotations

from typing import Any

import pytest

from pzdecl.errors import Position, PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Removal
from pzdecl.plan.model import Op
from pzdecl.state.model import Intent
from tests.plan.projects import movies
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

HERE = Position("moves.yaml", 3, 5)


def renamed() -> dict[str, dict[str, Any]]:
    """The dataset group, the FULL import and the solution have new names."""
    docs = movies()
    docs["DatasetGroup/films"] = docs.pop("DatasetGroup/g")
    docs["DatasetImport/first"] = docs.pop("DatasetImport/full")
    docs["Solution/y"] = docs.pop("Solution/x")
    for doc in docs.values():
        if doc["spec"].get("datasetGroup") == "g":
            doc["spec"]["datasetGroup"] = "films"
        if doc["spec"].get("solution") == "x":
            doc["spec"]["solution"] = "y"
    return docs


MOVES = {
    Address("DatasetGroup", "g"): Address("DatasetGroup", "films"),
    Address("DatasetImport", "full"): Address("DatasetImport", "first"),
    Address("Solution", "x"): Address("Solution", "y"),
    Address("SolutionVersion", "x"): Address("SolutionVersion", "y"),
}


def test_what_is_moved_is_left_as_it_is_and_called_otherwise(settled: World) -> None:
    settled.moved = MOVES
    before = {row.arn for row in settled.state.rows.values()}
    docs = renamed()
    plan = settled.plan(docs)
    assert actions(plan) == {}
    assert plan.has_changes
    assert {str(a): str(c.previous) for a, c in ((c.address, c) for c in plan.changes) if c.previous} == {
        "DatasetGroup/films": "DatasetGroup/g",
        "DatasetImport/first": "DatasetImport/full",
        "Solution/y": "Solution/x",
        "SolutionVersion/y": "SolutionVersion/x",
    }
    assert {step.op for step in plan.steps} <= {Op.MOVE, Op.RECORD}
    log = len(settled.service.log)
    settled.apply(docs, plan)
    assert len(settled.service.log) == log, "the service hears nothing of it"
    assert {row.arn for row in settled.state.rows.values()} == before
    again = settled.plan(docs)
    assert not again.has_changes
    assert again.steps == ()


def test_a_move_and_a_change_at_once(settled: World) -> None:
    settled.moved = MOVES
    docs = renamed()
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 5
    docs["Solution/y"]["spec"]["solutionConfig"] = {"algorithmHyperParameters": {"hidden_dimension": 64}}
    plan = settled.plan(docs)
    assert actions(plan) == {"Solution/y": "replace", "SolutionVersion/y": "train", "Campaign/c": "deploy"}
    first = [step.op for step in plan.steps[:4]]
    assert first == [Op.MOVE] * 4
    settled.settle(docs)


def test_a_move_that_was_cut_short_is_gone_on_with(settled: World) -> None:
    settled.moved = MOVES
    docs = renamed()
    arns = {row.arn for row in settled.state.rows.values()}
    for kill in range(12):
        try:
            settled.apply(docs, settled.plan(docs), kill=kill)
        except Killed:
            continue
    settled.settle(docs, resumed=True)
    assert {row.arn for row in settled.state.rows.values()} == arns


def test_moves_of_what_was_never_there_say_nothing(world: World) -> None:
    world.moved = MOVES
    world.settle(renamed())
    assert not world.plan(renamed()).has_changes


def test_what_is_unfinished_is_not_moved(settled: World) -> None:
    settled.moved = MOVES
    begun = Intent(Address("Solution", "x"), "create:Solution/x:n", "create", "n", None, "run")
    settled.state.open[begun.step] = begun
    with pytest.raises(PzdeclError, match="Solution/x can't be moved"):
        settled.plan(renamed())


@pytest.mark.parametrize("destroy", [False, True])
def test_what_is_removed_is_forgotten_or_deleted(destroy: bool, settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["lifecycle"] = {"on_delete": "retain"}
    settled.settle(docs)
    del docs["Campaign/c"]
    settled.removed = {Address("Campaign", "c"): Removal(destroy, HERE)}
    plan = settled.plan(docs)
    assert actions(plan) == {"Campaign/c": "delete" if destroy else "forget"}
    if not destroy:
        [reason] = changes(plan)["Campaign/c"].reasons
        assert "removed: says to leave it" in reason.text
        assert reason.position == HERE
    settled.apply(docs, plan)
    assert not settled.plan(docs).has_changes
    assert any("campaign/" in arn for arn in settled.service.resources) is not destroy


def test_what_a_moved_group_left_stays_while_a_former_solution_in_it_serves() -> None:
    """The former solution, which a campaign goes on with, needs the former group under its new address, too."""
    world = World()

    def docs(group: str, domain: str | None) -> dict[str, dict[str, Any]]:
        keeps = {"ignore_changes": ["solution*"]}
        return {
            f"DatasetGroup/{group}": {"spec": {"domain": domain} if domain else {}},
            "Solution/x": {"spec": {"datasetGroup": group, "recipe": "aws-hrnn"}},
            "Campaign/c": {"spec": {"solution": "x"}, "lifecycle": keeps if domain else {}},
        }

    world.settle(docs("g", None))
    world.settle(docs("g", "ECOMMERCE"))
    assert {one.name for one in world.state.left} == {"g", "x"}
    world.moved = {Address("DatasetGroup", "g"): Address("DatasetGroup", "films")}
    world.settle(docs("films", "ECOMMERCE"))
    assert {one.name for one in world.state.left} == {"g", "x"}
    former = next(one for one in world.state.left if one.name == "x")
    assert former.dependencies == (Address("DatasetGroup", "films"),)
