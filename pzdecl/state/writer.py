"""The writing half of state, as applying sees it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from pzdecl.kinds.address import Address
from pzdecl.state.model import Failure, Intent, LockInfo, Reader, Recorded


class Writer(Reader, Protocol):
    """Everything that applying may do to state.

    Writes made within one `transaction()` are committed together and durably when it ends, or not at all; a
    write outside of one is a transaction of its own. All of them need the lock: StateLocked once it is lost.

    A step is journalled as `open` by `intend`, before its request is sent, and closed by one of `record`,
    `remove`, `complete`, `fail` or `withdraw`. Left open it is an intent that the next run finds.
    """

    def lock(self, *, command: str, timeout: float = 0.0) -> AbstractContextManager[None]:
        """Holds the state's lock, with a heartbeat. Nested use by the same object takes it once.

        Raises StateLocked, saying who holds it and since when, if it isn't free within `timeout` seconds.
        """
        ...

    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it; returns who that was, or None if it was free."""
        ...

    def transaction(self) -> AbstractContextManager[None]:
        """Groups writes into one commit."""
        ...

    def begin_run(self, *, command: str, plan: str | None) -> str:
        """Opens a line of history and returns its id.

        Runs that never ended are marked `killed`. Of what they left open only what makes something stays an
        intent: a change or a deletion is simply planned again.
        """
        ...

    def end_run(self, run: str, *, outcome: str, counts: Mapping[str, int]) -> None:
        """Closes a line of history."""
        ...

    def intend(self, intents: Sequence[Intent]) -> None:
        """Journals steps that are about to begin.

        An open intent of an earlier run for the same operation, address and name passes into the new one.
        One to create stays open while what it made is being deleted: a kill then must not lose it.
        """
        ...

    def set_arn(self, run: str, step: str, arn: str) -> None:
        """The service has answered: what the step makes is called `arn`."""
        ...

    def record(self, run: str, step: str, recorded: Recorded, *, deletable: bool) -> None:
        """Closes the step; writes the resource's row.

        What the row held until now and what failed for the address, under other ARNs, is kept as deposed where
        the service can delete it (`deletable`). Where it can't, it is forgotten, unfinished attempts too.
        """
        ...

    def remove(self, run: str, step: str, address: Address, arn: str | None) -> None:
        """Closes the step; forgets what state knows of `arn`: its row, deposed entry, failures, open intents.

        With `arn` None the row of the address goes, whatever its ARN.
        """
        ...

    def move(self, run: str, step: str, source: Address, target: Address) -> None:
        """Closes the step; what state knows of `source` is called `target` from now on, in all rows.

        Raises PzdeclError if something is recorded under `target` already.
        """
        ...

    def complete(self, run: str, step: str) -> None:
        """Closes a step that changes no row."""
        ...

    def fail(self, run: str, step: str, message: str, failure: Failure | None = None) -> None:
        """Closes the step as failed. `failure` is what the service ended in failure, for the next plan."""
        ...

    def withdraw(self, run: str, steps: Sequence[str]) -> None:
        """Takes back intents whose requests were never sent."""
        ...
