"""Changes of the state alone, of which the service hears nothing: `state mv` and `state rm`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager

from pzdecl.errors import PzdeclError, UsageError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.names import NAME_LENGTH, NAME_PATTERN
from pzdecl.state.writer import Writer


def move(state: Writer, old: Address, target: str) -> dict[Address, Address]:
    """Gives a resource another address, a Solution its training too; returns old and new addresses.

    Raises UsageError where it is not in the state, the kinds differ or the new address is taken.
    """
    try:
        new = Address.parse(target)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if new.kind != old.kind or not KINDS[old.kind].declared:
        raise UsageError(f"{old} cannot become {new}", hint=f"give it another name, such as {old.kind}/NAME")
    if len(new.name) > NAME_LENGTH or not re.fullmatch(NAME_PATTERN, new.name):
        raise UsageError(
            f"{old} cannot become {new}: no manifest can have that name",
            hint=f"expected 1 to {NAME_LENGTH} letters, digits, - and _",
        )
    rows = state.resources()
    moves = {a: Address(a.kind, new.name) for a in _with_version(old) if a in rows}
    if old not in moves:
        raise UsageError(f"{old} is not in the state", hint="`pzdecl state list` shows what is")
    taken = [b for b in moves.values() if b in rows]
    if taken:
        raise UsageError(f"{taken[0]} is in the state already", hint="`pzdecl state rm` forgets it")
    _refuse_unfinished(state, moves)
    with _history(state, "state mv", {"move": len(moves)}) as run, state.transaction():
        for a, b in moves.items():
            state.move(run, f"move:{b}", a, b)
    return moves


def forget(state: Writer, address: Address) -> list[Address]:
    """Takes a resource out of the state, a Solution's training too. Raises UsageError where it is not there."""
    rows = state.resources()
    gone = [a for a in _with_version(address) if a in rows]
    if address not in gone:
        raise UsageError(f"{address} is not in the state", hint="`pzdecl state list` shows what is")
    _refuse_unfinished(state, gone)
    with _history(state, "state rm", {"forget": len(gone)}) as run, state.transaction():
        for one in gone:
            state.remove(run, f"forget:{one}", one, rows[one].arn)
    return gone


def _with_version(address: Address) -> list[Address]:
    version = Address("SolutionVersion", address.name)
    return [address, version] if address.kind == "Solution" else [address]


def _refuse_unfinished(state: Writer, addresses: Iterable[Address]) -> None:
    busy = {intent.address for intent in state.intents()} & set(addresses)
    if busy:
        raise PzdeclError(
            f"an earlier run of {min(busy)} is not finished", hint="run pzdecl apply first: it goes on with it"
        )


@contextmanager
def _history(state: Writer, command: str, counts: Mapping[str, int]) -> Iterator[str]:
    """A line of history around changes of the state alone."""
    run = state.begin_run(command=command, plan=None)
    try:
        yield run
    except BaseException:
        state.end_run(run, outcome="partial", counts={})
        raise
    state.end_run(run, outcome="done", counts=counts)
