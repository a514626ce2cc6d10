"""Plans for tests, written in a line a step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pzdecl import apply
from pzdecl.apply import Event, Pace, Run
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Change, Op, Plan, Step
from pzdecl.state import SqliteState, open_state, row_fingerprint
from tests.apply.service import CHOSEN, FakeService

QUICK = Pace(first=0.001, longest=0.005, patience=0.2, told=0.0, lag=0.03)

_ACTION = {
    Op.CREATE: Action.CREATE,
    Op.IMPORT: Action.IMPORT,
    Op.TRAIN: Action.TRAIN,
    Op.DEPLOY: Action.DEPLOY,
    Op.UPDATE: Action.UPDATE,
    Op.TAG: Action.UPDATE,
    Op.RECORD: Action.UPDATE,
    Op.DELETE: Action.DELETE,
    Op.FORGET: Action.FORGET,
}


def arn(text: str) -> str:
    return f"arn:aws:personalize:test:0:{text}"


def record(address: str, *, name: str | None = None, **changes: Any) -> dict[str, Any]:
    """A row in its JSON form; `arn` is a placeholder for whatever the service says."""
    return {
        "name": name or Address.parse(address).name,
        "arn": {"$arn": address},
        "inputs": {},
        "bindings": {},
        "tags": {},
        "fingerprints": {"spec": "s", "data": "d", "parents": "p", "metadata": "m"},
        "attributes": {},
        "data": None,
        "dependencies": [],
        "protect": False,
        "on_delete": "delete",
        "source": None,
        **changes,
    }


def make(
    address: str,
    needs: Iterable[str] = (),
    *,
    op: Op = Op.CREATE,
    name: str | None = None,
    params: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Step:
    """A step that creates, imports or trains; its id is the address unless `name` differs."""
    kind, name = KINDS[Address.parse(address).kind], name or Address.parse(address).name
    key = "jobName" if kind.name == "DatasetImport" else "name"
    return Step(
        id=f"{op} {address}",
        op=op,
        address=Address.parse(address),
        operation=kind.operations.create,
        params={key: name, **(params or {})},
        needs=tuple(needs),
        name=name,
        arn=None if kind.name in CHOSEN else arn(f"{kind.name}/{name}"),
        record=record(address, name=name, **changes),
    )


def remove(address: str, needs: Iterable[str] = (), *, at: str | None = None, deposed: bool = False) -> Step:
    kind = KINDS[Address.parse(address).kind]
    target = at or arn(address)
    return Step(
        id=f"delete {target}",
        op=Op.DELETE,
        address=Address.parse(address),
        operation=kind.operations.delete,
        params={kind.operations.arn_key: target},
        needs=tuple(needs),
        arn=target,
        deposed=deposed,
    )


def plan_of(*steps: Step, state: SqliteState | None = None, lineage: str | None = None) -> Plan:
    """A plan of these steps, made from the state as it is now."""
    actions: dict[Address, Action] = {}
    ids: dict[Address, tuple[str, ...]] = {}
    for step in steps:
        actions.setdefault(step.address, _ACTION[step.op])
        ids[step.address] = (*ids.get(step.address, ()), step.id)
    rows = state.resources() if state else {}
    return Plan(
        project="test",
        environment="default",
        lineage=lineage if lineage is not None else state.lineage if state else "",
        changes=tuple(
            Change(address, action, steps=ids[address]) for address, action in sorted(actions.items())
        ),
        steps=steps,
        expects={str(address): row_fingerprint(rows.get(address)) for address in actions},
    )


def hasty(state: SqliteState) -> SqliteState:
    """The state without waiting for the disk, which only a power cut would tell."""
    assert state._connection is not None
    state._connection.execute("PRAGMA synchronous = OFF")
    return state


class Bench:
    """A state, a service, and what the listener heard."""

    def __init__(self, folder: Path, service: FakeService | None = None) -> None:
        self.folder = folder
        self.path = folder / "state.db"
        self.state = hasty(open_state(self.path, create=True))
        self.service = service or FakeService()
        self.events: list[Event] = []
        self.secrets: dict[tuple[str, str], Any] = {}

    def plan(self, *steps: Step) -> Plan:
        return plan_of(*steps, state=self.state)

    def apply(self, plan: Plan, **options: Any) -> Run:
        options = {"pace": QUICK, "command": "apply", "listener": self.events.append, **options}
        options.setdefault("state", self.state)
        return apply.run(
            plan,
            client=options.pop("client", self.service),
            root=self.folder,
            resolve_sensitive=lambda address, path: self.secrets[str(address), path],
            **options,
        )

    def run(self, *steps: Step, **options: Any) -> Run:
        return self.apply(self.plan(*steps), **options)

    def managed(self) -> set[str]:
        """The ARNs that state knows as its own."""
        rows = {row.arn for row in self.state.resources().values()}
        return rows | {deposed.arn for deposed in self.state.deposed()}

    def told(self, kind: str) -> list[str]:
        return [str(event.address) for event in self.events if event.type.value == kind]
