"""Dropping what state takes for left over or begun, and the service has nothing of: no plan shows it then."""

from __future__ import annotations

from pzdecl.engine.errors import ServiceError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import BEGINNINGS
from pzdecl.plan.refresh import describe, present
from pzdecl.providers.client import Client
from pzdecl.state import State
from pzdecl.state.model import Intent


def sweep(run: str, state: State, client: Client) -> None:
    """Looks for everything that earlier runs began or left, once this one has done all that it could."""
    begun = [one for one in state.intents() if one.run != run and one.op in BEGINNINGS]
    listed: dict[str, dict[str, str]] = {}
    # All is asked before anything is written: nobody waits for the state while a service takes its time.
    nothing = [one for one in begun if _came_to_nothing(one, state, client, listed)]
    gone = [one for one in state.deposed() if _absent(one.address, one.arn, client)]
    with state.transaction():
        for intent in nothing:
            state.withdraw(intent.run, [intent.step])
        for deposed in gone:
            state.remove(run, "", deposed.address, deposed.arn)


def _came_to_nothing(intent: Intent, state: State, client: Client, listed: dict[str, dict[str, str]]) -> bool:
    kind = KINDS[intent.address.kind]
    if intent.arn is not None:
        return _absent(intent.address, intent.arn, client)
    if not kind.declared:
        # It would be listed below its parent, and went with that.
        return Address("Solution", intent.address.name) not in state.arns()
    try:
        if kind.name not in listed:
            listed[kind.name] = present(kind, client)
    except ServiceError:
        return False
    return intent.name not in listed[kind.name]


def _absent(address: Address, arn: str, client: Client) -> bool:
    """Whether the service says that nothing is there."""
    try:
        return describe(KINDS[address.kind], arn, client) is None
    except ServiceError:
        return False
