"""The project's own policies."""

from __future__ import annotations

import pytest

from pzdecl.errors import Position
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Policies
from pzdecl.plan.model import Plan
from tests.plan.projects import movies
from tests.plan.world import World, actions

HERE = Position("pzdecl.yaml", 5, 3)


def blocked(plan: Plan) -> dict[str, str]:
    return {str(change.address): change.blocked.text for change in plan.blocked if change.blocked}


def test_nothing_is_deleted_without_its_name(settled: World) -> None:
    settled.policies = Policies(named_deletions=True, places={"namedDeletions": HERE})
    docs = movies()
    del docs["Campaign/c"]
    plan = settled.plan(docs, allow=frozenset())
    assert "--allow-destroy Campaign/c" in blocked(plan)["Campaign/c"]
    assert plan.blocked[0].blocked is not None
    assert plan.blocked[0].blocked.position == HERE
    named = settled.plan(docs, allow=frozenset({Address("Campaign", "c")}))
    assert actions(named) == {"Campaign/c": "delete"}
    assert blocked(settled.plan(docs, allow=frozenset(), destroy=True)) == {}


def test_what_a_replacement_leaves_needs_no_name(settled: World) -> None:
    settled.policies = Policies(named_deletions=True)
    docs = movies(solutionConfig={"algorithmHyperParameters": {"hidden_dimension": 64}})
    settled.settle(docs, allow=frozenset())


def test_recipes_that_are_allowed(world: World) -> None:
    world.policies = Policies(allowed_recipes=("aws-sims",))
    docs = movies()
    plan = world.plan(docs)
    assert "aws-hrnn is not one of aws-sims" in blocked(plan)["Solution/x"]
    assert "waits for Solution/x" in blocked(plan)["SolutionVersion/x"]
    assert "Dataset/d" in actions(plan)
    world.policies = Policies(allowed_recipes=("aws-hrnn",))
    assert blocked(world.plan(docs)) == {}


def test_automl_needs_all_that_it_may_choose(world: World) -> None:
    world.policies = Policies(allowed_recipes=("aws-hrnn",))
    docs = movies()
    spec = docs["Solution/x"]["spec"]
    del spec["recipe"]
    spec["performAutoML"] = True
    assert "aws-hrnn-metadata" in blocked(world.plan(docs))["Solution/x"]
    spec["solutionConfig"] = {"autoMLConfig": {"recipeList": ["aws-hrnn"]}}
    assert blocked(world.plan(docs)) == {}


def test_the_most_that_a_campaign_may_provision(settled: World) -> None:
    settled.policies = Policies(maximum_tps=2)
    docs = movies()
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 3
    assert "minProvisionedTPS is 3, and 2" in blocked(settled.plan(docs))["Campaign/c"]
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 2
    settled.settle(docs)


def test_tags_that_everything_must_have(world: World) -> None:
    world.policies = Policies(required_tags=("team",))
    docs = movies()
    found = blocked(world.plan(docs))
    assert "it has no tag team" in found["EventTracker/t"]
    assert "Schema/s" not in found, "a schema can have no tags"
    assert "DatasetGroup/g" not in found
    for address, doc in docs.items():
        if not address.startswith("Schema/"):
            doc["tags"] = {"team": "x"}
    assert blocked(world.plan(docs)) == {}


def test_what_stays_as_it_is_breaks_no_policy(settled: World) -> None:
    settled.policies = Policies(True, ("aws-sims",), 1, ("nobody",))
    plan = settled.plan(movies())
    assert not plan.blocked
    assert not plan.has_changes


@pytest.mark.parametrize("policies", [Policies(allowed_recipes=()), Policies(required_tags=("a", "b"))])
def test_a_policy_that_nothing_meets_blocks_and_harms_nothing(policies: Policies, settled: World) -> None:
    settled.policies = policies
    docs = movies(solutionConfig={"algorithmHyperParameters": {"hidden_dimension": 64}})
    before = dict(settled.state.rows)
    settled.apply(docs, settled.plan(docs))
    assert {a: r.arn for a, r in settled.state.rows.items()} == {a: r.arn for a, r in before.items()}
