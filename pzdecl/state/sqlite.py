"""State in a SQLite file: rows, journal, history, and the lock that guards them."""

from __future__ import annotations

import sqlite3
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Self

from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.process import this_process, user
from pzdecl.state import files, lock
from pzdecl.state.codec import canonical
from pzdecl.state.errors import StateUnwritable, translated
from pzdecl.state.model import Failure, Intent, LockInfo, Recorded
from pzdecl.state.moves import moved
from pzdecl.state.reading import ROW, SqliteReader

_KEPT_RUNS = 200
"""Runs whose steps stay in the journal; older runs keep their line of history only."""


def open_state(path: Path, *, create: bool) -> SqliteState:
    """Opens the state file at `path`.

    `create=True` is for writing: a missing file is made, an older format upgraded (with a backup beside it).
    `create=False` is for reading: nothing on disk changes, a missing file reads as an empty state.
    Raises StateDamaged, StateTooNew or StateUnwritable.
    """
    return SqliteState(path, files.for_writing(path) if create else files.for_reading(path))


class SqliteState(SqliteReader):
    """A `Writer` (see there for what each method promises). Belongs to the thread that opened it."""

    def __init__(self, path: Path, connection: sqlite3.Connection | None) -> None:
        super().__init__(path, connection)
        self._token: str | None = None
        self._holds = 0
        self._depth = 0
        self._begun = False
        self._changed = False
        self._inherited: set[tuple[str, str, str | None]] = set()
        """Operation, address and name of earlier open intents: so few that most new ones need no UPDATE."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # The lock

    @contextmanager
    def lock(self, *, command: str, timeout: float = 0.0) -> Iterator[None]:
        """Holds the lock, with a heartbeat, while the block runs."""
        if self._holds == 0:
            self._token = lock.acquire(self._open, self.path, command, timeout)
        self._holds += 1
        heartbeat = lock.Heartbeat(self.path, str(self._token)) if self._holds == 1 else None
        try:
            yield
        finally:
            self._holds -= 1
            if heartbeat is not None:
                heartbeat.stop()
                token, self._token = self._token, None
                with translated(self.path):
                    lock.release(self._open, token)

    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it, also where the state was opened for reading."""
        if self._connection is None:
            return None
        with translated(self.path), closing(files.connect(self.path)) as connection:
            return lock.release(connection, None)

    # Transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begins with the first write, so that a transaction without one costs nothing."""
        self._depth += 1
        try:
            yield
        except BaseException:
            self._depth -= 1
            if self._depth == 0 and self._begun:
                self._begun = False
                self._open.execute("ROLLBACK")
            raise
        self._depth -= 1
        if self._depth == 0 and self._begun:
            self._begun = False
            with translated(self.path):
                self._commit()

    # History

    def begin_run(self, *, command: str, plan: str | None) -> str:
        """Opens a line of history; what earlier runs left open becomes resumable."""
        now = time.time()
        run = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{uuid.uuid4().hex[:6]}"
        with self.transaction():
            self._write("UPDATE runs SET outcome = 'killed' WHERE ended IS NULL AND outcome IS NULL")
            self._write(
                "UPDATE steps SET status = 'dropped', ended = ? "
                "WHERE status = 'open' AND op NOT IN ('create', 'import', 'train')",
                (now,),
            )
            self._write(
                "INSERT INTO runs (id, command, who, started, counts, plan) VALUES (?, ?, ?, ?, '{}', ?)",
                (run, command, f"{user()}@{this_process().host}", now, plan),
            )
            self._write(
                "DELETE FROM steps WHERE status <> 'open' AND run NOT IN "
                "(SELECT id FROM runs ORDER BY started DESC, rowid DESC LIMIT ?)",
                (_KEPT_RUNS,),
            )
        self._changed = False
        self._inherited = {(one.op, str(one.address), one.name) for one in self.intents()}
        return run

    def end_run(self, run: str, *, outcome: str, counts: Mapping[str, int]) -> None:
        """Closes a line of history."""
        self._write(
            "UPDATE runs SET ended = ?, outcome = ?, counts = ? WHERE id = ?",
            (time.time(), outcome, canonical(counts), run),
        )

    # The journal

    def intend(self, intents: Sequence[Intent]) -> None:
        """Journals steps that are about to begin."""
        now = time.time()
        with self.transaction():
            for intent in intents:
                if (intent.op, str(intent.address), intent.name) in self._inherited:
                    self._write(
                        "UPDATE steps SET status = 'resumed', ended = ? "
                        "WHERE status = 'open' AND run <> ? AND op = ? AND address = ? AND name IS ?",
                        (now, intent.run, intent.op, str(intent.address), intent.name),
                    )
                self._write(
                    "INSERT INTO steps (run, step, op, address, name, arn, status, began) "
                    "VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
                    (intent.run, intent.step, intent.op, str(intent.address), intent.name, intent.arn, now),
                )

    def set_arn(self, run: str, step: str, arn: str) -> None:
        """Notes what the service called the thing that a step makes."""
        self._write("UPDATE steps SET arn = ? WHERE run = ? AND step = ?", (arn, run, step))

    def record(self, run: str, step: str, recorded: Recorded, *, deletable: bool) -> None:
        """Closes a step and writes its resource's row."""
        address = str(recorded.address)
        with self.transaction():
            self._touch()
            self._close(run, step, "done")
            if deletable:
                self._depose(_FORMER, address, recorded.arn)
                self._depose(_FAILED, address, recorded.arn)
            elif self._inherited:
                self._write(_SUPERSEDE, (time.time(), address, run))
            self._write("DELETE FROM failures WHERE address = ?", (address,))
            self._write("DELETE FROM deposed WHERE arn = ?", (recorded.arn,))
            self._write(_PUT, _values(recorded))

    def remove(self, run: str, step: str, address: Address, arn: str | None) -> None:
        """Closes a step and forgets what it deleted."""
        with self.transaction():
            self._touch()
            if arn is None:
                self._write("DELETE FROM resources WHERE address = ?", (str(address),))
            else:
                self._write("DELETE FROM resources WHERE address = ? AND arn = ?", (str(address), arn))
                self._write("DELETE FROM deposed WHERE arn = ?", (arn,))
                self._write("DELETE FROM failures WHERE arn = ?", (arn,))
                if self._inherited:
                    # What was begun may have been killed before its ARN was written: then its name tells.
                    self._write(
                        "UPDATE steps SET status = 'removed', ended = ? WHERE status = 'open' AND run <> ? "
                        "AND (arn = ? OR (arn IS NULL AND address = ? AND name = "
                        "(SELECT name FROM steps WHERE run = ? AND step = ?)))",
                        (time.time(), run, arn, str(address), run, step),
                    )
            self._close(run, step, "done")

    def move(self, run: str, step: str, source: Address, target: Address) -> None:
        """Closes a step and gives a resource another address, in its own row and in those that mention it."""
        rows = self.resources()
        if target in rows:
            raise PzdeclError(f"{source} can't be moved: {target} is in the state already")
        changed = {address: moved(row, {source: target}) for address, row in rows.items()}
        with self.transaction():
            self._touch()
            for address, row in changed.items():
                if row is not rows[address]:
                    self._write("DELETE FROM resources WHERE address = ?", (str(address),))
                    self._write(_PUT, _values(row))
            for table in ("deposed", "failures"):
                self._write(f"UPDATE {table} SET address = ? WHERE address = ?", (str(target), str(source)))
            self._close(run, step, "done")

    def complete(self, run: str, step: str) -> None:
        """Closes a step that changes no row."""
        self._close(run, step, "done")

    def fail(self, run: str, step: str, message: str, failure: Failure | None = None) -> None:
        """Closes a step as failed."""
        with self.transaction():
            self._close(run, step, "failed", message)
            if failure is not None:
                self._touch()
                self._write(
                    "INSERT INTO failures (address, op, name, arn, message, failed) VALUES (?, ?, ?, ?, ?, ?)",
                    (str(failure.address), failure.op, failure.name, failure.arn, failure.message, time.time()),
                )

    def withdraw(self, run: str, steps: Sequence[str]) -> None:
        """Takes back intents whose requests were never sent."""
        with self.transaction():
            for step in steps:
                self._write("DELETE FROM steps WHERE run = ? AND step = ? AND status = 'open'", (run, step))

    # Within

    @property
    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            raise StateUnwritable(f"the state file {self.path} isn't open for writing")
        return self._connection

    def _write(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Runs one statement; the first of a transaction begins it and checks that the lock is still ours."""
        with self.transaction(), translated(self.path):
            if not self._begun:
                self._begin()
            self._open.execute(sql, parameters)

    def _begin(self) -> None:
        self._open.execute("BEGIN IMMEDIATE")
        holder = lock.read(self._open)
        if self._token is None or holder is None or holder.token != self._token:
            self._open.execute("ROLLBACK")
            raise lock.lost(self.path, holder)
        self._begun = True

    def _commit(self) -> None:
        try:
            self._open.execute("COMMIT")
        except sqlite3.Error:
            if self._open.in_transaction:
                self._open.execute("ROLLBACK")
            raise

    def _close(self, run: str, step: str, status: str, message: str | None = None) -> None:
        self._write(
            "UPDATE steps SET status = ?, ended = ?, message = ? WHERE run = ? AND step = ?",
            (status, time.time(), message, run, step),
        )

    def _touch(self) -> None:
        """Counts the serial up, once a run."""
        if not self._changed:
            self._changed = True
            self._write("UPDATE meta SET value = value + 1 WHERE key = 'serial'")

    def _depose(self, source: str, *parameters: str) -> None:
        self._write(f"INSERT OR IGNORE INTO deposed (arn, address, name, dependencies) {source}", parameters)


_FORMER = "SELECT arn, address, name, dependencies FROM resources WHERE address = ? AND arn <> ?"
_FAILED = "SELECT arn, address, COALESCE(name, ''), '[]' FROM failures WHERE address = ? AND arn <> ?"
_SUPERSEDE = "UPDATE steps SET status = 'dropped', ended = ? WHERE status = 'open' AND address = ? AND run <> ?"
_PUT = f"INSERT OR REPLACE INTO resources ({ROW}) VALUES ({', '.join('?' * len(ROW.split(',')))})"


def _values(recorded: Recorded) -> tuple[Any, ...]:
    prints = recorded.fingerprints
    return (
        str(recorded.address),
        recorded.name,
        recorded.arn,
        canonical(recorded.inputs),
        canonical(recorded.bindings),
        canonical(recorded.tags),
        prints.spec,
        prints.data,
        prints.parents,
        prints.metadata,
        canonical(recorded.attributes),
        None if recorded.data is None else canonical(recorded.data),
        canonical([str(address) for address in recorded.dependencies]),
        int(recorded.protect),
        recorded.on_delete,
        recorded.source,
    )
