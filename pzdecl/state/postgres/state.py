"""State in PostgreSQL.

A transaction's statements are collected and sent together with its beginning, the look for the lock and the
commit: one round trip for each transaction, however many steps it writes down.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pzdecl.state import files, lock
from pzdecl.state.errors import StateTooNew, StateUnwritable
from pzdecl.state.model import LockInfo
from pzdecl.state.postgres.connecting import translated
from pzdecl.state.store import State

if TYPE_CHECKING:
    from psycopg import Connection

_COLUMNS = ", ".join(lock.COLUMNS)
_NOW = "extract(epoch FROM clock_timestamp())"
_FENCE = "SELECT 1 / count(*) FROM (SELECT 1 FROM lock WHERE token = %s FOR KEY SHARE) AS held"
"""Fails where the lock is not ours; where it is, nobody can take it before the transaction has ended."""


class PostgresState(State):
    """A state in one schema. Reads go to the server each time; without a connection there is none yet.

    One connection serves the run and its heartbeat, which so keeps it alive; `_mutex` keeps them apart. Who
    holds the lock also holds an advisory lock of its session: when that is free, the session has ended.
    """

    def __init__(self, connection: Connection[tuple[Any, ...]] | None, where: str) -> None:
        super().__init__()
        self.where = where
        self._connection = connection
        self._mutex = threading.RLock()
        self._pending: list[tuple[str, Sequence[Any]]] = []
        self._sent = False
        """Whether the server has begun the transaction: a read in the middle of it needed what was written."""

    def close(self) -> None:
        """Closes the connection. Reading afterwards finds nothing."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    # The lock

    def lock_info(self) -> LockInfo | None:
        """Who holds the lock now, None if nobody does."""
        held = self.holder()
        return held.info if held else None

    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it, also where the state was opened for reading."""
        if self._connection is None:
            return None
        with self._mutex, translated(self.where), self._connection.transaction():
            self._connection.execute("SET TRANSACTION READ WRITE")
            held = self.holder(" FOR UPDATE")
            self._connection.execute("DELETE FROM lock")
        return held.info if held else None

    def holder(self, how: str = "") -> lock.Holder | None:
        """Who holds the lock, dead or alive; `how` is the lock that the row itself is read with."""
        rows = self.select(f"SELECT {_COLUMNS} FROM lock{how}")
        return lock.Holder.of(dict(zip(lock.COLUMNS, rows[0], strict=True))) if rows else None

    def _take(self, token: str, command: str) -> LockInfo | None:
        connection = self._open
        with self._mutex, translated(self.where), connection.transaction():
            connection.execute("LOCK TABLE lock IN SHARE ROW EXCLUSIVE MODE")  # one contender after the other
            [(found,)] = self.select("SELECT value FROM meta WHERE key = 'format'")
            if int(found) != files.FORMAT:  # somebody else has upgraded it since it was opened
                raise StateTooNew(self.where, int(found), files.FORMAT)
            held = self.holder()
            if held is not None and not held.process.is_gone() and not self._ended(held.info.token):
                return held.info
            connection.execute("DELETE FROM lock")
            claim = lock.claim(token, command)
            connection.execute(
                f"INSERT INTO lock (one, {_COLUMNS}) VALUES (1, %s, %s, %s, %s, %s, %s, %s, {_NOW}, {_NOW})",
                tuple(claim.values())[:-2],
            )
            connection.execute("SELECT pg_advisory_lock(%s::bigint)", (_session_lock(token),))
        return None

    def _ended(self, token: str) -> bool:
        """Whether a holder is dead, though on another machine: its session has ended, and it is silent since.

        Without its session it can't write any more, so nothing is at stake but what it had sent already.
        """
        [(free,)] = self.select(
            "SELECT pg_try_advisory_xact_lock(?::bigint) "
            f"FROM lock WHERE token = ? AND {_NOW} - heartbeat > ? UNION ALL SELECT false LIMIT 1",
            _session_lock(token),
            token,
            lock.LEASE,
        )
        return bool(free)

    def _beat(self, token: str) -> None:
        with self._mutex, translated(self.where):
            self._open.execute(f"UPDATE lock SET heartbeat = {_NOW} WHERE token = %s", (token,))

    def _free(self, token: str) -> None:
        with self._mutex, translated(self.where), self._open.pipeline():
            self._open.execute("DELETE FROM lock WHERE token = %s", (token,))
            self._open.execute("SELECT pg_advisory_unlock(%s::bigint)", (_session_lock(token),))

    # Transactions

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All that is read within is of one moment."""
        if self._connection is None or self._begun:
            yield
            return
        with self._mutex, self._connection.transaction():
            self._connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
            yield

    @property
    def _open(self) -> Connection[tuple[Any, ...]]:
        if self._connection is None:
            raise StateUnwritable(f"the state {self.where} isn't open for writing")
        return self._connection

    def _begin(self) -> None:
        if self._token is None:
            raise lock.lost(self.where, self.lock_info())
        self._pending = []

    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        self._pending.append((sql, parameters))

    def _commit(self) -> None:
        self._send(commit=True)

    def _rollback(self) -> None:
        self._pending = []
        if self._sent:
            with translated(self.where):
                self._undo()

    def _send(self, *, commit: bool) -> None:
        """Sends what was collected, and begins the transaction on the server if it hasn't begun there."""
        from psycopg.errors import DivisionByZero

        connection, pending, begins = self._open, self._pending, not self._sent
        self._pending = []
        if begins:
            self._mutex.acquire()
            self._sent = True
        try:
            with translated(self.where):
                try:
                    with connection.pipeline():
                        if begins:
                            connection.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
                            connection.execute(_FENCE, (self._token,))
                        for sql, parameters in pending:
                            connection.execute(_dialect(sql), [_plain(value) for value in parameters])
                        if commit:
                            connection.execute("COMMIT")
                except DivisionByZero:
                    connection.rollback()
                    raise lock.lost(self.where, self.lock_info()) from None
        except BaseException:
            if commit:
                with suppress(Exception):  # the connection may be gone, and the transaction with it
                    self._undo()
            raise
        if commit:
            self._sent = False
            self._mutex.release()

    def _undo(self) -> None:
        self._sent = False
        try:
            self._open.rollback()
        finally:
            self._mutex.release()

    def select(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a query; none where there is no state yet."""
        if self._connection is None:
            return []
        if self._pending:
            self._send(commit=False)
        with self._mutex, translated(self.where):
            return self._connection.execute(_dialect(sql), parameters).fetchall()


@lru_cache(maxsize=256)
def _dialect(sql: str) -> bytes:
    """The statement with psycopg's sign for parameters."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


def _plain(value: Any) -> Any:
    """The value without the one character that PostgreSQL's text can't hold."""
    return value.replace("\0", "") if isinstance(value, str) and "\0" in value else value


def _session_lock(token: str) -> int:
    """The number of the advisory lock of a holder's session: 60 bits of its token."""
    return int(token[:15], 16)
