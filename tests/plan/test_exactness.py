"""What a plan says is what an apply does, and then there is nothing left to do: for random projects and
edits.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan import PlanOptions, make
from pzdecl.plan.file import dump, load
from pzdecl.plan.model import Action, Plan
from tests.plan.projects import content, project
from tests.plan.random_projects import Docs, edited, projects
from tests.plan.service import FakeService
from tests.plan.simulator import FakeState, Killed, Simulator

HOLDING = {name for name, kind in KINDS.items() if kind.holds_data}


class World:
    """A state, a service, and the files that imports read."""

    def __init__(self) -> None:
        self.state, self.service = FakeState(), FakeService()
        self.files: dict[str, str] = {}

    def plan(self, docs: Docs, **options: Any) -> Plan:
        data = {
            Address.parse(address): content(self.files.get(address, "o"))
            for address, doc in docs.items()
            if address.startswith("DatasetImport/")
            and not doc["spec"]["dataSource"]["dataLocation"].startswith("s3:")
        }
        known = {*map(Address.parse, docs), *self.state.rows}
        allowed = options.pop("allow", True)
        allow = frozenset(a for a in known if allowed and a.kind in HOLDING)
        wanted = PlanOptions(data=data, allow_destroy=allow, **options)
        plan = make(project(docs), self.state, self.service, wanted)
        assert dump(load(dump(plan))) == dump(plan)
        return plan

    def apply(self, docs: Docs, plan: Plan, kill: int | None = None) -> Counter[str]:
        self.service.contents = {
            f"/project/{doc['spec']['dataSource']['dataLocation']}": self.files.get(address, "o")
            for address, doc in docs.items()
            if address.startswith("DatasetImport/")
        }
        return Simulator(project(docs), self.state, self.service, kill).apply(plan)

    def settle(self, docs: Docs, *, resumed: bool = False, **options: Any) -> None:
        """Plans, applies, compares; then plans again. What is `resumed` may need fewer requests than a plan
        says.
        """
        plan = self.plan(docs, **options)
        log = len(self.service.log)
        done = self.apply(docs, plan)
        wanted = Counter(str(c.action) for c in plan.changes if c.action is not Action.NO_OP and not c.blocked)
        done.pop("no-op", None)
        assert done == wanted
        if not resumed:
            assert observed(self.service.log[log:]) == counted(plan)
        self.check(docs, plan)
        again = self.plan(docs, **options)
        assert [c for c in again.changes if c.action is not Action.NO_OP and not c.blocked] == []
        assert again.steps == ()
        assert again.drift == ()

    def check(self, docs: Docs, plan: Plan) -> None:
        """The service is as declared, but for what was blocked."""
        blocked = {change.address for change in plan.blocked}
        if not blocked:
            self._filled(docs)
        for address, desired in project(docs).resources.items():
            kind = KINDS[address.kind]
            if blocked:
                break
            row = self.state.rows[address]
            live = self.service.resources[row.arn]
            bindings = kind.bindings(desired.inputs, lambda a: self.state.rows[a].arn)
            if address.kind != "SolutionVersion":
                assert row.bindings == bindings
            wanted = kind.create(row.name, row.inputs, row.bindings, {}).params
            if address.kind != "SolutionVersion" or "config" in desired.inputs["when"]:
                assert row.inputs == desired.inputs
            for field, value in wanted.items():
                if field not in ("solutionConfig", "dataSource"):
                    assert live[field] == value, (address, field)
            if kind.taggable:
                assert self.service.tags[row.arn] == dict(desired.tags)
            if address.kind == "SolutionVersion" and "data" in desired.inputs["when"]:
                assert set(row.data or {}) >= {str(a) for a in desired.depends_on if a.kind == "DatasetImport"}
        managed = {row.arn for row in self.state.rows.values()} | {one.arn for one in self.state.left}
        jobs = {"DatasetImport", "SolutionVersion"}
        orphans = {a for a, one in self.service.resources.items() if one["_kind"] not in jobs} - managed
        assert not orphans
        assert not self.state.left or blocked or _untrained(self.state)

    def _filled(self, docs: Docs) -> None:
        """Every dataset holds what its imports bring, and every version was trained on that (twice is once)."""
        for address, doc in docs.items():
            if address.startswith("DatasetImport/"):
                location = doc["spec"]["dataSource"]["dataLocation"]
                path = location if location.startswith("s3:") else f"/project/{location}"
                rows = self.service.rows[self.state.rows[Address("Dataset", doc["spec"]["dataset"])].arn]
                assert f"{path}: {self.service.contents.get(path, '')}" in rows
        for address, desired in project(docs).resources.items():
            if address.kind == "SolutionVersion" and desired.inputs["when"] == ["config", "data"]:
                trained = self.service.resources[self.state.rows[address].arn]
                group = self.service.resources[trained["solutionArn"]]["datasetGroupArn"]
                for arn, rows in self.service.rows.items():
                    if rows and self.service.resources[arn]["datasetGroupArn"] == group:
                        assert set(trained["_rows"].get(arn, ())) == set(rows), (address, arn)


def _untrained(state: FakeState) -> bool:
    """A version that is not trained for a changed configuration goes on using the former solution."""
    return any(
        row.address.kind == "SolutionVersion" and row.bindings["solutionArn"] == one.arn
        for row in state.rows.values()
        for one in state.left
    )


def observed(log: list[tuple[str, dict[str, Any]]]) -> Counter[str]:
    return Counter(operation for operation, _ in log)


def counted(plan: Plan) -> Counter[str]:
    """The requests that follow from the changes alone."""
    calls: Counter[str] = Counter()
    steps = {step.id: step for step in plan.steps}
    for change in plan.changes:
        operations = KINDS[change.address.kind].operations
        if change.blocked or change.action in (Action.NO_OP, Action.FORGET):
            continue
        if change.action in (Action.CREATE, Action.REPLACE, Action.IMPORT, Action.TRAIN):
            calls[operations.create] += 1
        if change.action is Action.DELETE:
            calls[str(operations.delete)] += 1
        if change.action is Action.REPLACE:
            calls[str(operations.delete)] += sum(steps[i].op == "delete" for i in change.steps)
        if change.action in (Action.UPDATE, Action.DEPLOY):
            paths = {field.path for field in change.fields}
            if any(f.effect != "metadata" for f in change.fields):
                calls[str(operations.update)] += 1
            tags = [field for field in change.fields if field.path.startswith("tags.")]
            calls["tag_resource"] += any(field.after is not None for field in tags)
            calls["untag_resource"] += any(field.after is None for field in tags)
            assert paths
    return +calls


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_what_is_planned_is_done_and_then_nothing_is_left(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    world.settle(docs)
    for _ in range(data.draw(st.integers(1, 3))):
        docs = data.draw(edited(docs, world.files))
        world.settle(docs, allow=data.draw(st.booleans()))
    event("settled")


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_a_killed_apply_is_gone_on_with(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    if data.draw(st.booleans()):
        world.settle(docs)
        docs = data.draw(edited(docs, world.files))
    for _ in range(data.draw(st.integers(1, 3))):
        try:
            world.apply(docs, world.plan(docs), kill=data.draw(st.integers(0, 40)))
        except Killed:
            event("killed")
        if data.draw(st.integers(0, 3)) == 0:
            docs = data.draw(edited(docs, world.files))
    world.settle(docs, resumed=True)
    for operation, name in (("create_solution_version", "name"), ("create_dataset_import_job", "jobName")):
        begun = [params[name] for called, params in world.service.log if called == operation]
        assert len(begun) == len(set(begun)), f"{operation} was called twice for one run"


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data())
def test_nothing_protected_or_unnamed_is_touched(data: st.DataObject) -> None:
    world = World()
    docs = data.draw(projects())
    for address in data.draw(st.lists(st.sampled_from(sorted(docs)), unique=True)):
        docs[address]["lifecycle"] = {"protect": True}
    world.settle(docs)
    safe = {row.arn for row in world.state.rows.values() if row.protect and KINDS[row.address.kind].deletable}
    holding = {row.arn for row in world.state.rows.values() if row.address.kind in HOLDING}
    before = set(world.service.resources)
    changed = data.draw(edited(docs, world.files))
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
    docs = data.draw(projects())
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
