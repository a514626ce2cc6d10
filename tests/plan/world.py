"""A world in memory to plan and apply in, with the checks that hold after every apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import reject

from pzdecl.engine.errors import ResourceAlreadyExistsException, ResourceInUseException
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Policies, Project, Removal
from pzdecl.plan import PlanOptions, make
from pzdecl.plan.diff import Difference, differences, ignored
from pzdecl.plan.file import dump, load
from pzdecl.plan.model import Action, Change, Plan
from tests.plan.projects import Documents, content, project
from tests.plan.service import FakeService
from tests.plan.simulator import FakeState, Simulator

HOLDING = {name for name, kind in KINDS.items() if kind.holds_data}


class World:
    """A state, a service, and the files that imports read."""

    def __init__(self) -> None:
        self.state, self.service = FakeState(), FakeService()
        self.files: dict[str, str] = {}
        self.moved: dict[Address, Address] = {}
        self.removed: dict[Address, Removal] = {}
        self.policies = Policies()
        self.foreign: set[str] = set()
        """What others made: it is nobody's orphan."""
        self.kept: set[str] = set()
        """What was told to stay when it left state."""

    def project(self, docs: Documents) -> Project:
        return replace(project(docs), moved=self.moved, removed=self.removed, policies=self.policies)

    def plan(self, docs: Documents, **options: Any) -> Plan:
        data = {
            Address.parse(address): content(self.files.get(address, "o"))
            for address, doc in docs.items()
            if address.startswith("DatasetImport/")
            and not doc["spec"]["dataSource"]["dataLocation"].startswith("s3:")
        }
        known = {*map(Address.parse, docs), *self.state.rows}
        allow = options.pop("allow", True)
        if isinstance(allow, bool):
            allow = frozenset(a for a in known if allow and a.kind in HOLDING)
        wanted = PlanOptions(data=data, allow_destroy=allow, **options)
        plan = make(self.project(docs), self.state, self.service, wanted)
        assert dump(load(dump(plan))) == dump(plan)
        return plan

    def apply(self, docs: Documents, plan: Plan, kill: int | None = None) -> Counter[str]:
        self.service.contents = {
            f"/project/{doc['spec']['dataSource']['dataLocation']}": self.files.get(address, "o")
            for address, doc in docs.items()
            if address.startswith("DatasetImport/")
        }
        simulator = Simulator(self.project(docs), self.state, self.service, kill)
        try:
            return simulator.apply(plan)
        except (ResourceInUseException, ResourceAlreadyExistsException) as error:
            # What was retained earlier is nobody's any more: only the service can tell what it needs, or takes.
            trackers = "EventTracker" in str(error) and any(":event-tracker/" in arn for arn in self.kept)
            if trackers or any(f": {arn} still uses" in str(error) for arn in self.kept):
                reject()
            raise
        finally:
            self.kept |= simulator.forgotten

    def settle(self, docs: Documents, *, resumed: bool = False, **options: Any) -> None:
        """Plans, applies, compares; then plans again. What is `resumed` may need fewer requests than a plan
        says. Where protection is lifted by the plan, what that held back is what the next plan does.
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
        if lifting(plan):
            assert not lifting(again), "protection is lifted by one apply"
            self.settle(docs, **options)
            return
        assert [c for c in again.changes if c.action is not Action.NO_OP and not c.blocked] == []
        assert again.steps == ()
        assert {one.address for one in again.drift} <= {change.address for change in again.blocked}

    def check(self, docs: Documents, plan: Plan) -> None:
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
            patterns = desired.lifecycle.ignore_changes
            if address.kind != "SolutionVersion":
                assert not _unignored(row.bindings, bindings, patterns), address
            wanted = kind.create(row.name, row.inputs, row.bindings, {}).params
            if address.kind != "SolutionVersion" or "config" in desired.inputs["when"]:
                assert not _unignored(row.inputs, desired.inputs, patterns), address
            for field, value in wanted.items():
                if field not in ("solutionConfig", "dataSource"):
                    assert live[field] == value, (address, field)
            if kind.taggable:
                tags, wanted_tags = {"tags": self.service.tags[row.arn]}, {"tags": dict(desired.tags)}
                assert not _unignored(tags, wanted_tags, patterns), address
            if address.kind == "SolutionVersion" and "data" in desired.inputs["when"]:
                assert set(row.data or {}) >= {str(a) for a in desired.depends_on if a.kind == "DatasetImport"}
        managed = {row.arn for row in self.state.rows.values()} | {one.arn for one in self.state.left}
        # What is begun and blocked now is gone on with, or cleared away, once it is not.
        managed |= {one.arn for one in self.state.open.values() if one.arn and one.address in blocked}
        jobs = {"DatasetImport", "SolutionVersion"}
        orphans = {a for a, one in self.service.resources.items() if one["_kind"] not in jobs} - managed
        assert not orphans - self.foreign - self.kept
        assert not self.state.left or blocked or _used(self.state)

    def _filled(self, docs: Documents) -> None:
        """Every dataset holds what its imports bring, and every version was trained on that."""
        for address, doc in docs.items():
            if address.startswith("DatasetImport/"):
                location = doc["spec"]["dataSource"]["dataLocation"]
                path = location if location.startswith("s3:") else f"/project/{location}"
                line = f"{path}: {self.service.contents.get(path, '')}"
                dataset = self.state.rows[Address("Dataset", doc["spec"]["dataset"])].arn
                assert line in self.service.rows[dataset]
                for version in self._trained_on(dataset):
                    assert line in version["_rows"].get(dataset, ()), address

    def _trained_on(self, dataset: str) -> list[dict[str, Any]]:
        """The versions on record that follow the data of a dataset."""
        group = self.service.resources[dataset]["datasetGroupArn"]
        versions = [
            self.service.resources[row.arn]
            for row in self.state.rows.values()
            if row.address.kind == "SolutionVersion" and row.inputs["when"] == ["config", "data"]
        ]
        return [v for v in versions if self.service.resources[v["solutionArn"]]["datasetGroupArn"] == group]


def _unignored(
    there: Mapping[str, Any], wanted: Mapping[str, Any], patterns: Collection[str]
) -> list[Difference]:
    return [one for one in differences(there, wanted) if not ignored(one.path, patterns)]


def changes(plan: Plan) -> dict[str, Change]:
    """What a plan changes or refuses, by address; what earlier runs left as `Kind/name (name)`."""
    return {
        f"{c.address} ({c.deposed})" if c.deposed else str(c.address): c
        for c in plan.changes
        if c.action is not Action.NO_OP or c.blocked
    }


def lifting(plan: Plan) -> bool:
    """Whether the plan takes protection away, so that the next one may do what it refuses."""
    return any("this apply lifts that" in c.blocked.text for c in plan.changes if c.blocked)


def actions(plan: Plan) -> dict[str, str]:
    """What happens to which address; what is blocked is in brackets."""
    return {
        address: f"[{change.action}]" if change.blocked else str(change.action)
        for address, change in changes(plan).items()
    }


def _used(state: FakeState) -> bool:
    """A version that is not trained for a changed configuration goes on using the former solution, and so does
    a campaign whose solution is left alone.
    """
    bound = {arn for row in state.rows.values() for arn in row.bindings.values() if isinstance(arn, str)}
    return any(one.arn in bound or any(arn.startswith(f"{one.arn}/") for arn in bound) for one in state.left)


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
