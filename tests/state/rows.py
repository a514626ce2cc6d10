"""Rows and journals for tests."""

from __future__ import annotations

from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.state import State
from pzdecl.state.model import Fingerprints, Intent, Recorded


def row(address: str, arn: str | None = None, **changes: Any) -> Recorded:
    values: dict[str, Any] = {
        "name": Address.parse(address).name,
        "arn": arn or f"arn:{address}",
        "inputs": {"b": [1, {"c": None}], "a": "ü"},
        "bindings": {"datasetGroupArn": "arn:group"},
        "tags": {"team": "x"},
        "fingerprints": Fingerprints("1", "2", "3", "4"),
        **changes,
    }
    return Recorded(address=Address.parse(address), **values)


def intent(
    run: str, address: str, *, op: str = "create", arn: str | None = None, name: str | None = None
) -> Intent:
    parsed = Address.parse(address)
    return Intent(parsed, f"{op} {address}", op, name or parsed.name, arn, run)


def begin(state: State, plan: str | None = None) -> str:
    return state.begin_run(command="apply", plan=plan)


def put(state: State, run: str, recorded: Recorded, *, deletable: bool = True) -> None:
    """Journals and records a row in one go."""
    made = intent(run, str(recorded.address), name=recorded.name)
    state.intend([made])
    state.record(run, made.step, recorded, deletable=deletable)
