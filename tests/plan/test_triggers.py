"""`lifecycle.retrainOn`: a change of what it names calls for a training, however the change is made."""

from __future__ import annotations

from typing import Any

import pytest

from pzdecl.kinds.address import Address
from pzdecl.plan.model import ReasonCode
from tests.plan.projects import movies, schema
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

VERSION = "SolutionVersion/x"


def docs(*entries: str, when: Any = "manual", **more: Any) -> dict[str, dict[str, Any]]:
    """The movies project with another schema beside, trained only when `entries` call for it."""
    made = {**movies(), "Schema/other": {"spec": schema(name="Users")}, **more}
    made["Solution/x"] = {**made["Solution/x"], "when": when, "retrainOn": list(entries)}
    return made


@pytest.fixture
def world() -> World:
    """A world in which nothing calls for a training but `retrainOn: [Schema/other]`."""
    made = World()
    wanted = docs("Schema/other")
    made.apply(wanted, made.plan(wanted, retrain=frozenset({Address("SolutionVersion", "x")})))
    made.settle(wanted)
    return made


def changed(*entries: str, **more: Any) -> dict[str, dict[str, Any]]:
    return docs(*entries, **{"Schema/other": {"spec": schema("AGE", name="Users")}, **more})


def test_a_resource_that_changes_calls_for_a_training_that_comes_after_it(world: World) -> None:
    plan = world.plan(changed("Schema/other"))
    assert actions(plan) == {"Schema/other": "replace", VERSION: "train", "Campaign/c": "deploy"}
    [reason] = changes(plan)[VERSION].reasons
    assert (reason.code, reason.text) == (
        ReasonCode.TRIGGERED,
        "Schema/other changes, and retrainOn names it",
    )
    assert reason.cause == Address("Schema", "other")
    train = next(step for step in plan.steps if step.op == "train")
    [create] = [step.id for step in plan.steps if step.op == "create"]
    assert create in train.needs
    world.settle(changed("Schema/other"))


def test_what_is_not_named_calls_for_none(world: World) -> None:
    assert VERSION not in actions(world.plan(changed()))


def test_an_entry_that_is_new_calls_for_none_until_what_it_names_changes(world: World) -> None:
    made = docs("Schema/other", "EventTracker/t", "Schema/s.schema.fields*")
    plan = world.plan(made)
    assert not plan.has_changes
    assert [step.id for step in plan.steps] == [f"record:{VERSION}"]
    world.settle(made)
    made["Schema/s"] = {"spec": schema("GENRE")}
    assert actions(world.plan(made))[VERSION] == "train"


def test_an_entry_that_is_taken_back_calls_for_none(world: World) -> None:
    world.settle(docs())
    assert not world.plan(docs()).has_changes
    assert "retrainOn" not in world.state.rows[Address("SolutionVersion", "x")].attributes


@pytest.mark.parametrize("entry", ["DatasetImport/more.data", "DatasetImport/more", "DatasetImport/*"])
def test_the_content_of_one_import(world: World, entry: str) -> None:
    """With `when: manual` no other content does."""
    world.settle(docs(entry))
    world.files["DatasetImport/more"] = "other"
    plan = world.plan(docs(entry))
    assert actions(plan) == {"DatasetImport/more": "import", VERSION: "train", "Campaign/c": "deploy"}
    world.settle(docs(entry))


def test_the_content_of_another_import_is_not_that_of_this(world: World) -> None:
    world.settle(docs("DatasetImport/full.data"))
    world.files["DatasetImport/more"] = "other"
    assert VERSION not in actions(world.plan(docs("DatasetImport/full.data")))


def test_a_field_that_another_one_beside_does_not_touch(world: World) -> None:
    entry = "DatasetImport/full.dataSource"
    world.settle(docs(entry))
    made = docs(entry)
    made["DatasetImport/full"] = {
        "spec": {"dataset": "d", "dataSource": {"dataLocation": "data/z.csv"}, "importMode": "FULL"}
    }
    [reason] = changes(world.plan(made))[VERSION].reasons
    assert reason.text == "DatasetImport/full.dataSource changes, and retrainOn names it"
    # A file that only moved is no other data: the whole resource is what it was.
    world.settle(docs("DatasetImport/full"))
    made = docs("DatasetImport/full", **{"DatasetImport/full": made["DatasetImport/full"]})
    assert VERSION not in actions(world.plan(made))


def test_a_label_is_no_change(world: World) -> None:
    world.settle(docs("DatasetGroup/g"))
    made = docs("DatasetGroup/g")
    made["DatasetGroup/g"] = {"spec": {}, "tags": {"team": "search"}}
    assert actions(world.plan(made)) == {"DatasetGroup/g": "update"}


def test_what_a_resource_refers_to_is_replaced(world: World) -> None:
    """The dataset takes another schema, although its own manifest is the same."""
    world.settle(docs("Dataset/d.schema"))
    made = docs("Dataset/d.schema")
    made["Schema/s"] = {"spec": schema("GENRE")}
    assert actions(world.plan(made))[VERSION] == "train"


def test_a_pattern_names_what_comes_later(world: World) -> None:
    world.settle(docs("Schema/*"))
    made = docs("Schema/*", **{"Schema/more": {"spec": schema(name="Items")}})
    [reason] = changes(world.plan(made))[VERSION].reasons
    assert reason.text == "Schema/more is new, and retrainOn names it"
    world.settle(made)
    world.settle(docs("Schema/*"))  # one that goes changes nothing of the others


def test_a_pattern_that_named_nothing_names_what_comes(world: World) -> None:
    world.settle(docs("Filter/*"))
    made = {"datasetGroup": "g", "filterExpression": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")'}
    plan = world.plan(docs("Filter/*", **{"Filter/seen": {"spec": made}}))
    assert actions(plan)[VERSION] == "train"


def test_a_resource_that_is_only_moved_is_the_same(world: World) -> None:
    world.settle(docs("Schema/*", "Schema/other", "Dataset/d"))
    made = docs("Schema/*", "Schema/b", "Dataset/d", **{"Schema/b": {"spec": schema(name="Users")}})
    del made["Schema/other"]
    made["Schema/t"] = made.pop("Schema/s")
    made["Dataset/d"] = {"spec": {**made["Dataset/d"]["spec"], "schema": "t"}}
    world.moved = {
        Address("Schema", "other"): Address("Schema", "b"),
        Address("Schema", "s"): Address("Schema", "t"),
    }
    plan = world.plan(made)
    assert {c.address.kind for c in plan.changes if c.previous} == {"Schema"}
    assert VERSION not in actions(plan)
    world.apply(made, plan)
    assert not world.plan(made).has_changes
    made["Schema/b"] = {"spec": schema("AGE", name="Users")}
    assert actions(world.plan(made))[VERSION] == "train"


def test_a_run_that_is_killed_between_change_and_training_is_made_good(world: World) -> None:
    made = changed("Schema/other")
    for kill in range(60):
        try:
            world.apply(made, world.plan(made), kill)
            break
        except Killed:
            row = world.state.rows[Address("SolutionVersion", "x")]
            serving = world.service.resources[world.service.arn("campaign/c")]["solutionVersionArn"]
            assert serving == row.arn or actions(world.plan(made))["Campaign/c"] == "deploy"
    trained = sum(one["_kind"] == "SolutionVersion" for one in world.service.resources.values())
    assert trained == 2
    world.settle(made)


def test_another_change_while_a_training_is_under_way_is_another_training(world: World) -> None:
    first = next(step for step in world.plan(changed("Schema/other")).steps if step.op == "train")
    again = docs("Schema/other", **{"Schema/other": {"spec": schema("CITY", name="Users")}})
    second = next(step for step in world.plan(again).steps if step.op == "train")
    assert first.name != second.name


def test_a_change_that_is_blocked_calls_for_none(world: World) -> None:
    made = changed("Schema/other")
    made["Schema/other"]["lifecycle"] = {"protect": True}
    world.settle(
        docs("Schema/other", **{"Schema/other": {**docs()["Schema/other"], "lifecycle": {"protect": True}}})
    )
    assert actions(world.plan(made)) == {"Schema/other": "[replace]"}


def test_with_other_reasons_each_cause_is_told_once(world: World) -> None:
    entries = ("DatasetImport/more", "Schema/other")
    when = ["config", "data"]
    world.settle(docs(*entries, when=when))
    world.files["DatasetImport/more"] = "other"
    codes = [(r.code, str(r.cause)) for r in changes(world.plan(docs(*entries, when=when)))[VERSION].reasons]
    assert codes == [(ReasonCode.DATA_CHANGED, "DatasetImport/more")]
