"""When imports and trainings run, and why."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.plan import PlanOptions, make
from pzdecl.plan.model import Plan, ReasonCode
from tests.plan.projects import content, movies, project
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

FULL, MORE = Address("DatasetImport", "full"), Address("DatasetImport", "more")
VERSION = Address("SolutionVersion", "x")


def plan_with(world: World, contents: dict[Address, dict[str, Any]], **options: Any) -> Plan:
    data = {FULL: content("o"), MORE: content("o"), **contents}
    return make(project(movies()), world.state, world.service, PlanOptions(data=data, **options))


def test_appended_rows_import_train_and_deploy_and_nothing_else(settled: World) -> None:
    plan = plan_with(settled, {MORE: {**content("longer", 13_003), "appended": True}})
    assert actions(plan) == {
        "DatasetImport/more": "import",
        "SolutionVersion/x": "train",
        "Campaign/c": "deploy",
    }
    assert changes(plan)["DatasetImport/more"].reasons[0].text == "data changed: 12,003 rows added"
    why = changes(plan)["SolutionVersion/x"].reasons[0]
    assert (why.text, why.cause) == ("data of DatasetImport/more changed: 12,003 rows added", MORE)


def test_other_content_is_told_by_its_rows(settled: World) -> None:
    def text(new: dict[str, Any]) -> str:
        return changes(plan_with(settled, {MORE: new}))["DatasetImport/more"].reasons[0].text

    assert text(content("fewer", 900)) == "data changed: 1,000 → 900 rows"
    assert text(content("other", 1000)) == "data changed: 1,000 rows, other content"


def test_a_full_import_is_followed_by_the_incremental_ones(settled: World) -> None:
    plan = plan_with(settled, {FULL: content("new")})
    assert actions(plan)["DatasetImport/more"] == "import"
    assert changes(plan)["DatasetImport/more"].reasons[0].text == "DatasetImport/full is imported again"


def test_rows_cleared_away_come_back_even_if_the_apply_is_cut_short(settled: World) -> None:
    settled.files["DatasetImport/full"] = "new"
    docs = movies()
    for kill in range(60):
        try:
            settled.apply(docs, settled.plan(docs), kill)
            break
        except Killed:
            rows = settled.service.rows[settled.state.rows[Address("Dataset", "d")].arn]
            if len(rows) == 1:
                assert "DatasetImport/more" in actions(settled.plan(docs))
    settled.settle(docs)
    [arn] = settled.service.rows
    assert [row.partition(":")[0] for row in settled.service.rows[arn]] == [
        "/project/data/a.csv",
        "/project/data/b.csv",
    ]


def test_training_may_wait_for_either_or_for_a_command(settled: World) -> None:
    docs = movies()
    docs["Solution/x"]["when"] = ["config"]
    settled.settle(docs)
    settled.files["DatasetImport/more"] = "new"
    assert actions(settled.plan(docs)) == {"DatasetImport/more": "import"}
    docs["Solution/x"]["when"] = "manual"
    settled.settle(docs)
    docs["Solution/x"]["spec"]["recipe"] = "aws-sims"
    assert actions(settled.plan(docs)) == {"Solution/x": "replace"}
    settled.settle(docs)
    assert [one.name for one in settled.state.left] == ["x"], "it goes on serving"
    asked = settled.plan(docs, retrain=frozenset({VERSION}))
    assert actions(asked) == {
        "SolutionVersion/x": "train",
        "Campaign/c": "deploy",
        "Solution/x (x)": "delete",
    }
    settled.apply(docs, asked)
    assert settled.state.left == []


def test_a_campaign_that_needs_a_version_nobody_trains_says_how(world: World) -> None:
    docs = movies()
    docs["Solution/x"]["when"] = "manual"
    plan = world.plan(docs)
    blocked = changes(plan)["Campaign/c"].blocked
    assert blocked is not None
    assert blocked.code is ReasonCode.NOT_TRAINED
    assert "--retrain SolutionVersion/x" in blocked.text
    world.apply(docs, plan)
    asked = world.plan(docs, retrain=frozenset({Address("Solution", "x")}))
    assert actions(asked) == {"SolutionVersion/x": "train", "Campaign/c": "create"}


def test_what_was_asked_for_and_cut_short_goes_on_by_itself(settled: World) -> None:
    docs, asked = movies(), frozenset({VERSION})
    plan = settled.plan(docs, retrain=asked)
    with suppress(Killed):
        settled.apply(docs, plan, kill=3)
    again = settled.plan(docs)
    assert actions(again) == {"SolutionVersion/x": "train", "Campaign/c": "deploy"}
    assert changes(again)["SolutionVersion/x"].reasons[0].code is ReasonCode.RESUMED
    assert [step.id for step in again.steps] == [step.id for step in plan.steps]
    settled.apply(docs, again)
    versions = [call for call, _ in settled.service.log if call == "create_solution_version"]
    assert len(versions) == 2


def test_a_moved_file_with_the_same_content_is_not_imported_again(settled: World) -> None:
    docs = movies()
    docs["DatasetImport/full"]["spec"]["dataSource"] = {"dataLocation": "elsewhere/a.csv"}
    plan = settled.plan(docs)
    assert not plan.has_changes
    assert [step.id for step in plan.steps] == ["record:DatasetImport/full"]


def test_remote_data_is_known_by_its_location(settled: World) -> None:
    docs = movies()
    docs["DatasetImport/full"]["spec"]["dataSource"] = {"dataLocation": "s3://bucket/a.csv"}
    assert actions(settled.plan(docs))["SolutionVersion/x"] == "train"
    settled.settle(docs)
    asked = settled.plan(docs, retrain=frozenset({FULL}))
    assert actions(asked)["SolutionVersion/x"] == "train", "nobody can tell what is there now"


def test_a_renamed_import_of_the_same_content_trains_nothing(settled: World) -> None:
    docs = movies()
    docs["DatasetImport/again"] = docs.pop("DatasetImport/more")
    plan = settled.plan(docs)
    assert actions(plan) == {"DatasetImport/more": "forget", "DatasetImport/again": "import"}


def test_a_long_name_leaves_room_for_the_run(world: World) -> None:
    docs = movies()
    docs["DatasetImport/" + "n" * 63] = docs.pop("DatasetImport/more")
    name = changes(world.plan(docs))["DatasetImport/" + "n" * 63].name
    assert name is not None
    assert len(name) == 63
