"""A random shop on the built-in engine, settled again and again, with what holds after every apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any

from pzdecl.engine.errors import ServiceError
from pzdecl.engine.jobs.worker import DEADLY
from pzdecl.engine.progress import Progress
from pzdecl.errors import InvalidProject
from pzdecl.kinds import KINDS
from pzdecl.kinds.base import Status
from pzdecl.kinds.listing import items
from pzdecl.plan.model import Action, Op, Plan
from pzdecl.project import Project, load
from pzdecl.providers.client import READ_PREFIXES, Client
from pzdecl.state.model import Recorded
from tests.e2e.random_shops import Shop
from tests.plan.world import counted
from tests.waiting import until

HOLDING = frozenset(name for name, kind in KINDS.items() if kind.holds_data)
GIVEN_UP = DEADLY.partition("{}")[0]
Calls = list[tuple[str, dict[str, Any]]]


class Listening:
    """A client that writes down what is written through it."""

    def __init__(self, client: Client, log: Calls) -> None:
        self._client, self._log = client, log

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        return self._client.read(operation, **params)

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        answer = self._client.call(operation, **params)
        if not operation.startswith(READ_PREFIXES):
            self._log.append((operation, params))
        return answer

    def arn(self, tail: str) -> str:
        return self._client.arn(tail)

    def progress(self, arn: str) -> Progress | None:
        return self._client.progress(arn)

    def close(self) -> None:
        self._client.close()


class Watched(Project):
    """A project whose requests are in `log`."""

    log: Calls

    @contextmanager
    def client(self, *, read_only: bool = True) -> Iterator[Client]:
        with super().client(read_only=read_only) as client:
            yield Listening(client, self.log)


class World:
    """The shop in a folder. `foreign` are ARNs that others made, `kept` those that pzdecl was told to keep."""

    def __init__(self, root: Path, shop: Shop, environment: str | None = None) -> None:
        self.root, self.environment = root, environment
        self.foreign: set[str] = set()
        self.kept: set[str] = set()
        self.shop = shop
        assert self.take(shop)

    def take(self, shop: Shop) -> bool:
        """Writes the manifests, unless they are not valid: then the former ones stay."""
        shop.write(self.root)
        try:
            load(self.root)
        except InvalidProject as error:
            self.refused = error
            self.shop.write(self.root)
            return False
        self.shop = shop
        return True

    def project(self) -> Watched:
        project = Watched(load(self.root, environment=self.environment).declared)
        project.log = []
        return project

    # Applying

    def settle(self, *, allow: bool = True, resumed: bool = False, exact: bool = True, **options: Any) -> Plan:
        """Plans, applies, compares; then nothing is left to do. `resumed` runs send fewer requests, and go on
        after what was given up since too many processes had died over it.

        Where `allow` is False, data is only lost where a second plan allows it.
        """
        project = self.project()
        before = self.rows(project)
        allowed = self.allowed(project) if allow else ()
        plan = project.plan(allow_destroy=allowed, **options)
        there = self.live(project)
        run = project.apply(plan)
        if resumed and run.failed and all(one.message.startswith(GIVEN_UP) for one in run.failed):
            return self.settle(allow=allow, resumed=True, exact=exact, **options)
        assert run.outcome == "done", (run.outcome, run.failed, run.skipped)
        wanted = Counter(str(c.action) for c in plan.changes if c.action is not Action.NO_OP and not c.blocked)
        assert run.counts == dict(wanted)
        if not resumed:
            assert Counter(operation for operation, _ in project.log) == counted(plan)
        gone = {arn for kind, arns in there.items() for arn in arns} - {
            arn for arns in self.live(project).values() for arn in arns
        }
        safe = {row.arn for row in before.values() if row.protect}
        if not allow and not options.get("destroy"):
            safe |= {row.arn for row in before.values() if row.address.kind in HOLDING}
        assert not gone & safe
        self.kept |= {step.arn for step in plan.steps if step.op is Op.FORGET and step.arn}
        self.quiet(plan, **({"allow_destroy": allowed} | options))
        self.check(plan)
        return plan

    def stumble(self) -> None:
        """Applies what may fail in parts. What fails is on record or gone, and comes again in the next plan."""
        project = self.project()
        plan = project.plan(allow_destroy=self.allowed(project))
        run = project.apply(plan)
        self.kept |= {step.arn for step in plan.steps if step.op is Op.FORGET and step.arn}
        failed = {one.address for one in (*run.failed, *run.skipped)}
        assert (run.outcome == "done") == (not failed)
        project = self.project()
        again = {
            c.address for c in project.plan(allow_destroy=self.allowed(project)).changes if c.action != "no-op"
        }
        assert failed <= again

    def allowed(self, project: Project) -> list[str]:
        known = {*project.declared.resources, *self.rows(project)}
        return [str(address) for address in known if address.kind in HOLDING]

    def quiet(self, plan: Plan, **options: Any) -> None:
        """Nothing is left to do but what was refused, and that is refused again."""
        project = self.project()
        if options.get("allow_destroy"):
            known = set(self.allowed(project))
            options["allow_destroy"] = [one for one in options["allow_destroy"] if one in known]
        asked = [options.pop(key) for key in ("retrain", "replace") if key in options]
        again = project.plan(**options)
        left = [c for c in again.changes if c.action is not Action.NO_OP and not c.blocked]
        lifted = any("lifts that" in c.blocked.text for c in plan.blocked if c.blocked)
        # What was refused as it was asked for is wanted no more, and nothing has to wait for it.
        if not lifted and not (asked and plan.blocked):
            assert left == []
            assert again.steps == ()
            # What waited may have nothing to wait for any more, once what it followed has been done.
            assert {c.address for c in again.blocked} <= {c.address for c in plan.blocked}
        assert again.drift == ()

    # What holds

    def rows(self, project: Project) -> Mapping[Any, Any]:
        with project.state() as state:
            return dict(state.resources())

    def live(self, project: Project) -> dict[str, set[str]]:
        with project.client() as client:
            return {
                name: {str(one[kind.operations.arn_key]) for one in items(client, kind.operations)}
                for name, kind in KINDS.items()
            }

    def trained(self) -> set[str]:
        """The ARNs of the versions that were not given up."""
        with self.project().client() as client:
            versions = items(client, KINDS["SolutionVersion"].operations)
            return {str(one["solutionVersionArn"]) for one in versions if one["status"] != "CREATE FAILED"}

    def check(self, plan: Plan) -> None:
        """No orphans, and all that nobody refused is in the engine as it is declared."""
        project = self.project()
        with project.state() as state:
            rows, left = state.resources(), {one.arn for one in state.deposed()}
            assert not state.intents()
            # A failed attempt stays known while what would mend it is refused.
            assert plan.blocked or not state.failures(), state.failures()
            assert state.lock_info() is None
        there = self.live(project)
        deletable = {arn for kind, arns in there.items() if KINDS[kind].deletable for arn in arns}
        managed = {row.arn for row in rows.values()} | left
        assert deletable - managed <= self.foreign | self.kept, "orphans"
        blocked = {change.address for change in plan.blocked}
        with project.client() as client:
            for address, desired in project.declared.resources.items():
                row, kind = rows.get(address), KINDS[address.kind]
                if address in blocked or row is None:
                    continue
                assert row.arn in there[address.kind], f"{address} is not there"
                described = client.read(kind.operations.describe, **{kind.operations.arn_key: row.arn})
                found = described[kind.operations.describe_key]
                assert kind.status(found) is Status.READY
                if desired.lifecycle.ignore_changes:
                    continue
                for name, value in kind.create(row.name, row.inputs, row.bindings, {}).params.items():
                    if name not in ("solutionConfig", "dataSource", "schema"):
                        assert found.get(name, value) == value, (address, name)
                if kind.taggable:
                    assert _tags(client, row.arn) == dict(desired.tags), address
            if not blocked:
                self._trained(project, rows)

    def _trained(self, project: Project, rows: Mapping[Any, Any]) -> None:
        """Versions are made from the content that was imported, and campaigns serve them."""
        for address, row in rows.items():
            if address.kind == "Campaign" and address in project.declared.resources:
                solution = row.inputs["solution"]
                version = next(r for a, r in rows.items() if str(a) == f"SolutionVersion/{solution}")
                assert row.bindings == {"solutionVersionArn": version.arn}
            if address.kind != "SolutionVersion" or "data" not in row.inputs["when"]:
                continue
            imports = [a for a in project.declared.resources[address].depends_on if a.kind == "DatasetImport"]
            for parent in imports:
                content = rows[parent].data[str(parent)]["sha256"]
                assert row.data[str(parent)]["sha256"] == content, (address, parent)

    # What others do

    def disturb(self, rng: Random) -> str:
        """Changes something behind pzdecl's back; says what."""
        project = self.project()
        rows = sorted(self.rows(project).values(), key=lambda row: row.address)
        foreign = rng.random() < 0.2
        with project.client(read_only=False) as client:
            try:
                return self._intrude(client, rng) if foreign else rng.choice(DISTURBANCES)(client, rows, rng)
            except ServiceError as error:
                return f"refused: {error}"

    def _intrude(self, client: Client, rng: Random) -> str:
        name = f"{rng.choice('gh')}-items" if rng.random() < 0.5 else f"n{rng.randint(0, 9)}"
        self.foreign.add(client.call("create_dataset_group", name=name)["datasetGroupArn"])
        return f"made a foreign group {name}"


def _delete(client: Client, rows: list[Recorded], rng: Random) -> str:
    able = [row for row in rows if KINDS[row.address.kind].deletable]
    if not able:
        return "nothing"
    row = rng.choice(able)
    call = KINDS[row.address.kind].delete(row.arn)
    client.call(call.operation, **call.params)
    return f"deleted {row.address}"


def _label(client: Client, rows: list[Recorded], rng: Random) -> str:
    able = [row for row in rows if KINDS[row.address.kind].taggable]
    if not able:
        return "nothing"
    row = rng.choice(able)
    tags = [{"tagKey": rng.choice(("team", "cost")), "tagValue": "z"}]
    client.call("tag_resource", resourceArn=row.arn, tags=tags)
    return f"tags of {row.address}"


def _throttle(client: Client, rows: list[Recorded], rng: Random) -> str:
    for row in rows:
        if row.address.kind == "Campaign":
            client.call("update_campaign", campaignArn=row.arn, minProvisionedTPS=rng.randint(5, 9))
            _wait(client, "Campaign", row.arn)
            return f"throughput of {row.address}"
    return "nothing"


def _deploy(client: Client, rows: list[Recorded], rng: Random) -> str:
    for row in rows:
        if row.address.kind == "Campaign":
            solution = str(row.bindings["solutionVersionArn"]).rpartition("/")[0]
            arn = client.call("create_solution_version", solutionArn=solution)["solutionVersionArn"]
            if not _wait(client, "SolutionVersion", arn):
                return f"a failed training of {row.address}"
            client.call("update_campaign", campaignArn=row.arn, solutionVersionArn=arn)
            _wait(client, "Campaign", row.arn)
            return f"version of {row.address}"
    return "nothing"


DISTURBANCES = (_delete, _label, _throttle, _deploy)


def _wait(client: Client, kind: str, arn: str) -> bool:
    """Whether it became ready rather than failed."""
    row = KINDS[kind]
    call = row.describe(arn)

    def look() -> Status:
        return row.status(client.read(call.operation, **call.params)[row.operations.describe_key])

    return until(look, lambda status: status is not Status.BUSY, why=arn) is Status.READY


def _tags(client: Client, arn: str) -> dict[str, str]:
    answer = client.read("list_tags_for_resource", resourceArn=arn)
    return {tag["tagKey"]: tag["tagValue"] for tag in answer["tags"]}
