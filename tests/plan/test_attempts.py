"""Failed and unfinished attempts: gone on with, deleted first, or deleted because nobody wants them."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op, ReasonCode
from pzdecl.state.model import Failure, Intent
from tests.plan.projects import movies
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

SOLUTION, VERSION = Address("Solution", "x"), Address("SolutionVersion", "x")


def fail(world: World, address: Address, op: Op, name: str, arn: str) -> None:
    """The service ended it in failure, and the apply wrote that down."""
    world.service.resources[arn]["status"] = "CREATE FAILED"
    world.state.failed.setdefault(address, []).append(Failure(address, op, name, arn, "no data"))


def test_a_failed_creation_is_deleted_before_it_is_made_again(world: World) -> None:
    docs = {key: doc for key, doc in movies().items() if key != "Campaign/c"}
    world.service.call("create_dataset_group", name="g")
    arn = world.service.arn("dataset-group/g")
    fail(world, Address("DatasetGroup", "g"), Op.CREATE, "g", arn)
    plan = world.plan(docs, allow=False)
    change = changes(plan)["DatasetGroup/g"]
    assert change.reasons[0].code is ReasonCode.FAILED_BEFORE
    assert "no data" in change.reasons[0].text
    made = next(step for step in plan.steps if step.id.startswith("create:DatasetGroup/g"))
    assert made.needs == ("delete:DatasetGroup/g:g",)
    assert next(step for step in plan.steps if step.id == made.needs[0]).deposed
    world.apply(docs, plan)
    assert world.service.resources[arn]["status"] == "ACTIVE"
    assert world.state.failed == {}


def test_a_failed_training_is_tried_again_under_another_name(settled: World) -> None:
    docs = movies(recipe="aws-sims")
    first = settled.plan(docs)
    name = changes(first)["SolutionVersion/x"].name
    with pytest.raises(Killed):
        settled.apply(docs, first, kill=6)
    solution = settled.state.rows[SOLUTION].arn
    arn = f"{solution}/failed"
    settled.service.resources[arn] = {"_kind": "SolutionVersion", "solutionArn": solution, "name": name}
    fail(settled, VERSION, Op.TRAIN, str(name), arn)
    again = settled.plan(docs)
    assert changes(again)["SolutionVersion/x"].name != name
    codes = [reason.code for reason in changes(again)["SolutionVersion/x"].reasons]
    assert ReasonCode.FAILED_BEFORE in codes
    settled.settle(docs, resumed=True)


@pytest.mark.parametrize("kill", range(12))
def test_a_replacement_that_is_not_wanted_any_more_is_deleted(settled: World, kill: int) -> None:
    docs = movies(recipe="aws-sims")
    with pytest.raises(Killed):
        settled.apply(docs, settled.plan(docs), kill)
    settled.settle(movies(), resumed=True)
    live = [one["name"] for one in settled.service.resources.values() if one["_kind"] == "Solution"]
    assert live == [settled.state.rows[SOLUTION].name]


def test_what_was_begun_with_other_inputs_is_not_taken_for_what_is_wanted(world: World) -> None:
    first = movies()
    step = next(step for step in world.plan(first).steps if step.address == SOLUTION)
    group = world.service.call("create_dataset_group", name="g")["datasetGroupArn"]
    world.service.call("create_solution", name="x", datasetGroupArn=group, recipeArn="aws-hrnn")
    world.state.open = {
        step.id: Intent(SOLUTION, step.id, Op.CREATE, "x", step.arn, "1"),
        "g": Intent(Address("DatasetGroup", "g"), "g", Op.CREATE, "g", group, "1"),
    }
    same = next(one for one in world.plan(first).steps if one.id.startswith("create:Solution/x"))
    assert same.id == step.id
    changed = movies(recipe="aws-sims")
    plan = world.plan(changed)
    made = next(one for one in plan.steps if one.id.startswith("create:Solution/x"))
    assert made.id != step.id
    assert "delete:Solution/x:x" in made.needs
    world.settle(changed, resumed=True)
    assert world.service.resources[world.service.arn("solution/x")]["recipeArn"].endswith("aws-sims")


def test_what_was_begun_and_is_not_declared_any_more_is_deleted(world: World) -> None:
    world.service.call("create_dataset_group", name="g")
    arn = world.service.arn("dataset-group/g")
    tracker = world.service.call("create_event_tracker", name="t", datasetGroupArn=arn)["eventTrackerArn"]
    group = Address("DatasetGroup", "g")
    world.state.open = {
        "a": Intent(group, "a", Op.CREATE, "g", arn, "1"),
        "b": Intent(Address("EventTracker", "t"), "b", Op.CREATE, "t", None, "1"),
    }
    plan = world.plan({})
    assert actions(plan) == {"DatasetGroup/g (g)": "delete", "EventTracker/t (t)": "delete"}
    assert [step.arn for step in plan.steps] == [tracker, arn]
    world.apply({}, plan)
    assert world.service.resources == {}
    assert not world.plan({}).has_changes


def test_a_broken_resource_on_record_is_made_again_in_place(settled: World) -> None:
    arn = settled.service.arn("campaign/c")
    settled.service.resources[arn] |= {"status": "CREATE FAILED", "failureReason": "no capacity"}
    plan = settled.plan(movies())
    assert actions(plan) == {"Campaign/c": "replace"}
    assert changes(plan)["Campaign/c"].reasons[0].text == "its creation failed: no capacity"
    settled.settle(movies())
    assert settled.service.resources[arn]["status"] == "ACTIVE"


def test_a_failed_update_is_tried_again_and_loses_nothing(settled: World) -> None:
    arn = settled.service.arn("campaign/c")
    settled.service.resources[arn]["latestCampaignUpdate"] = {"status": "UPDATE FAILED"}
    docs = movies()
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 2
    assert actions(settled.plan(docs)) == {"Campaign/c": "update"}


@pytest.mark.parametrize("address", ["Campaign/c", "EventTracker/t"])
@pytest.mark.parametrize("failed", [True, False])
def test_a_plan_tells_the_attempts_that_it_knows_of(world: World, address: str, failed: bool) -> None:
    """Where nothing came of them there is nothing to delete, and the plan is not stale all the same."""
    kind, _, name = address.partition("/")
    arn = world.service.arn(f"campaign/{name}") if kind == "Campaign" else None
    if failed:
        world.state.failed[Address.parse(address)] = [
            Failure(Address.parse(address), "create", name, arn, "no")
        ]
    else:
        world.state.open["create:old"] = Intent(
            Address.parse(address), "create:old", "create", name, arn, "run"
        )
    plan = world.plan(movies())
    told = f"failed create:{address}" if failed else "create:old"
    assert plan.attempts == (" ".join(filter(None, (told, name, arn))),)


@pytest.mark.parametrize("address", ["Solution/x", "Campaign/c"])
@pytest.mark.parametrize("edited", [False, True])
def test_making_anew_what_is_gone_may_be_killed_at_any_instant(address: str, edited: bool) -> None:
    """What stands at its ARN then is what the killed run made, be it as it is wanted in the end or not."""
    kind, _, name = address.partition("/")
    docs, meanwhile = movies(), movies()
    meanwhile["Solution/x"]["spec"]["recipe"] = "aws-sims" if edited else "aws-hrnn"
    meanwhile["Campaign/c"]["spec"]["minProvisionedTPS"] = 5 if edited else 1
    for one in (docs, meanwhile) if kind == "Solution" else ():
        del one["Campaign/c"]
    for kill in range(12):
        world = World()
        world.settle(docs)
        call = KINDS[kind].delete(world.service.arn(f"{kind.lower()}/{name}"))
        world.service.call(call.operation, **call.params)
        with suppress(Killed):
            world.apply(meanwhile, world.plan(meanwhile), kill=kill)
        world.settle(docs, resumed=True)
        assert world.state.open == {}, kill
