"""What a plan says is what an apply does, and then nothing is left to do: for random projects and edits."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan import selection
from pzdecl.plan.model import Op
from pzdecl.plan.steps import VOID
from pzdecl.state.moves import moved
from tests.plan.interference import BY_HAND, disturb
from tests.plan.random_projects import Docs, edited, expanded, projects, settled_moves
from tests.plan.simulator import Killed
from tests.plan.world import HOLDING, World


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_planned_is_done_and_then_nothing_is_left(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    world.settle(expanded(docs))
    for _ in range(data.draw(st.integers(1, 3))):
        if data.draw(st.booleans()):
            event(disturb(data.draw, world).split(" ")[0])
        docs = _edited(data, world, docs)
        if data.draw(st.booleans()):
            _apply_a_part(data, world, expanded(docs))
        world.settle(expanded(docs), allow=data.draw(st.booleans()))


def _edited(data: st.DataObject, world: World, docs: Docs) -> Docs:
    """Edits, and what is told of renames."""
    docs = data.draw(edited(docs, world.files, world.moved))
    open_ = {one.address for one in world.state.open.values()}
    world.moved = settled_moves(world.moved, expanded(docs).keys(), open_ | world.state.failed.keys())
    event(f"moved: {len(world.moved) > 0}")
    return docs


def _apply_a_part(data: st.DataObject, world: World, docs: Docs) -> None:
    """Plans for some addresses alone: nothing else is touched, on record or in the service."""
    project = world.project(docs)
    known = sorted({*project.resources, *world.state.rows})
    if not known:
        return
    asked = [str(one) for one in data.draw(st.lists(st.sampled_from(known), min_size=1, max_size=3))]
    targets, excludes = (asked, ()) if data.draw(st.booleans()) else ((), asked)
    scope = selection.scope(targets, excludes, project, world.state.rows, lambda revision: frozenset())
    assert scope is not None
    before = {row.address: row for row in world.state.rows.values()}
    plan = world.plan(docs, scope=scope)
    world.apply(docs, plan)
    emptied = {
        step.address for step in plan.steps if step.id.startswith(VOID)
    }  # what a FULL import clears away
    assert {step.address for step in plan.steps} <= scope | emptied
    done = {Address.parse(step.params["from"]): step.address for step in plan.steps if step.op is Op.MOVE}
    rows = {row.address: row for row in (moved(row, done) for row in before.values())}
    assert all(world.state.rows[a] == row for a, row in rows.items() if a not in scope | emptied)
    event(f"a part: {len(plan.steps) > 0}")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_killed_apply_is_gone_on_with(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    if data.draw(st.booleans()):
        world.settle(expanded(docs))
        docs = _edited(data, world, docs)
    for _ in range(data.draw(st.integers(1, 3))):
        wanted = expanded(docs)
        try:
            world.apply(wanted, world.plan(wanted), kill=data.draw(st.integers(0, 40)))
        except Killed:
            event("killed")
        if data.draw(st.integers(0, 3)) == 0:
            docs = _edited(data, world, docs)
        if data.draw(st.integers(0, 3)) == 0:
            event(disturb(data.draw, world).split(" ")[0])
    world.settle(expanded(docs), resumed=True)
    _begun_once(world)


def _begun_once(world: World) -> None:
    """No job was begun twice, unless what held its result was deleted in between."""
    jobs = {
        "create_solution_version": ("name", "solutionArn"),
        "create_dataset_import_job": ("jobName", "datasetArn"),
    }
    begun: dict[str, str] = {}
    for operation, params in world.service.log:
        if operation in ("delete_solution", "delete_dataset"):
            begun = {name: one for name, one in begun.items() if one not in params.values()}
        elif operation in jobs:
            name, above = (params[key] for key in jobs[operation])
            assert name == BY_HAND or name not in begun, f"{operation} was called twice for one run"
            begun[name] = above


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_protected_or_unnamed_is_touched(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    for address in data.draw(st.lists(st.sampled_from(sorted(docs)), unique=True)):
        docs[address]["lifecycle"] = {"protect": True}
    world.settle(expanded(docs))
    safe = {row.arn for row in world.state.rows.values() if row.protect and KINDS[row.address.kind].deletable}
    holding = {row.arn for row in world.state.rows.values() if row.address.kind in HOLDING}
    before = set(world.service.resources)
    changed = expanded(_edited(data, world, docs))
    destroy = data.draw(st.booleans())
    world.apply(changed, world.plan(changed, allow=False, destroy=destroy))
    deleted = before - set(world.service.resources)
    assert not deleted & safe
    if not destroy:
        assert not deleted & holding


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_destroying_leaves_nothing_and_building_again_works(data: st.DataObject) -> None:
    world = World()
    docs = expanded(data.draw(projects()))
    world.settle(docs)
    world.settle({}, destroy=True) if data.draw(st.booleans()) else world.settle({})
    assert world.state.rows == {}
    assert all(one["_kind"] == "DatasetImport" for one in world.service.resources.values())
    world.settle(docs)


@pytest.mark.slow
@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_many_kills_and_edits(data: st.DataObject) -> None:
    test_a_killed_apply_is_gone_on_with.hypothesis.inner_test(data)  # type: ignore[attr-defined]


@pytest.mark.slow
@settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_many_edits_and_parts(data: st.DataObject) -> None:
    test_what_is_planned_is_done_and_then_nothing_is_left.hypothesis.inner_test(data)  # type: ignore[attr-defined]
