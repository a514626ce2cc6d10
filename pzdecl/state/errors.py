"""What can be wrong with a state file, in words for its owner.

::

    PzdeclError
    ├── StateDamaged    not a state file, truncated, or its pages are broken
    ├── StateTooNew     written by a newer pzdecl
    └── StateUnwritable disk full, no permission, or busy for too long
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pzdecl.errors import PzdeclError


class StateDamaged(PzdeclError):
    """The file can't be read as a state. Nothing was written to it."""

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(
            f"the state file {path} is damaged: {what}",
            hint="restore it from a backup; without it, pzdecl no longer knows what it manages",
        )


class StateTooNew(PzdeclError):
    """The file's format is newer than this version knows."""

    def __init__(self, path: Path, found: int, known: int) -> None:
        super().__init__(
            f"the state file {path} has format {found}; this version of pzdecl knows formats up to {known}",
            hint="use the newer version of pzdecl that wrote it: pip install --upgrade pzdecl",
        )


class StateUnwritable(PzdeclError):
    """The file can't be written just now. What was committed before is safe."""


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Turns SQLite's errors into those above."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "malformed" in text:
            raise StateDamaged(path, text) from error
        raise StateUnwritable(f"the state file {path} can't be used: {text}", hint=_remedy(text)) from error
    except sqlite3.DatabaseError as error:
        raise StateDamaged(path, str(error)) from error


def _remedy(text: str) -> str | None:
    if "full" in text or "I/O" in text:
        return "free some disk space and run the same command again: what was done is recorded"
    if "readonly" in text or "unable to open" in text:
        return "check that the file and its folder can be written by this user"
    if "locked" in text:
        return "another program has the file open for writing: wait for it, then run the same command again"
    return None
