"""A whole state as the bytes of a state file, and the other way round: moving it, keeping it, putting it back.

The lock is never copied.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pzdecl.errors import PzdeclError, Refused
from pzdecl.state import files
from pzdecl.state.errors import StateUnwritable, called, translated
from pzdecl.state.model import LockInfo
from pzdecl.state.sealing import MAGIC, Sealer
from pzdecl.state.sqlite import SqliteState
from pzdecl.state.store import State

TABLES = ("runs", "resources", "deposed", "steps", "failures")
"""All that is copied beside `meta`, in an order that keeps references whole."""
_COUNTED = frozenset({"runs", "steps", "failures"})
"""Tables whose rows are read in the order in which they came."""


SEALED = "state file"
"""What an encrypted file is bound to."""


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of a state; `backup` is where the former one is, None where there was nothing to keep."""

    lineage: str
    serial: int
    resources: int
    backup: Path | None = None


def content(state: State) -> bytes:
    """The state as the bytes of a state file. Raises PzdeclError where there is no state yet."""
    with closing(_in_memory(state, files.FORMAT)) as connection:
        return connection.serialize()


def copied(state: State, form: int) -> State:
    """A copy in memory of a state of an older format, brought up to date there; for reading."""
    connection = _in_memory(state, form)
    try:
        files.migrate(connection)
    except sqlite3.Error as error:
        connection.close()
        raise StateUnwritable(
            f"{called(state.where)} can't be upgraded from format {form} to {files.FORMAT}: {error}",
            hint="it was left as it was: go on with the version of pzdecl that wrote it",
        ) from error
    connection.execute("PRAGMA query_only = ON")
    return _Copy(state, connection)


def keep(state: State, folder: Path, name: str) -> Path | None:
    """Writes the state into a new file in the folder, for its owner alone; None where nothing is in it yet."""
    if not state.serial and not state.runs(1):
        return None
    path = folder / f"{name}-{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}-serial-{state.serial}.db"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(handle, "wb") as file:
            file.write(content(state))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise PzdeclError(
            f"the state can't be kept in {path}: {error.strerror or error}",
            hint="nothing was changed; make room, or let this user write there",
        ) from error
    return path


def read_file(path: Path, sealer: Sealer) -> bytes:
    """The state file at `path`, decrypted, with what its log beside it holds. Raises PzdeclError."""
    try:
        with path.open("rb") as file:
            found = file.read()
    except OSError as error:
        raise PzdeclError(
            f"{path} can't be read: {error.strerror}", hint="`pzdecl state pull > FILE` writes a state file"
        ) from error
    if found.startswith(MAGIC):
        return sealer.open(found, SEALED, str(path))
    connection = files.for_reading(path)
    assert connection is not None
    with closing(connection), translated(path):
        return connection.serialize()


def replace(
    state: State,
    file: bytes,
    name: str,
    *,
    force: bool = False,
    backups: Path | None = None,
    label: str = "state",
) -> Pushed:
    """Puts what the file `name` holds in place of all that the state holds, in one transaction. Needs the lock.

    What was there is kept in the folder `backups` first, in a file whose name begins with `label`.

    Its history comes along, and one more line. The lineage is the file's, the serial greater than both. A file
    of an older format is brought up to date in memory.

    Raises Refused unless `force` is set: where the lineages differ (and something is managed already), where
    the state is newer than the file, and where runs have begun things that the file knows nothing of. Raises
    StateDamaged or StateTooNew for a file that is no state.
    """
    connection = files.in_memory(file, name)
    with closing(SqliteState(name, connection)) as given:
        with translated(name):
            if files.checked_format(connection, name) < files.FORMAT:
                files.migrate(connection)
        if not force:
            _check(state, given)
        backup = None if backups is None else keep(state, backups, label)
        newest = max(given.serial, state.serial)
        with state.transaction():
            for table in reversed(TABLES):
                state.write(f"DELETE FROM {table}")
            for table in TABLES:
                columns = _columns(connection, table)
                for row in _rows(given, table, columns):
                    state.write(_insert(table, columns), row)
            for key, value in (("lineage", given.lineage), ("serial", str(newest))):
                state.write("UPDATE meta SET value = ? WHERE key = ?", (value, key))
            run = state.begin_run(command="state push", plan=None)
            state.touch()
            count = len(given.arns())
            state.end_run(run, outcome="done", counts={"push": count})
        return Pushed(given.lineage, newest + 1, count, backup)


def _check(state: State, given: State) -> None:
    if state.lineage != given.lineage and (state.serial or state.arns()):
        raise Refused(
            f"{given.where} is of another state: its lineage is {given.lineage}, here it is {state.lineage}",
            hint="check the environment (-e); --force replaces all that is managed here",
        )
    if state.lineage == given.lineage and state.serial > given.serial:
        raise Refused(
            f"{given.where} is older than the state: its serial is {given.serial}, here it is {state.serial}",
            hint="pull again and repeat your change; --force goes back to the file",
        )
    known = {(one.run, one.step) for one in given.intents()}
    lost = [one for one in state.intents() if (one.run, one.step) not in known]
    if lost:
        raise Refused(
            f"an earlier run of {lost[0].address} is not finished, and {given.where} knows nothing of it",
            hint="run pzdecl apply first; --force forgets what was begun",
        )


def _in_memory(state: State, form: int) -> sqlite3.Connection:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        with state.at_once():
            lineage, serial = state.lineage, state.serial
            if not lineage:
                raise PzdeclError("there is no state yet", hint="the first `pzdecl apply` makes one")
            files.furnish(connection, lineage, serial=serial, of=form)
            connection.execute("BEGIN")
            for table in TABLES:
                columns = _columns(connection, table)
                connection.executemany(_insert(table, columns), _rows(state, table, columns))
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _rows(state: State, table: str, columns: list[str]) -> list[tuple[object, ...]]:
    order = " ORDER BY rowid" if table in _COUNTED else ""
    return state.select(f"SELECT {', '.join(columns)} FROM {table}{order}")


def _insert(table: str, columns: list[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


class _Copy(SqliteState):
    """A copy in memory; the lock is still that of the original."""

    def __init__(self, original: State, connection: sqlite3.Connection) -> None:
        super().__init__(original.where, connection)
        self._original = original

    def lock_info(self) -> LockInfo | None:
        """Who holds the original's lock."""
        return self._original.lock_info()

    def unlock(self) -> LockInfo | None:
        """Takes the original's lock away."""
        return self._original.unlock()

    def close(self) -> None:
        """Closes both."""
        super().close()
        self._original.close()
