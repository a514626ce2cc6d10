"""Plans of a part of a project."""

from __future__ import annotations

from collections.abc import Collection

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pzdecl.errors import UsageError
from pzdecl.kinds.address import Address
from pzdecl.plan import selection
from pzdecl.plan.model import Action, ReasonCode
from tests.plan.projects import Documents, movies, project
from tests.plan.random_projects import edited, expanded, projects
from tests.plan.world import World, actions, changes

HIDDEN = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 64}}}


def nothing(revision: str) -> Collection[Address]:
    raise AssertionError(revision)


def scope(
    world: World, docs: Documents, *targets: str, exclude: Collection[str] = (), destroy: bool = False
) -> set[str]:
    found = selection.scope(targets, exclude, project(docs), world.state.rows, nothing, destroy=destroy)
    assert found is not None
    return {str(address) for address in found}


def test_without_selectors_all_is_planned(settled: World) -> None:
    assert selection.scope([], [], project(movies()), settled.state.rows, nothing) is None


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("Dataset/d", {"Dataset/d", "Schema/s", "DatasetGroup/g"}),
        ("dataset/D", {"Dataset/d", "Schema/s", "DatasetGroup/g"}),
        ("kind:schema", {"Schema/s"}),
        ("*/t", {"EventTracker/t", "DatasetGroup/g"}),
        ("tag:team", {"DatasetGroup/g"}),
        ("tag:team=discovery", {"DatasetGroup/g"}),
        ("+EventTracker/t", {"EventTracker/t", "DatasetGroup/g"}),
        ("Campaign/c", {*movies(), "SolutionVersion/x"} - {"EventTracker/t"}),
    ],
)
def test_a_target_and_what_it_needs(selector: str, found: set[str], world: World) -> None:
    docs = movies()
    assert scope(world, docs, selector) == found


def test_a_solution_means_its_training_too_and_plus_means_all_that_need_it(world: World) -> None:
    docs = movies()
    chosen = scope(world, docs, "Solution/x")
    assert "SolutionVersion/x" in chosen
    assert "Campaign/c" not in chosen
    assert "Campaign/c" in scope(world, docs, "Solution/x+")


def test_what_needs_an_excluded_resource_is_excluded(world: World) -> None:
    docs = movies()
    assert scope(world, docs, exclude=["Solution/x"]) == {*docs} - {"Solution/x", "Campaign/c"}
    assert scope(world, docs, "Campaign/c", exclude=["EventTracker/t"]) == {*docs, "SolutionVersion/x"} - {
        "EventTracker/t"
    }


@pytest.mark.parametrize(
    ("selector", "hint"),
    [
        ("Campain/c", "Campaign/c"),
        ("kind:campain", "kind:Campaign"),
        ("tagg:team", "tag:"),
        ("tag:nobody", "pzdecl graph"),
        ("nothing:x", "changed-since:"),
    ],
)
def test_a_selector_that_finds_nothing_says_what_was_meant(selector: str, hint: str, world: World) -> None:
    with pytest.raises(UsageError) as raised:
        scope(world, movies(), selector)
    assert f"--target {selector}" in str(raised.value)
    assert hint in str(raised.value.hint)


def only(world: World, docs: Documents, *targets: str, **options: object) -> frozenset[Address] | None:
    return selection.scope(targets, [], project(docs), world.state.rows, nothing, **options)  # type: ignore[arg-type]


def test_what_is_left_out_stays_as_it_is(settled: World) -> None:
    docs = movies(**HIDDEN)
    docs["DatasetGroup/g"]["tags"] = {"team": "other"}
    plan = settled.plan(docs, scope=only(settled, docs, "DatasetGroup/g"))
    assert plan.partial
    assert actions(plan) == {"DatasetGroup/g": "update"}
    assert set(changes(plan)) == {"DatasetGroup/g"}
    before = {a: row for a, row in settled.state.rows.items() if a.kind != "DatasetGroup"}
    settled.apply(docs, plan)
    assert {a: row for a, row in settled.state.rows.items() if a.kind != "DatasetGroup"} == before
    assert set(actions(settled.plan(docs))) == {"Solution/x", "SolutionVersion/x", "Campaign/c"}


def test_a_deletion_takes_along_what_needs_it(settled: World) -> None:
    docs = {a: d for a, d in movies().items() if a not in ("Solution/x", "Campaign/c", "EventTracker/t")}
    plan = settled.plan(docs, scope=only(settled, docs, "Solution/x"))
    assert actions(plan) == {"Solution/x": "delete", "SolutionVersion/x": "forget", "Campaign/c": "delete"}
    kept = selection.scope([], ["Campaign/c"], project(docs), settled.state.rows, nothing)
    assert actions(settled.plan(docs, scope=kept)) == {"EventTracker/t": "delete"}


def test_destroying_a_part(settled: World) -> None:
    docs = movies()
    plan = settled.plan(docs, destroy=True, scope=only(settled, docs, "Campaign/c", destroy=True))
    assert actions(plan) == {"Campaign/c": "delete"}
    plan = settled.plan(docs, destroy=True, scope=only(settled, docs, "DatasetGroup/g", destroy=True))
    assert "Schema/s" not in actions(plan)
    assert {"Campaign/c", "Dataset/d", "DatasetGroup/g"} <= set(actions(plan))


def test_a_place_that_is_not_given_up_blocks(settled: World) -> None:
    docs = movies()
    docs["EventTracker/other"] = docs.pop("EventTracker/t")
    plan = settled.plan(docs, scope=only(settled, docs, "EventTracker/other"))
    [blocked] = plan.blocked
    assert blocked.blocked is not None
    assert blocked.blocked.code is ReasonCode.OUT_OF_SCOPE
    assert "--target EventTracker/t" in blocked.blocked.text


def test_a_former_solution_that_is_left_alone_keeps_its_group(settled: World) -> None:
    """The dataset may not go, so the campaign waits with the former solution; then all but that is applied."""
    docs = movies()
    docs["DatasetGroup/h"] = docs.pop("DatasetGroup/g")
    for doc in docs.values():
        if doc["spec"].get("datasetGroup") == "g":
            doc["spec"]["datasetGroup"] = "h"
    settled.settle(docs, allow=False)
    assert "x" in {one.name for one in settled.state.left}
    chosen = scope(settled, docs, exclude=["Solution/x"])
    plan = settled.plan(docs, scope=frozenset(map(Address.parse, chosen)))
    assert actions(plan)["DatasetGroup/g"] == "[delete]"
    settled.apply(docs, plan)
    settled.settle(docs)
    assert settled.service.arn("dataset-group/g") not in settled.service.resources


def test_what_an_import_clears_away_is_brought_again_by_the_next_plan(settled: World) -> None:
    docs = movies()
    settled.files["DatasetImport/full"] = "other content"
    plan = settled.plan(docs, scope=only(settled, docs, "DatasetImport/full"))
    [change] = [one for one in plan.changes if one.action is Action.IMPORT]
    assert "clears away what DatasetImport/more had brought" in change.reasons[-1].text
    settled.apply(docs, plan)
    assert settled.state.rows[Address("DatasetImport", "more")].data is None
    assert actions(settled.plan(docs))["DatasetImport/more"] == "import"
    settled.settle(docs)


def test_what_is_left_out_cannot_be_retrained(settled: World) -> None:
    docs = movies()
    with pytest.raises(UsageError, match="leave it out"):
        settled.plan(
            docs,
            retrain=frozenset({Address("SolutionVersion", "x")}),
            scope=only(settled, docs, "EventTracker/t"),
        )


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_part_can_be_applied_by_itself_and_then_the_rest(data: st.DataObject) -> None:
    world = World()
    drawn = data.draw(projects())
    if data.draw(st.booleans()):
        world.settle(expanded(drawn))
        drawn = data.draw(edited(drawn, world.files))
    docs = expanded(drawn)
    known = sorted({*docs, *map(str, world.state.rows)})
    if not known:
        return
    named = data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3, unique=True))
    targets, excludes = (named, []) if data.draw(st.booleans()) else ([], named)
    chosen = selection.scope(targets, excludes, project(docs), world.state.rows, nothing)
    assert chosen is not None
    before = {a: (row.arn, row.inputs) for a, row in world.state.rows.items() if a not in chosen}
    plan = world.plan(docs, scope=chosen)
    assert {change.address for change in plan.changes} <= chosen
    world.apply(docs, plan)
    assert {
        a: (row.arn, row.inputs) for a, row in world.state.rows.items() if a in before and a not in chosen
    } == before
    again = world.plan(docs, scope=chosen)
    assert [c for c in again.changes if c.action is not Action.NO_OP and not c.blocked] == []
    world.settle(docs)


@pytest.mark.parametrize("name", ["Campaign/c", "Campaign/d", "kind:Campaign"])
def test_what_is_to_be_moved_is_named_by_either_address(name: str, settled: World) -> None:
    docs = movies()
    docs["Campaign/d"] = docs.pop("Campaign/c")
    docs["Campaign/d"]["spec"]["minProvisionedTPS"] = 3
    settled.moved = {Address("Campaign", "c"): Address("Campaign", "d")}

    def found(targets: Collection[str], **options: bool) -> set[str]:
        rows, declared = settled.state.rows, settled.project(docs)
        chosen = selection.scope(targets, (), declared, rows, nothing, **options)
        assert chosen is not None
        return {str(address) for address in chosen if address.kind == "Campaign"}

    assert found([name]) == {"Campaign/d"}
    assert found([name], moves=False) == {"Campaign/c"}, "--refresh-only moves nothing"
    assert found([name], destroy=True, moves=False) == {"Campaign/c"}
    plan = settled.plan(docs, scope=frozenset({Address("Campaign", "d")}))
    assert actions(plan) == {"Campaign/d": "update"}
    settled.apply(docs, plan)
    settled.settle(docs)
