"""`--refresh-only`: what moved behind our back is taken into state, and nothing is asked of the service."""

from __future__ import annotations

from typing import Any

import pytest

from pzdecl.errors import UsageError
from pzdecl.kinds.address import Address
from pzdecl.plan.model import ReasonCode
from pzdecl.state.model import Intent
from tests.plan.projects import movies
from tests.plan.simulator import Killed
from tests.plan.world import World, actions, changes

CAMPAIGN = Address("Campaign", "c")


@pytest.fixture
def drifted(settled: World) -> World:
    """A campaign with other capacity and tags, and a tracker that somebody deleted."""
    return drift(settled)


def drift(settled: World) -> World:
    service = settled.service
    service.resources[service.arn("campaign/c")]["minProvisionedTPS"] = 9
    service.tags[service.arn("campaign/c")] = {"mine": "yes"}
    del service.resources[settled.state.rows[Address("EventTracker", "t")].arn]
    return settled


def accept(world: World, docs: dict[str, Any], **options: Any) -> None:
    log = len(world.service.log)
    world.apply(docs, world.plan(docs, refresh_only=True, allow=False, **options))
    assert len(world.service.log) == log, "nothing is asked for that changes anything"


def test_what_moved_is_taken_into_state_and_what_is_gone_is_forgotten(drifted: World) -> None:
    plan = drifted.plan(movies(), refresh_only=True, allow=False)
    assert actions(plan) == {"Campaign/c": "accept", "EventTracker/t": "forget"}
    assert plan.has_changes
    assert plan.refresh_only
    assert {drift.address for drift in plan.drift} == {CAMPAIGN, Address("EventTracker", "t")}
    change = changes(plan)["Campaign/c"]
    assert [(r.code, r.text) for r in change.reasons] == [
        (ReasonCode.DRIFTED, "minProvisionedTPS 1 → 9"),
        (ReasonCode.DRIFTED, "tag mine added"),
    ]
    assert change.after
    assert change.after["spec"]["minProvisionedTPS"] == 9
    accept(drifted, movies())
    row = drifted.state.rows[CAMPAIGN]
    assert (row.inputs["minProvisionedTPS"], row.tags) == (9, {"mine": "yes"})
    again = drifted.plan(movies(), refresh_only=True, allow=False)
    assert not again.has_changes
    assert again.steps == ()


def test_the_next_plan_starts_from_what_runs(drifted: World) -> None:
    accept(drifted, movies())
    plan = drifted.plan(movies())
    assert plan.drift == ()
    assert actions(plan) == {"Campaign/c": "update", "EventTracker/t": "create"}
    assert changes(plan)["Campaign/c"].reasons[0].code is ReasonCode.FIELD_CHANGED
    docs = movies()
    docs["Campaign/c"] = {"spec": {"solution": "x", "minProvisionedTPS": 9}, "tags": {"mine": "yes"}}
    del docs["EventTracker/t"]
    assert not drifted.plan(docs).has_changes
    drifted.settle(movies())


def test_what_the_manifests_changed_meanwhile_waits(drifted: World) -> None:
    docs = {**movies(recipe="aws-sims"), "DatasetGroup/new": {"spec": {}}}
    del docs["Schema/s"]["spec"]["schema"]["version"]
    assert set(actions(drifted.plan(docs, refresh_only=True, allow=False))) == {"Campaign/c", "EventTracker/t"}


def test_what_is_ignored_is_not_accepted(settled: World) -> None:
    docs = movies()
    docs["Campaign/c"]["lifecycle"] = {"ignore_changes": ("minProvisionedTPS",)}
    settled.service.resources[settled.service.arn("campaign/c")]["minProvisionedTPS"] = 9
    assert not settled.plan(docs, refresh_only=True, allow=False).has_changes


def test_another_version_in_a_campaign(settled: World) -> None:
    call = settled.service.call
    solution = settled.service.arn("solution/x")
    arn = call("create_solution_version", solutionArn=solution, name="by-hand")["solutionVersionArn"]
    call("update_campaign", campaignArn=settled.service.arn("campaign/c"), solutionVersionArn=arn)
    accept(settled, movies())
    assert settled.state.rows[CAMPAIGN].bindings["solutionVersionArn"] == arn
    assert actions(settled.plan(movies())) == {"Campaign/c": "deploy"}
    settled.settle(movies())


def test_a_dataset_that_is_gone_takes_what_filled_it_along(settled: World) -> None:
    """Else the one that is made in its place would be taken for full."""
    arn = settled.service.arn("dataset/g/INTERACTIONS")
    del settled.service.resources[arn], settled.service.rows[arn]
    plan = settled.plan(movies(), refresh_only=True, allow=False)
    assert actions(plan) == {
        "Dataset/d": "forget",
        "DatasetImport/full": "forget",
        "DatasetImport/more": "forget",
    }
    assert changes(plan)["DatasetImport/full"].reasons[0].text == "Dataset/d is not there any more"
    accept(settled, movies())
    assert {"DatasetImport/full", "DatasetImport/more"} <= set(actions(settled.plan(movies())))
    settled.settle(movies())


def test_what_filled_it_is_not_left_behind(settled: World) -> None:
    arn = settled.service.arn("dataset/g/INTERACTIONS")
    del settled.service.resources[arn], settled.service.rows[arn]
    scope = frozenset({Address("Dataset", "d"), Address("DatasetImport", "full")})
    plan = settled.plan(movies(), refresh_only=True, allow=False, scope=scope)
    assert actions(plan) == {"Dataset/d": "[forget]", "DatasetImport/full": "forget"}
    [blocked] = plan.blocked
    assert blocked.blocked
    assert "--target DatasetImport/more" in blocked.blocked.text
    accept(settled, movies(), scope=scope)
    assert Address("Dataset", "d") in settled.state.rows


def test_a_part_of_it(drifted: World) -> None:
    scope = frozenset({CAMPAIGN})
    plan = drifted.plan(movies(), refresh_only=True, allow=False, scope=scope)
    assert actions(plan) == {"Campaign/c": "accept"}
    assert plan.partial
    accept(drifted, movies(), scope=scope)
    assert Address("EventTracker", "t") in drifted.state.rows


def test_what_a_run_has_begun_to_change_is_left_to_the_next_apply(drifted: World) -> None:
    arn = drifted.service.arn("campaign/c")
    drifted.state.open["update:Campaign/c"] = Intent(
        CAMPAIGN, "update:Campaign/c", "update", "c", arn, "killed"
    )
    assert actions(drifted.plan(movies(), refresh_only=True, allow=False)) == {"EventTracker/t": "forget"}


def test_killed_at_any_point_the_rest_is_accepted_the_next_time(drifted: World) -> None:
    for kill in range(6):
        fresh = World()
        fresh.settle(movies())
        log = len(drift(fresh).service.log)
        with pytest.raises(Killed):
            fresh.apply(movies(), fresh.plan(movies(), refresh_only=True, allow=False), kill)
        while (plan := fresh.plan(movies(), refresh_only=True, allow=False)).has_changes:
            fresh.apply(movies(), plan)
        assert CAMPAIGN in fresh.state.rows
        assert Address("EventTracker", "t") not in fresh.state.rows
        assert len(fresh.service.log) == log
    accept(drifted, movies())
    assert not drifted.plan(movies(), refresh_only=True, allow=False).has_changes
    drifted.settle(movies())


@pytest.mark.parametrize(
    ("flag", "options"),
    [
        ("--no-refresh", {"refresh": False}),
        ("--destroy", {"destroy": True}),
        ("--retrain", {"retrain": frozenset({Address("SolutionVersion", "x")})}),
        ("--replace", {"replace": frozenset({Address("Solution", "x")})}),
        ("--allow-destroy", {"allow": frozenset({Address("Dataset", "d")})}),
    ],
)
def test_what_it_excludes(settled: World, flag: str, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError, match=f"--refresh-only and {flag} exclude each other") as raised:
        settled.plan(movies(), **{"allow": False, "refresh_only": True, **options})
    assert raised.value.hint
