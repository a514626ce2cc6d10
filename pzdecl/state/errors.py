"""What can be wrong with a state, in words for its owner.

::

    PzdeclError
    ├── StateDamaged    not a state, truncated, or its pages or tables are broken
    ├── StateTooNew     written by a newer pzdecl
    └── StateUnwritable disk full, no permission, out of reach, or busy for too long
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pzdecl.errors import PzdeclError

Where = Path | str
"""A state's file, or in words the place elsewhere that it is kept in (never with a password)."""


def called(where: Where) -> str:
    """How a message calls the state."""
    return f"the state file {where}" if isinstance(where, Path) else f"the state {where}"


class StateDamaged(PzdeclError):
    """It can't be read as a state. Nothing was written to it."""

    def __init__(self, where: Where, what: str) -> None:
        super().__init__(
            f"{called(where)} is damaged: {what}",
            hint="restore it from a backup; without it, pzdecl no longer knows what it manages",
        )


class StateTooNew(PzdeclError):
    """Its format is newer than this version knows."""

    def __init__(self, where: Where, found: int, known: int) -> None:
        super().__init__(
            f"{called(where)} has format {found}; this version of pzdecl knows formats up to {known}",
            hint="use the newer version of pzdecl that wrote it: pip install --upgrade pzdecl",
        )


class StateUnwritable(PzdeclError):
    """It can't be read or written just now. What was committed before is safe."""


@contextmanager
def translated(where: Where) -> Iterator[None]:
    """Turns SQLite's errors into those above."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "malformed" in text:
            raise StateDamaged(where, text) from error
        raise StateUnwritable(f"{called(where)} can't be used: {text}", hint=_remedy(text)) from error
    except sqlite3.DatabaseError as error:
        raise StateDamaged(where, str(error)) from error


def _remedy(text: str) -> str | None:
    if "full" in text or "I/O" in text:
        return "free some disk space and run the same command again: what was done is recorded"
    if "readonly" in text or "unable to open" in text:
        return "check that the file and its folder can be written by this user"
    if "locked" in text:
        return "another program has the file open for writing: wait for it, then run the same command again"
    return None
