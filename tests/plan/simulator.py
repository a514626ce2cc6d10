"""State in memory, and an apply that does just what a plan's steps say."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pzdecl.engine.errors import ResourceNotFoundException
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import lookup
from pzdecl.manifests.model import Project
from pzdecl.plan.model import BEGINNINGS, Op, Plan, Step
from pzdecl.state.codec import from_json
from pzdecl.state.model import Deposed, Failure, Intent, LockInfo, Recorded, RunRecord
from pzdecl.state.moves import moved, moved_former
from tests.plan.service import FakeService

MAKING = {Op.CREATE, Op.IMPORT, Op.TRAIN}


class Killed(Exception):
    """The simulated process is gone."""


class FakeState:
    """Everything that a real state keeps, in dictionaries."""

    def __init__(self) -> None:
        self.lineage, self.serial = "6c1e6d3e-0000-4000-8000-000000000000", 1
        self.rows: dict[Address, Recorded] = {}
        self.left: list[Deposed] = []
        self.open: dict[str, Intent] = {}
        self.failed: dict[Address, list[Failure]] = {}

    def resources(self) -> Mapping[Address, Recorded]:
        return dict(sorted(self.rows.items()))

    def deposed(self) -> Sequence[Deposed]:
        return sorted(self.left, key=lambda one: (one.address, one.name))

    def intents(self) -> Sequence[Intent]:
        return list(self.open.values())

    def failures(self) -> Mapping[Address, Sequence[Failure]]:
        return {address: list(entries) for address, entries in sorted(self.failed.items())}

    def runs(self, limit: int = 20) -> Sequence[RunRecord]:
        return []

    def lock_info(self) -> LockInfo | None:
        return None

    def record(self, step: Step, row: Recorded) -> None:
        former = self.rows.get(row.address)
        if former and former.arn != row.arn and KINDS[row.address.kind].deletable:
            self.left.append(Deposed(former.address, former.name, former.arn, former.dependencies))
        if not KINDS[row.address.kind].deletable:
            self.open = {key: one for key, one in self.open.items() if one.address != row.address}
        self.open = {key: one for key, one in self.open.items() if one.arn != row.arn or key == step.id}
        self.rows[row.address] = row
        self.left = [one for one in self.left if one.arn != row.arn]
        self.failed.pop(row.address, None)
        self.open.pop(step.id, None)

    def begin(self) -> None:
        """What a run that was killed had begun to change or delete is closed: the plan has looked at it."""
        self.open = {key: one for key, one in self.open.items() if one.op in BEGINNINGS}

    def supersede(self, step: Step) -> None:
        """An open intent for the same operation, address and name passes into the new one."""
        same = (step.op, step.address, step.name)
        self.open = {key: one for key, one in self.open.items() if (one.op, one.address, one.name) != same}

    def move(self, step: Step) -> None:
        moves = {Address.parse(step.params["from"]): step.address}
        rows = (moved(row, moves) for row in self.rows.values())
        self.rows = {row.address: row for row in rows}
        self.left = [moved_former(one, moves) for one in self.left]
        self.open.pop(step.id, None)

    def remove(self, step: Step) -> None:
        row = self.rows.get(step.address)
        if row and row.arn == step.arn:
            del self.rows[step.address]
        self.left = [one for one in self.left if one.arn != step.arn]
        self.open = {
            k: i
            for k, i in self.open.items()
            if k != step.id and i.arn != step.arn and (i.address, i.name) != (step.address, step.name)
        }
        kept = [one for one in self.failed.pop(step.address, []) if one.arn != step.arn]
        if kept:
            self.failed[step.address] = kept


class Simulator:
    """Runs steps in their order. `kill` counts the points at which the process may go; None: it never does."""

    def __init__(
        self, project: Project, state: FakeState, service: FakeService, kill: int | None = None
    ) -> None:
        self.project, self.state, self.service, self.kill = project, state, service, kill
        self.forgotten: set[str] = set()
        """The ARNs of what was told to stay where it is."""

    def apply(self, plan: Plan) -> Counter[str]:
        """Carries out the plan; returns how many of each action were done, as its changes count them."""
        done: set[str] = set()
        self.state.begin()
        for step in plan.steps:
            assert set(step.needs) <= done, f"{step.id} comes before {set(step.needs) - done}"
            self._run(step)
            done.add(step.id)
        self._sweep()
        return Counter(
            str(change.action)
            for change in plan.changes
            if change.steps and not change.blocked and set(change.steps) <= done
        )

    def _sweep(self) -> None:
        """What state takes for left over or begun, and the service has nothing of, is forgotten."""
        there = self.service.resources
        self.state.left = [one for one in self.state.left if one.arn in there]
        self.state.open = {
            key: one for key, one in self.state.open.items() if one.arn is None or one.arn in there
        }

    def _point(self) -> None:
        if self.kill is not None:
            self.kill -= 1
            if self.kill < 0:
                raise Killed

    def _run(self, step: Step) -> None:
        kind = KINDS[step.address.kind]
        begun = self.state.open.get(step.id)
        self._point()
        self.state.supersede(step)
        self.state.open[step.id] = Intent(step.address, step.id, step.op, step.name, step.arn, "run")
        self._point()
        arn = step.arn
        if step.op in MAKING:
            arn = self._make(step, begun)
        elif step.op is Op.DELETE:
            with suppress(ResourceNotFoundException):
                self.service.call(step.operation or "", **dict(step.params))
        elif step.operation:
            self.service.call(step.operation, **self._resolved(step.params, step.address))
        self._point()
        if step.op is Op.MOVE:
            self.state.move(step)
            return
        if step.record is None:
            if step.op is Op.FORGET and step.arn:
                self.forgotten.add(step.arn)
            self.state.remove(step)
            return
        record = self._resolved(step.record, step.address, own=arn)
        attributes = {}
        if arn and step.op in MAKING:
            call = kind.describe(arn)
            attributes = kind.attributes(
                self.service.read(call.operation, **call.params)[kind.operations.describe_key]
            )
        record["attributes"] = {**record["attributes"], **attributes}
        self.state.record(step, from_json(step.address, record))

    def _make(self, step: Step, begun: Intent | None) -> str:
        kind = KINDS[step.address.kind]
        if begun:
            assert step.record
            bindings = self._resolved(step.record["bindings"], step.address)
            found = step.arn or kind.find(self.service, step.name or "", bindings)
            if found in self.service.resources:
                return str(found)
        params = self._resolved(step.params, step.address)
        answer = self.service.call(step.operation or "", **params)
        self._point()
        arn = str(answer[kind.operations.arn_key])
        assert step.arn in (None, arn), f"{step.id}: {step.arn} was predicted, it is {arn}"
        return arn

    def _resolved(self, value: Any, address: Address, own: str | None = None) -> Any:
        if isinstance(value, Mapping):
            if "$arn" in value:
                target = Address.parse(value["$arn"])
                return own if own and target == address else self.state.rows[target].arn
            if "$path" in value:
                return str(Path("/project") / value["$path"])
            if "$sensitive" in value:
                return lookup(self.project.resources[address].inputs, value["$sensitive"])
            return {key: self._resolved(inner, address, own) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._resolved(inner, address, own) for inner in value]
        return value
