"""Creating, changing and replacing: which action, why, and in what order."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pzdecl.errors import Position, UsageError
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Policies, Removal
from pzdecl.plan.model import Plan, ReasonCode
from tests.plan.projects import Documents, movies, schema
from tests.plan.world import World, actions, changes

HIDDEN = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 64}}}


def reasons(plan: Plan, address: str) -> list[str]:
    return [reason.text for reason in changes(plan)[address].reasons]


def position(plan: Plan, one: str, other: str) -> bool:
    """Whether the step that begins with `one` comes before that which begins with `other`."""
    ids = [step.id for step in plan.steps]
    first, second = (next(i for i, step in enumerate(ids) if step.startswith(text)) for text in (one, other))
    return first < second


def test_everything_is_created_in_order_and_refers_by_arn(world: World) -> None:
    plan = world.plan(movies())
    assert set(actions(plan).values()) == {"create", "import", "train"}
    assert len(plan.steps) == 9
    solution = next(step for step in plan.steps if step.id.startswith("create:Solution/x"))
    assert solution.params["datasetGroupArn"] == world.service.arn("dataset-group/g")
    campaign = next(step for step in plan.steps if step.id.startswith("create:Campaign/c"))
    assert campaign.params["solutionVersionArn"] == {"$arn": "SolutionVersion/x"}
    assert campaign.arn == world.service.arn("campaign/c")
    assert changes(plan)["SolutionVersion/x"].after_unknown == ("arn",)
    assert changes(plan)["Campaign/c"].after_unknown == ("bindings.solutionVersionArn",)
    imported = next(step for step in plan.steps if step.id.startswith("import:DatasetImport/full"))
    assert imported.params["dataSource"] == {"dataLocation": {"$path": "data/a.csv"}}


def test_a_changed_hyperparameter_replaces_trains_and_switches(settled: World) -> None:
    plan = settled.plan(movies(**HIDDEN))
    assert actions(plan) == {"Solution/x": "replace", "SolutionVersion/x": "train", "Campaign/c": "deploy"}
    assert reasons(plan, "Solution/x") == ["hidden_dimension 43 → 64 forces replacement"]
    assert reasons(plan, "SolutionVersion/x") == ["Solution/x is replaced"]
    assert reasons(plan, "Campaign/c") == ["SolutionVersion/x is trained"]
    [field] = changes(plan)["Solution/x"].fields
    assert field.path == "solutionConfig.algorithmHyperParameters.hidden_dimension"
    assert field.position is not None
    assert field.position.file == "movies.yaml"
    assert position(plan, "deploy:Campaign/c", "delete:Solution/x:x")
    name = changes(plan)["Solution/x"].name
    assert name is not None
    assert name.startswith("x-")
    assert len(name) == len("x-12345678")


def test_going_back_and_forth_never_meets_an_earlier_name(settled: World) -> None:
    names = ["x"]
    for number in range(4):
        docs = movies(**(HIDDEN if number % 2 == 0 else {}))
        name = changes(settled.plan(docs))["Solution/x"].name
        assert name not in names
        names.append(str(name))
        settled.settle(docs)
    assert settled.state.left == []


def test_tags_and_capacity_change_in_place(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 3
    docs["Campaign/c"]["tags"] = {"team": "search"}
    docs["DatasetGroup/g"]["tags"] = {}
    plan = settled.plan(docs)
    assert actions(plan) == {"Campaign/c": "update", "DatasetGroup/g": "update"}
    assert reasons(plan, "Campaign/c") == ["minProvisionedTPS 1 → 3", "tag team added"]
    assert reasons(plan, "DatasetGroup/g") == ["tag team removed"]
    assert {step.id for step in plan.steps} == {"update:Campaign/c", "tag:Campaign/c", "untag:DatasetGroup/g"}
    assert position(plan, "update:Campaign/c", "tag:Campaign/c")
    settled.settle(docs)


def test_between_two_requests_the_record_says_what_is_done_so_far(settled: World) -> None:
    docs = movies()
    docs["DatasetGroup/g"]["tags"] = {"stage": "b"}
    plan = settled.plan(docs)
    set_tags, unset = (step.record or {} for step in plan.steps)
    assert set_tags["tags"] == {"team": "discovery", "stage": "b"}
    assert unset["tags"] == {"stage": "b"}


def test_removed_documents_are_deleted_after_what_depends_on_them(settled: World) -> None:
    docs = movies()
    for address in ("Solution/x", "Campaign/c"):
        del docs[address]
    plan = settled.plan(docs)
    assert actions(plan) == {"Campaign/c": "delete", "Solution/x": "delete", "SolutionVersion/x": "forget"}
    assert position(plan, "delete:Campaign/c", "delete:Solution/x")
    assert changes(plan)["Solution/x"].position is not None
    settled.settle(docs)


def test_a_rename_is_told_on_both_sides(settled: World) -> None:
    docs = movies()
    docs["Campaign/d"] = docs.pop("Campaign/c")
    plan = settled.plan(docs)
    assert actions(plan) == {"Campaign/c": "delete", "Campaign/d": "create"}
    assert changes(plan)["Campaign/d"].reasons[0].code is ReasonCode.RENAMED
    assert reasons(plan, "Campaign/d")[0].startswith("renamed from Campaign/c: ")
    assert reasons(plan, "Campaign/c") == ["renamed to Campaign/d"]
    [gone] = [step for step in plan.steps if step.id == "delete:Campaign/c"]
    [made] = [step for step in plan.steps if step.id.startswith("create:Campaign/d")]
    assert made.id in gone.needs, (
        "what is not made, since a gate holds it back, say, leaves the former one alone"
    )
    settled.settle(docs)


def test_what_is_renamed_stays_while_its_new_name_is_refused(settled: World) -> None:
    """The campaign too, which is the same but for its solution's name: otherwise nothing would answer."""
    docs = movies()
    for old, new in (("Solution/x", "Solution/y"), ("Campaign/c", "Campaign/d")):
        docs[new] = docs.pop(old)
    docs["Campaign/d"]["spec"]["solution"] = "y"
    settled.policies = Policies(allowed_recipes=("aws-sims",))
    plan = settled.plan(docs)
    assert actions(plan) == {
        "Campaign/c": "[delete]",
        "Campaign/d": "[create]",
        "Solution/x": "[delete]",
        "Solution/y": "[create]",
        "SolutionVersion/x": "[forget]",
        "SolutionVersion/y": "[train]",
    }
    assert [step for step in plan.steps if step.op == "delete"] == []
    stays = "stays until Campaign/d, its new name, is there, which is blocked"
    assert changes(plan)["Campaign/c"].blocked.text == stays  # type: ignore[union-attr]
    settled.removed = {Address("Campaign", "c"): Removal(True, Position("moves.yaml", 3, 5))}
    assert actions(settled.plan(docs))["Campaign/c"] == "delete"
    settled.removed = {}
    settled.policies = Policies()
    plan = settled.plan(docs)
    assert position(plan, "create:Campaign/d", "delete:Campaign/c")
    assert position(plan, "delete:Campaign/c", "delete:Solution/x")
    settled.settle(docs)


def test_a_rename_is_not_told_of_what_stays(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["lifecycle"] = {"protect": True}
    settled.settle(docs)
    docs["Campaign/d"] = {"spec": docs.pop("Campaign/c")["spec"]}
    plan = settled.plan(docs)
    assert actions(plan) == {"Campaign/c": "[delete]", "Campaign/d": "create"}
    assert reasons(plan, "Campaign/d") == ["new"]


def test_renames_of_what_makes_room_go_first(settled: World) -> None:
    """A dataset group has one tracker, and one dataset of each type; what refers to them is renamed too."""
    docs = movies()
    docs["EventTracker/u"] = docs.pop("EventTracker/t")
    docs["Dataset/e"] = docs.pop("Dataset/d")
    for name in ("full", "more"):
        docs[f"DatasetImport/{name}"]["spec"]["dataset"] = "e"
    docs["Schema/r"] = docs.pop("Schema/s")
    docs["Dataset/e"]["spec"]["schema"] = "r"
    settled.settle(docs)


def test_who_gets_a_name_that_another_address_has_is_called_otherwise(settled: World) -> None:
    """`moved:` and `state mv` leave the service's names where they are."""
    settled.moved = {Address("Campaign", "c"): Address("Campaign", "d")}
    docs = movies()
    docs["Campaign/d"] = docs.pop("Campaign/c")
    settled.settle(docs)
    settled.moved = {}
    docs["Campaign/c"] = {"spec": {"solution": "x"}}
    plan = settled.plan(docs)
    name = str(changes(plan)["Campaign/c"].name)
    assert re.fullmatch("c-[0-9a-f]{8}", name)
    assert reasons(plan, "Campaign/c") == [
        "new",
        f"it is called {name} in the service, where Campaign/d has its name",
    ]
    settled.settle(docs)
    del docs["Campaign/d"]
    settled.settle(docs)
    docs["Campaign/d"] = {"spec": {"solution": "x", "minProvisionedTPS": 3}}
    settled.settle(docs)


def test_moving_a_document_is_no_change(settled: World) -> None:
    docs = {address: movies()[address] for address in reversed(movies())}
    docs["Schema/a-new-one-that-moves-all-lines"] = {"spec": schema("AGE")}
    settled.settle(docs)
    del docs["Schema/a-new-one-that-moves-all-lines"]
    settled.settle(docs)


def test_new_dependencies_are_written_down_without_being_a_change(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["dependsOn"] = ["EventTracker/t"]
    plan = settled.plan(docs)
    assert not plan.has_changes
    assert [step.id for step in plan.steps] == ["record:Campaign/c"]
    settled.settle(docs)
    assert Address("EventTracker", "t") in settled.state.rows[Address("Campaign", "c")].dependencies


def test_a_replacement_can_be_asked_for(settled: World) -> None:
    plan = settled.plan(movies(), replace=frozenset({Address("Solution", "x")}))
    assert actions(plan)["Solution/x"] == "replace"
    assert changes(plan)["Solution/x"].reasons[0].code is ReasonCode.REQUESTED


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"replace": frozenset({Address("Solution", "y")})}, "no such resource"),
        ({"replace": frozenset({Address("DatasetImport", "full")})}, "run again, not replaced"),
        ({"retrain": frozenset({Address("Campaign", "c")})}, "neither imported nor trained"),
        ({"allow": frozenset({Address("Dataset", "x")})}, "no such resource"),
    ],
)
def test_options_name_what_there_is(settled: World, options: dict[str, Any], words: str) -> None:
    with pytest.raises(UsageError, match=words):
        settled.plan(movies(), **options)


def test_a_schema_shared_by_items_is_exchanged_in_place(world: World) -> None:
    docs: Documents = {
        "Schema/s": {"spec": schema(name="Items")},
        "DatasetGroup/g": {"spec": {}},
        "Dataset/d": {"spec": {"datasetGroup": "g", "schema": "s", "datasetType": "ITEMS"}},
    }
    world.settle(docs)
    changed = {**docs, "Schema/s": {"spec": schema("AGE", name="Items")}}
    plan = world.plan(changed, allow=False)
    assert actions(plan) == {"Schema/s": "replace", "Dataset/d": "update"}
    assert position(plan, "update:Dataset/d", "delete:Schema/s:s")
    world.settle(changed, allow=False)


def test_equal_input_gives_equal_plans(settled: World) -> None:
    docs = movies(**HIDDEN)
    assert settled.plan(docs) == settled.plan(docs)
