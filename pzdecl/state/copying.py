"""A whole state as the bytes of a state file, and the other way round: moving it, keeping it, putting it back.

The lock is never copied.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import dataclass

from pzdecl.errors import PzdeclError, Refused
from pzdecl.state import files
from pzdecl.state.model import LockInfo
from pzdecl.state.sqlite import SqliteState
from pzdecl.state.store import State

TABLES = ("runs", "resources", "deposed", "steps", "failures")
"""All that is copied beside `meta`, in an order that keeps references whole."""
_COUNTED = frozenset({"runs", "steps", "failures"})
"""Tables whose rows are read in the order in which they came."""


def content(state: State) -> bytes:
    """The state as the bytes of a state file. Raises PzdeclError where there is no state yet."""
    with closing(_in_memory(state, files.FORMAT)) as connection:
        return connection.serialize()


def copied(state: State, form: int) -> State:
    """A copy in memory of a state of an older format, brought up to date there; for reading."""
    connection = _in_memory(state, form)
    files.migrate(connection)
    connection.execute("PRAGMA query_only = ON")
    return _Copy(state, connection)


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
                order = " ORDER BY rowid" if table in _COUNTED else ""
                rows = state.select(f"SELECT {', '.join(columns)} FROM {table}{order}")
                connection.executemany(_insert(table, columns), rows)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _columns(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]


def _insert(table: str, columns: list[str]) -> str:
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


@dataclass(frozen=True, slots=True)
class Summary:
    """What a state file holds, in numbers."""

    lineage: str
    serial: int
    resources: int


def replace(state: State, file: bytes, name: str, *, force: bool = False) -> Summary:
    """Puts what the file `name` holds in place of all that the state holds, in one transaction. Needs the lock.

    Its history comes along, and one more line. The lineage is the file's, the serial greater than both. A file
    of an older format is brought up to date in memory.

    Raises Refused unless `force` is set: where the lineages differ (and something is managed already), where
    the state is newer than the file, and where runs have begun things that the file knows nothing of. Raises
    StateDamaged or StateTooNew for a file that is no state.
    """
    connection = files.in_memory(file, name)
    with closing(SqliteState(name, connection)) as given:
        if files.checked_format(connection, name) < files.FORMAT:
            files.migrate(connection)
        lineage, serial = given.lineage, given.serial
        if not force:
            _check(state, given)
        with state.transaction():
            newest = max(serial, state.serial)
            for table in reversed(TABLES):
                state.write(f"DELETE FROM {table}")
            for table in TABLES:
                columns = _columns(connection, table)
                order = " ORDER BY rowid" if table in _COUNTED else ""
                for row in given.select(f"SELECT {', '.join(columns)} FROM {table}{order}"):
                    state.write(_insert(table, columns), row)
            for key, value in (("lineage", lineage), ("serial", str(newest))):
                state.write("UPDATE meta SET value = ? WHERE key = ?", (value, key))
            run = state.begin_run(command="state push", plan=None)
            state.touch()
            count = len(given.arns())
            state.end_run(run, outcome="done", counts={"push": count})
        return Summary(lineage, newest + 1, count)


def _check(state: State, given: State) -> None:
    managed = bool(state.arns())
    if state.lineage != given.lineage and (managed or state.serial):
        raise Refused(
            f"the file is of another state: its lineage is {given.lineage}, here it is {state.lineage}",
            hint="check the environment (-e); --force replaces all that is managed here",
        )
    if state.lineage == given.lineage and state.serial > given.serial:
        raise Refused(
            f"the file is older than the state: its serial is {given.serial}, here it is {state.serial}",
            hint="pull again and repeat your change; --force goes back to the file",
        )
    known = {(one.run, one.step) for one in given.intents()}
    lost = [one for one in state.intents() if (one.run, one.step) not in known]
    if lost:
        raise Refused(
            f"an earlier run of {lost[0].address} is not finished, and the file knows nothing of it",
            hint="run pzdecl apply first; --force forgets what was begun",
        )


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
