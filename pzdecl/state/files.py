"""Opening a state file: born whole, checked for its format, upgraded with a way back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
import uuid
from contextlib import suppress
from pathlib import Path

from pzdecl.imports import without
from pzdecl.state.errors import StateDamaged, StateTooNew, StateUnwritable, Where, translated

FORMAT = 1
"""What this version reads and writes: the number of migrations in `migrations.py`."""

_APPLICATION_ID = 0x505A4443  # "PZDC": tells a state from any other SQLite file
_BUSY_MS = 10_000
_BIRTH = 600.0
"""Seconds that making a new state may take: what is older and not in place was left by a killed process."""


def for_writing(path: Path) -> sqlite3.Connection:
    """Opens the state at `path`, creating or upgrading it first where needed. WAL, synchronous FULL.

    Raises StateDamaged, StateTooNew, StateUnwritable.
    """
    if not path.exists():
        _give_birth(path)
    _clear(path)
    with translated(path):
        connection = connect(path)
        try:
            if checked_format(connection, path) < FORMAT:
                connection.close()
                _upgrade(path)
                connection = connect(path)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except BaseException:
            connection.close()
            raise
    return connection


def for_reading(path: Path) -> sqlite3.Connection | None:
    """Opens the state at `path` so that nothing can be written through it; None where there is no file.

    An older format is upgraded in memory: the file stays as it is. Raises StateDamaged, StateTooNew,
    StateUnwritable.
    """
    if not path.exists():
        return None
    with translated(path):
        connection = _connect_unwritable(path)
        try:
            if checked_format(connection, path) < FORMAT:
                copy = sqlite3.connect(":memory:", isolation_level=None)
                connection.backup(copy)
                connection.close()
                connection = copy
                migrate(connection)
            connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
    return connection


def connect(path: Path) -> sqlite3.Connection:
    """A connection in autocommit mode (transactions are begun explicitly) that waits for other writers."""
    if path.stat().st_size == 0:
        raise StateDamaged(path, "it is empty")
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
    return connection


def _connect_unwritable(path: Path) -> sqlite3.Connection:
    """Like `connect`, also where the file or its folder is read-only (SQLite would make a WAL there)."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return connect(path)
    pending = path.with_name(path.name + "-wal")
    immutable = not pending.exists() or pending.stat().st_size == 0
    uri = f"{path.absolute().as_uri()}?mode=ro{'&immutable=1' if immutable else ''}"
    return sqlite3.connect(uri, uri=True, isolation_level=None)


def checked_format(connection: sqlite3.Connection, where: Where) -> int:
    """The format of an open state. Raises StateDamaged if it is none, StateTooNew."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION_ID:
        raise StateDamaged(where, "it is not a state file of pzdecl")
    found = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if found > FORMAT:
        raise StateTooNew(where, found, FORMAT)
    return found


def _give_birth(path: Path) -> None:
    """Makes a new state beside `path` and links it into place: a kill leaves all of it or nothing.

    Of two processes that do this at once one wins, and both go on with its file.
    """
    young = path.with_name(f"{path.name}.new-{uuid.uuid4().hex[:8]}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        young.touch(mode=0o644, exist_ok=False)  # which says why it can't be; SQLite only says that it can't
        with translated(path):
            connection = sqlite3.connect(young, isolation_level=None)
            try:
                furnish(connection, str(uuid.uuid4()))
            finally:
                connection.close()
        _link(young, path)
    except OSError as error:
        raise StateUnwritable(
            f"the state file {path} can't be created: {error.strerror or error}",
            hint="check that its folder can be written by this user",
        ) from error
    finally:
        with suppress(OSError):
            young.unlink()


def _clear(path: Path) -> None:
    """Removes what processes left that were killed while they made the state."""
    with suppress(OSError):
        for young in path.parent.glob(f"{path.name}.new-*"):
            with suppress(OSError):
                if time.time() - young.stat().st_mtime > _BIRTH:
                    young.unlink()


def furnish(connection: sqlite3.Connection, lineage: str, *, serial: int = 0, of: int | None = None) -> None:
    """Makes a new state in an empty database, of an older format where one is named."""
    connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
    migrate(connection, of)
    connection.executemany(
        "INSERT INTO meta (key, value) VALUES (?, ?)", [("lineage", lineage), ("serial", serial)]
    )


def in_memory(content: bytes, where: Where) -> sqlite3.Connection:
    """The state whose file holds `content`, in memory. Raises StateDamaged, StateTooNew.

    Its format may be older than this version's: see `checked_format` and `migrate`.
    """
    if not content:
        raise StateDamaged(where, "it is empty")
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with translated(where):
            # The two bytes that say `in WAL mode`: a database in memory has no log beside it.
            connection.deserialize(content[:18] + b"\x01\x01" + content[20:])
            checked_format(connection, where)
    except BaseException:
        connection.close()
        raise
    return connection


def _link(young: Path, path: Path) -> None:
    try:
        os.link(young, path)
    except FileExistsError:
        return
    except OSError:  # a file system without hard links
        if not path.exists():
            young.replace(path)


def _upgrade(path: Path) -> None:
    """Runs the pending migrations; on any failure the file is put back as it was.

    The copy made before (`<name>.backup-format-<N>`) stays beside the file afterwards.
    """
    connection = connect(path)
    old = int(connection.execute("PRAGMA user_version").fetchone()[0])
    backup = path.with_name(f"{path.name}.backup-format-{old}")
    copy = sqlite3.connect(backup)
    connection.backup(copy)
    copy.close()
    try:
        # Out of WAL mode the database is this one file, so that putting the copy back puts everything back.
        connection.execute("PRAGMA journal_mode = DELETE")
        migrate(connection)
    except BaseException as error:
        connection.close()
        restored = path.with_name(f"{path.name}.restored")
        shutil.copyfile(backup, restored)
        restored.replace(path)
        if not isinstance(error, sqlite3.Error):
            raise
        raise StateUnwritable(
            f"the state file {path} can't be upgraded from format {old} to {FORMAT}: {error}",
            hint="it was put back as it was: go on with the version of pzdecl that wrote it",
        ) from error
    connection.close()


def migrate(connection: sqlite3.Connection, to: int | None = None) -> None:
    """Runs the pending migrations, up to the newest format unless one is named."""
    with without("pandas", "numpy"):
        from sqlite_utils import Database

        from pzdecl.state.migrations import migrations

    database = Database(connection)
    later = [] if to is None else [migration.name for migration in migrations.pending(database)][to:]
    migrations.apply(database, stop_before=later[:1])
    connection.execute(f"PRAGMA user_version = {to or FORMAT}")
