"""What moved behind our back: told, corrected, or left alone."""

from __future__ import annotations

from typing import Any

import pytest

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Drift, ReasonCode
from pzdecl.state.model import Intent
from tests.plan.projects import movies
from tests.plan.world import World, actions, changes

CAMPAIGN = Address("Campaign", "c")


def test_a_changed_field_is_told_and_set_right(settled: World) -> None:
    settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] = 9
    plan = settled.plan(movies())
    [drift] = plan.drift
    assert (drift.address, drift.missing) == (CAMPAIGN, False)
    [field] = drift.fields
    assert (field.path, field.before, field.after) == ("minProvisionedTPS", 1, 9)
    assert actions(plan) == {"Campaign/c": "update"}
    [reason] = changes(plan)["Campaign/c"].reasons
    assert reason.code is ReasonCode.DRIFTED
    assert reason.text == "minProvisionedTPS 9 → 1: somebody changed it"
    settled.settle(movies())


def test_another_version_in_a_campaign_is_switched_back(settled: World) -> None:
    solution = settled.service.arn("solution/x")
    arn = settled.service.call("create_solution_version", solutionArn=solution, name="by-hand")[
        "solutionVersionArn"
    ]
    settled.service.call(
        "update_campaign", campaignArn=settled.service.arn("campaign/c"), solutionVersionArn=arn
    )
    assert actions(settled.plan(movies())) == {"Campaign/c": "deploy"}
    settled.settle(movies())


def test_tags_are_compared_with_what_is_there(settled: World) -> None:
    settled.service.tags[settled.service.arn("dataset-group/g")] = {
        "team": "other",
        "mine": "yes",
        "aws:x": "kept",
    }
    plan = settled.plan(movies())
    assert {(field.path, field.after) for field in changes(plan)["DatasetGroup/g"].fields} == {
        ("tags.team", "discovery"),
        ("tags.mine", None),
    }
    assert {step.operation for step in plan.steps} == {"tag_resource", "untag_resource"}


def test_what_is_ignored_is_neither_told_nor_touched(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["lifecycle"] = {"ignore_changes": ("minProvisionedTPS", "tags.*")}
    settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] = 9
    settled.service.tags[settled.service.arn("campaign/c")] = {"mine": "yes"}
    plan = settled.plan(docs)
    assert plan.drift == ()
    assert not plan.has_changes
    docs["Campaign/c"]["spec"]["campaignConfig"] = {"enableMetadataWithRecommendations": True}
    plan = settled.plan(docs)
    [step] = plan.steps
    assert step.params["minProvisionedTPS"] == 9
    settled.apply(docs, plan)
    assert settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] == 9


def test_what_goes_waits_for_what_was_ignored(settled: World) -> None:
    """A campaign that stayed with a former solution moves off it first, whatever its record says."""
    docs = movies()
    docs["Solution/y"] = docs.pop("Solution/x")
    docs["Campaign/c"] |= {"lifecycle": {"ignore_changes": ["solution*"]}}
    docs["Campaign/c"]["spec"]["solution"] = "y"
    settled.settle(docs)
    assert Address("Solution", "x") in settled.state.rows, "the campaign goes on using it"
    docs["Campaign/c"]["lifecycle"] = {}
    [gone] = [step for step in settled.plan(docs).steps if step.id == "delete:Solution/x"]
    assert "deploy:Campaign/c" in gone.needs
    settled.settle(docs)
    assert Address("Solution", "x") not in settled.state.rows


@pytest.mark.parametrize(("before", "after"), [(1, 4), (4, 1), (12, 3), (3, 12), (3, 3)])
def test_elements_of_lists_are_ignored(before: int, after: int) -> None:
    """Elements that are changed, that come and that go."""

    def docs(count: int, kind: str) -> dict[str, Any]:
        names = [f"{kind}{number}" for number in range(count)]
        lifecycle = {"ignore_changes": ("schema.fields[*]",)}
        return {"Schema/s": {"spec": {"schema": {"name": "I", "fields": names}}, "lifecycle": lifecycle}}

    world = World()
    world.settle(docs(before, "a"))
    plan = world.plan(docs(after, "b"))
    assert (plan.has_changes, plan.steps) == (False, ())
    # What is ignored on one side alone is no reason to write the record anew either.
    assert world.state.rows[Address("Schema", "s")].inputs["schema"]["fields"] == [
        f"a{number}" for number in range(before)
    ]


def test_a_manifest_that_catches_up_with_the_service_changes_nothing(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["spec"]["minProvisionedTPS"] = 9
    settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] = 9
    plan = settled.plan(docs)
    assert not plan.has_changes
    assert [step.id for step in plan.steps] == ["record:Campaign/c"]
    settled.apply(docs, plan)
    assert settled.plan(docs).drift == ()


def test_what_is_gone_is_created_again_under_its_name(settled: World) -> None:
    del settled.service.resources[settled.service.arn("campaign/c")]
    plan = settled.plan(movies())
    assert plan.drift == (Drift(CAMPAIGN, missing=True),)
    assert actions(plan) == {"Campaign/c": "create"}
    assert changes(plan)["Campaign/c"].reasons[0].code is ReasonCode.MISSING
    settled.settle(movies())


def test_a_dataset_that_is_gone_is_filled_again(settled: World) -> None:
    arn = settled.service.arn("dataset/g/INTERACTIONS")
    del settled.service.resources[arn], settled.service.rows[arn]
    plan = settled.plan(movies())
    assert actions(plan) == {
        "Dataset/d": "create",
        "DatasetImport/full": "import",
        "DatasetImport/more": "import",
        "SolutionVersion/x": "train",
        "Campaign/c": "deploy",
    }
    settled.settle(movies())


def test_what_is_gone_and_not_declared_is_only_forgotten(settled: World) -> None:
    del settled.service.resources[settled.service.arn("campaign/c")]
    docs = movies()
    del docs["Campaign/c"]
    assert actions(settled.plan(docs)) == {"Campaign/c": "forget"}


def test_without_refresh_nothing_is_read(settled: World) -> None:
    settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] = 9
    reads = settled.service.reads
    plan = settled.plan(movies(recipe="aws-sims"), refresh=False)
    assert settled.service.reads == reads
    assert actions(plan)["Solution/x"] == "replace"
    assert plan.drift == ()


def test_planning_writes_nothing(settled: World) -> None:
    log, rows = len(settled.service.log), dict(settled.state.rows)
    settled.plan(movies(recipe="aws-sims"))
    assert len(settled.service.log) == log
    assert settled.state.rows == rows


def test_a_change_that_was_cut_short_once_it_was_done_is_closed(settled: World) -> None:
    """Left open it would hide what others change later."""
    arn = settled.service.arn("campaign/c")
    settled.state.open["untag:Campaign/c"] = Intent(CAMPAIGN, "untag:Campaign/c", "tag", "c", arn, "killed")
    plan = settled.plan(movies())
    assert not plan.has_changes
    assert [step.id for step in plan.steps] == ["record:Campaign/c"]
