"""What is refused, what waits for it, and what is done all the same."""

from __future__ import annotations

from contextlib import suppress

import pytest

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Change, Plan, ReasonCode
from tests.plan.projects import Documents, movies, schema
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

DATASET = Address("Dataset", "d")


def blocked(plan: Plan, address: str) -> tuple[ReasonCode, str]:
    change: Change = changes(plan)[address]
    assert change.blocked is not None
    return change.blocked.code, change.blocked.text


def test_a_schema_is_not_replaced_if_its_dataset_would_lose_its_data(settled: World) -> None:
    docs = movies()
    docs["Schema/s"] = {"spec": schema("AGE")}
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 2
    plan = settled.plan(docs, allow=False)
    assert actions(plan) == {"Schema/s": "[replace]", "Campaign/c": "update"}
    code, text = blocked(plan, "Schema/s")
    assert code is ReasonCode.HOLDS_DATA
    assert text.endswith("--allow-destroy Dataset/d")
    assert {step.address for step in plan.steps} == {Address("Campaign", "c")}


def test_a_named_dataset_is_replaced_and_filled_again(settled: World) -> None:
    docs = movies()
    docs["Schema/s"] = {"spec": schema("AGE")}
    plan = settled.plan(docs, allow=frozenset({DATASET}))
    assert actions(plan) == {
        "Schema/s": "replace",
        "Dataset/d": "replace",
        "DatasetImport/full": "import",
        "DatasetImport/more": "import",
        "SolutionVersion/x": "train",
        "Campaign/c": "deploy",
    }
    ids = [step.id for step in plan.steps]
    assert ids.index("void:DatasetImport/full") < ids.index("delete:Dataset/d")
    settled.settle(docs, allow=frozenset({DATASET}))


def test_a_removed_group_waits_for_the_dataset_that_holds_data(settled: World) -> None:
    plan = settled.plan({}, allow=False)
    found = actions(plan)
    assert found["Dataset/d"] == "[delete]"
    assert found["DatasetGroup/g"] == "[delete]"
    assert found["Schema/s"] == "[delete]"
    assert found["Campaign/c"] == "delete"
    assert blocked(plan, "Schema/s")[1] == "is needed by Dataset/d, which is blocked"
    settled.apply({}, plan)
    assert DATASET in settled.state.rows


def test_protection_outlives_its_document(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["lifecycle"] = {"protect": True}
    assert actions(settled.plan(docs)) == {"Campaign/c": "update"}
    settled.settle(docs)
    plan = settled.plan({}, destroy=True)
    assert blocked(plan, "Campaign/c")[0] is ReasonCode.PROTECTED
    assert actions(plan)["Solution/x"] == "[delete]"
    assert actions(plan)["SolutionVersion/x"] == "[forget]"
    assert actions(plan)["EventTracker/t"] == "delete"
    settled.apply({}, plan)
    assert settled.service.arn("campaign/c") in settled.service.resources


def test_lifting_protection_takes_one_apply_and_removing_the_next(settled: World) -> None:
    docs = movies()
    docs["Solution/x"]["lifecycle"] = {"protect": True}
    settled.settle(docs)
    docs = movies(recipe="aws-sims")
    first = settled.plan(docs)
    assert actions(first) == {"Solution/x": "[replace]"}
    assert "the next one can have it replaced" in blocked(first, "Solution/x")[1]
    settled.apply(docs, first)
    assert actions(settled.plan(docs))["Solution/x"] == "replace"


def test_what_depends_on_something_refused_waits(world: World) -> None:
    world.service.call("create_schema", name="s", schema="{}")
    docs = movies()
    plan = world.plan(docs)
    code, text = blocked(plan, "Schema/s")
    assert code is ReasonCode.NAME_TAKEN
    assert world.service.arn("schema/s") in text
    waiting = {address for address, action in actions(plan).items() if action.startswith("[")}
    assert waiting == {
        "Schema/s",
        "Dataset/d",
        "DatasetImport/full",
        "DatasetImport/more",
        "SolutionVersion/x",
        "Campaign/c",
    }
    assert blocked(plan, "Campaign/c")[1] == "waits for Schema/s, which is blocked"
    world.apply(docs, plan)
    assert Address("Solution", "x") in world.state.rows


def test_retained_resources_are_forgotten_unless_what_they_need_is_to_go(settled: World) -> None:
    docs = movies()
    docs["Solution/x"]["lifecycle"] = {"on_delete": "retain"}
    settled.settle(docs)
    plan = settled.plan({})
    assert actions(plan)["DatasetGroup/g"] == "[delete]"
    assert "retain it too" in blocked(plan, "DatasetGroup/g")[1]
    assert actions(plan)["Solution/x"] == "[forget]"
    assert blocked(plan, "Solution/x")[1] == "stays with DatasetGroup/g, which is blocked"
    settled.apply({}, plan)
    assert settled.service.arn("solution/x") in settled.service.resources
    # Forgotten, it would be in the way of the group, and the next plan wouldn't know of it.
    again = settled.plan({})
    assert actions(again)["DatasetGroup/g"] == "[delete]"
    assert again.steps == ()

    docs["DatasetGroup/g"]["lifecycle"] = {"on_delete": "retain"}
    settled.settle(docs)
    plan = settled.plan({})
    assert actions(plan)["Solution/x"] == "forget"
    settled.apply({}, plan)
    assert not settled.plan({}).has_changes
    assert settled.service.arn("solution/x") in settled.service.resources


def test_a_renamed_dataset_waits_until_the_old_one_may_go(settled: World) -> None:
    docs = movies()
    docs["Dataset/e"] = docs.pop("Dataset/d")
    for name in ("full", "more"):
        docs[f"DatasetImport/{name}"]["spec"]["dataset"] = "e"
    refused = settled.plan(docs, allow=False)
    assert actions(refused)["Dataset/e"] == "[create]"
    assert "takes the place of Dataset/d" in blocked(refused, "Dataset/e")[1]
    plan = settled.plan(docs)
    ids = [step.id for step in plan.steps]
    assert ids.index("delete:Dataset/d") < next(
        i for i, one in enumerate(ids) if one.startswith("create:Dataset/e")
    )
    settled.settle(docs)


def test_a_group_stays_while_a_former_solution_of_it_serves(settled: World) -> None:
    docs = movies()
    docs["Solution/x"]["when"] = "manual"
    settled.settle(docs)
    docs["DatasetGroup/h"] = docs.pop("DatasetGroup/g")
    for address in ("Dataset/d", "EventTracker/t", "Solution/x"):
        docs[address]["spec"]["datasetGroup"] = "h"
    plan = settled.plan(docs)
    assert blocked(plan, "DatasetGroup/g")[0] is ReasonCode.NOT_TRAINED
    assert "--retrain SolutionVersion/x" in blocked(plan, "DatasetGroup/g")[1]
    settled.settle(docs)
    settled.apply(docs, settled.plan(docs, retrain=frozenset({Address("SolutionVersion", "x")})))
    assert settled.state.left == []
    assert not settled.plan(docs).has_changes


def items(*columns: str, domain: str | None = None) -> Documents:
    docs = movies()
    docs["DatasetGroup/g"]["spec"] = {"domain": domain} if domain else {}
    docs["Schema/s"]["spec"] = schema(*columns, name="Items") | ({"domain": domain} if domain else {})
    docs["Dataset/d"]["spec"]["datasetType"] = "ITEMS"
    return docs


def test_a_schema_that_no_update_can_take_replaces_the_dataset_of_items(world: World) -> None:
    world.settle(items("AGE"))
    grown = items("AGE", "DEVICE")
    assert actions(world.plan(grown, allow=False)) == {"Schema/s": "replace", "Dataset/d": "update"}
    world.settle(grown, allow=False)

    shrunk = items("DEVICE")
    plan = world.plan(shrunk, allow=False)
    assert actions(plan) == {"Schema/s": "[replace]"}
    assert blocked(plan, "Schema/s")[1].endswith("--allow-destroy Dataset/d")
    plan = world.plan(shrunk, allow=frozenset({DATASET}))
    assert actions(plan)["Dataset/d"] == "replace"
    assert "no update can do it: AGE: the field is gone" in changes(plan)["Dataset/d"].reasons[0].text
    world.settle(shrunk, allow=frozenset({DATASET}))


def test_a_schema_of_another_domain_waits_with_its_group(world: World) -> None:
    world.settle(items("AGE"))
    docs = items("AGE", domain="ECOMMERCE")
    for allow in (False, frozenset({DATASET})):
        plan = world.plan(docs, allow=allow)
        assert actions(plan) == {"DatasetGroup/g": "[replace]", "Schema/s": "[replace]"}
        assert plan.steps == ()
    assert "waits for DatasetGroup/g" in blocked(plan, "Schema/s")[1]
    world.settle(docs)


def test_what_others_deployed_is_set_right_although_something_above_is_refused(settled: World) -> None:
    docs = movies()
    campaign = settled.service.resources[settled.service.arn("campaign/c")]
    version = campaign["solutionVersionArn"]
    campaign["solutionVersionArn"] = settled.service.call(
        "create_solution_version", name="by-hand", solutionArn=settled.service.arn("solution/x")
    )["solutionVersionArn"]
    docs["Dataset/e"] = docs.pop("Dataset/d")
    for name in ("full", "more"):
        docs[f"DatasetImport/{name}"]["spec"]["dataset"] = "e"
    plan = settled.plan(docs, allow=False)
    assert actions(plan)["Dataset/e"] == "[create]"
    docs["Solution/x"]["when"] = ["config"]
    plan = settled.plan(docs, allow=False)
    assert actions(plan)["Campaign/c"] == "deploy"
    settled.apply(docs, plan)
    assert campaign["solutionVersionArn"] == version


@pytest.mark.parametrize("renamed", [False, True])
@pytest.mark.parametrize("address", ["Dataset/d", "EventTracker/t", "Solution/x"])
def test_what_is_retained_keeps_what_it_needs(settled: World, address: str, renamed: bool) -> None:
    """Its dataset group is replaced, or another one takes its place: the former one can't be deleted."""
    docs = movies()
    docs[address]["lifecycle"] = {"on_delete": "retain"}
    settled.settle(docs)
    group = settled.state.rows[Address("DatasetGroup", "g")].arn
    if renamed:
        docs["DatasetGroup/h"] = docs.pop("DatasetGroup/g")
        for doc in docs.values():
            if doc["spec"].get("datasetGroup") == "g":
                doc["spec"]["datasetGroup"] = "h"
    else:
        docs["DatasetGroup/g"]["spec"] = {"domain": "ECOMMERCE"}
    plan = settled.plan(docs)
    assert [step.op for step in plan.steps if step.arn == group] == ["forget"]
    settled.settle(docs)
    assert group in settled.service.resources


def test_what_is_retained_is_not_made_room_of(settled: World) -> None:
    """There is one dataset of a type in a group: the new one can't be made beside that which stays."""
    docs = movies()
    docs["Dataset/d"]["lifecycle"] = {"on_delete": "retain"}
    settled.settle(docs)
    docs["Dataset/e"] = docs.pop("Dataset/d")
    for name in ("full", "more"):
        docs[f"DatasetImport/{name}"]["spec"]["dataset"] = "e"
    plan = settled.plan(docs)
    assert blocked(plan, "Dataset/e")[1] == (
        "takes the place of Dataset/d, which is retained: keep it under this address (`moved:`)"
    )
    assert actions(plan)["Dataset/d"] == "[forget]", "forgotten, it would be in the way without anybody knowing"
    settled.settle(docs)
    assert DATASET in settled.state.rows
    settled.moved = {DATASET: Address("Dataset", "e")}
    settled.settle(docs)
    assert settled.state.rows.keys() >= {Address("Dataset", "e")}


@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("moment", range(0, 42, 3))
def test_what_is_retained_keeps_what_it_needs_whenever_a_run_is_killed(moment: int, before: bool) -> None:
    """The former group is let go with the former dataset in it, which is retained before the kill or after."""
    world, docs, retain = World(), movies(), {"on_delete": "retain"}
    world.settle(docs)
    docs["DatasetGroup/g"]["spec"] = {"domain": "ECOMMERCE"}
    docs["Dataset/d"]["lifecycle"] = retain if before else {}
    with suppress(Killed):
        world.apply(docs, world.plan(docs), kill=moment)
    retained = any(arn.startswith(world.service.arn("dataset/g/")) for arn in world.service.resources)
    docs["Dataset/d"]["lifecycle"] = retain
    world.settle(docs, resumed=True)
    assert (world.service.arn("dataset-group/g") in world.service.resources) is retained
    assert world.state.left == []


def test_a_name_that_a_retained_one_has_is_not_taken(settled: World) -> None:
    """A dataset that is made anew in the group where it is can't have its plain name back."""
    docs = movies()
    docs["Dataset/d"]["lifecycle"] = {"on_delete": "retain"}
    docs["DatasetGroup/g"]["spec"] = {"domain": "ECOMMERCE"}
    settled.settle(docs)
    docs["Schema/t"] = {"spec": schema("AGE")}
    docs["Dataset/d"]["spec"]["schema"] = "t"
    settled.settle(docs)
    name = settled.state.rows[DATASET].name
    assert name.startswith("d-")
    assert "d" in {one.get("name") for one in settled.service.resources.values() if one["_kind"] == "Dataset"}


@pytest.mark.parametrize("changed", [{"schema": "t"}, {"schema": "u"}])
@pytest.mark.parametrize("domain", [None, "ECOMMERCE"])
@pytest.mark.parametrize("moment", range(6, 20, 2))
def test_what_was_being_made_anew_is_made_as_it_is_wanted_now(
    moment: int, domain: str | None, changed: dict[str, str]
) -> None:
    """What stands in the place of a deleted dataset goes, although imports are on record there."""
    world, docs = World(), movies()
    world.settle(docs)
    docs["Schema/t"] = {"spec": schema("AGE")}
    docs["Dataset/d"]["spec"]["schema"] = "t"
    with suppress(Killed):
        world.apply(docs, world.plan(docs), kill=moment)
    if changed["schema"] == "u":
        docs["Schema/u"] = {"spec": schema("SIZE")}
    docs["Dataset/d"]["spec"] |= changed
    if domain:
        docs["DatasetGroup/g"]["spec"] = {"domain": domain}
    world.settle(docs, resumed=True)
    live = world.service.resources[world.state.rows[DATASET].arn]
    assert live["schemaArn"] == world.service.arn(f"schema/{changed['schema']}")
