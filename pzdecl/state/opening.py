"""Opening a state, whatever it is kept in."""

from __future__ import annotations

from pathlib import Path
from typing import overload

from pzdecl.manifests.model import StateSettings
from pzdecl.state import files
from pzdecl.state.sqlite import SqliteState
from pzdecl.state.store import State


@overload
def open_state(where: Path, *, create: bool) -> SqliteState: ...
@overload
def open_state(where: StateSettings, *, create: bool) -> State: ...
def open_state(where: Path | StateSettings, *, create: bool) -> State:
    """Opens a state: a file by its path, or whatever the settings say.

    `create=True` is for writing: a missing state is made, an older format upgraded (with a backup beside it).
    `create=False` is for reading: nothing changes there, a missing state reads as an empty one.
    Raises StateDamaged, StateTooNew, StateUnwritable, and MissingExtra where a library is not installed.
    """
    if isinstance(where, Path):
        return SqliteState(where, files.for_writing(where) if create else files.for_reading(where))
    match where.type:
        case "postgres":
            from pzdecl.state.postgres import open_postgres

            assert where.schema
            return open_postgres(where.url, where.schema, create=create)
        case "s3":
            from pzdecl.state.s3 import open_s3

            return open_s3(where, create=create)
        case "file":
            assert where.path
            return open_state(where.path, create=create)
