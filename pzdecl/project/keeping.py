"""Changing the state alone: the service hears nothing of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.kinds.address import Address
from pzdecl.project.opening import Opened

if TYPE_CHECKING:
    from pzdecl.state import copying


class Keeping(Opened):
    """Moves, forgets, takes out and puts back what state holds."""

    def move(self, source: str, target: str) -> dict[Address, Address]:
        """Gives a resource another address, a Solution its training too; returns old and new addresses.

        Raises UsageError where there is no such resource, the kinds differ or the new address is taken.
        """
        from pzdecl.state import editing

        old = self.address(source)
        with self.locked(command="state mv") as state:
            return editing.move(state, old, target)

    def forget(self, address: str) -> list[Address]:
        """Takes a resource out of the state without deleting it, a Solution's training too."""
        from pzdecl.state import editing

        wanted = self.address(address)
        with self.locked(command="state rm") as state:
            return editing.forget(state, wanted)

    def pull_state(self) -> bytes:
        """The whole state as the bytes of a state file. Raises PzdeclError where there is none yet."""
        from pzdecl.state import copying

        with self.state() as state:
            return copying.content(state)

    def push_state(self, file: bytes, name: str, *, force: bool = False) -> copying.Pushed:
        """Puts a state file in place of the state, wherever that is kept; see `copying.replace`.

        What was there before is kept in `.pzdecl/state-backups/`. Raises Refused, StateDamaged, StateTooNew.
        """
        from pzdecl.state import copying

        with self.locked(command="state push") as state:
            backups = self.root / ".pzdecl/state-backups"
            return copying.replace(state, file, name, force=force, backups=backups, label=self.environment)
