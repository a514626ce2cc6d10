"""State in a SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from pzdecl.state import files, lock
from pzdecl.state.errors import StateUnwritable, Where, called, translated
from pzdecl.state.model import LockInfo
from pzdecl.state.store import State

_COLUMNS = ", ".join(lock.COLUMNS)


class SqliteState(State):
    """A state in a file, or in memory for those who derive from it.

    Reads go to the file each time. Without a connection there is no state yet.
    """

    def __init__(self, where: Where, connection: sqlite3.Connection | None) -> None:
        super().__init__()
        self.where = where
        self._connection = connection

    @property
    def path(self) -> Path:
        """The file."""
        return Path(self.where)

    def close(self) -> None:
        """Closes the file. Reading afterwards finds nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # The lock

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now, None if nobody does."""
        if self._connection is None:
            return None
        with translated(self.where):
            held = _holder(self._connection)
        return held.info if held else None

    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it, also where the state was opened for reading."""
        if self._connection is None:
            return None
        with translated(self.where), closing(files.connect(self.path)) as connection:
            return _release(connection, None)

    def _take(self, token: str, command: str) -> LockInfo | None:
        connection = self._open
        with translated(self.where):
            connection.execute("BEGIN IMMEDIATE")
            try:
                held = _holder(connection)
                if held is None or held.process.is_gone():
                    connection.execute(
                        f"INSERT OR REPLACE INTO lock (one, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        tuple(lock.claim(token, command).values()),
                    )
                    held = None
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
        return held.info if held else None

    def _beat(self, token: str) -> None:
        # A connection of its own: the other one belongs to the thread that opened it.
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(self.where, timeout=lock.HEARTBEAT)) as connection,
            connection,
        ):
            connection.execute("UPDATE lock SET heartbeat = ? WHERE token = ?", (time.time(), token))

    def _free(self, token: str) -> None:
        with translated(self.where):
            _release(self._open, token)

    # Transactions

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateUnwritable(f"{called(self.where)} isn't open for writing")
        return self._connection

    def _begin(self) -> None:
        with translated(self.where):
            self._open.execute("BEGIN IMMEDIATE")
            held = _holder(self._open)
        if self._token is None or held is None or held.info.token != self._token:
            self._open.execute("ROLLBACK")
            raise lock.lost(self.where, held.info if held else None)

    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        with translated(self.where):
            self._open.execute(sql, parameters)

    def _commit(self) -> None:
        with translated(self.where):
            try:
                self._open.execute("COMMIT")
            except sqlite3.Error:
                self._rollback()
                raise

    def _rollback(self) -> None:
        if self._open.in_transaction:
            self._open.execute("ROLLBACK")

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Everything that is read meanwhile is of one moment."""
        if self._connection is None or self._connection.in_transaction:
            yield
            return
        self._connection.execute("BEGIN")
        try:
            yield
        finally:
            self._connection.execute("ROLLBACK")

    def select(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no state yet."""
        if self._connection is None:
            return []
        with translated(self.where):
            return self._connection.execute(sql, parameters).fetchall()


def _holder(connection: sqlite3.Connection) -> lock.Holder | None:
    """Who holds the lock, dead or alive; None when it is free."""
    row = connection.execute(f"SELECT {_COLUMNS} FROM lock").fetchone()
    return None if row is None else lock.Holder.of(dict(zip(lock.COLUMNS, row, strict=True)))


def _release(connection: sqlite3.Connection, token: str | None) -> LockInfo | None:
    """Frees the lock if `token` holds it (None: whoever does). Returns who held it, None if that was nobody."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        held = _holder(connection)
        if held is not None and token in (None, held.info.token):
            connection.execute("DELETE FROM lock")
        else:
            held = None
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return held.info if held else None
