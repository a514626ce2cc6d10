"""A state's rows, journal and history, in SQL that SQLite and PostgreSQL understand alike."""

from __future__ import annotations

import time
import uuid
from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from typing import Any, Self

from pzdecl.errors import PzdeclError
from pzdecl.kinds.address import Address
from pzdecl.process import this_process, user
from pzdecl.state import lock
from pzdecl.state.codec import canonical
from pzdecl.state.model import Failure, Intent, LockInfo, Recorded
from pzdecl.state.moves import moved, moved_former
from pzdecl.state.reading import ROW, StateReader

_KEPT_RUNS = 200
"""Runs whose steps stay in the journal; older runs keep their line of history only."""


class State(StateReader):
    """A `Writer` (see there for what each method promises). Belongs to the thread that opened it.

    Each kind of state fills in how a transaction begins (with a look for the lock's token), how a statement is
    run in it and how it ends, and how the lock is taken, renewed and freed.
    """

    def __init__(self) -> None:
        self._token: str | None = None
        self._holds = 0
        self._heart: lock.Heartbeat | None = None
        self._depth = 0
        self._begun = False
        self._changed = False
        self._inherited: set[tuple[str, str, str | None]] = set()
        """Operation, address and name of earlier open intents: so few that most new ones need no UPDATE."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # What each kind of state fills in

    @abstractmethod
    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it, also where the state was opened for reading."""

    @abstractmethod
    def at_once(self) -> AbstractContextManager[None]:
        """All that is read within is of one moment."""

    @abstractmethod
    def _take(self, token: str, command: str) -> LockInfo | None:
        """Takes the lock if it is free or its holder is dead; returns None, or who holds it."""

    @abstractmethod
    def _beat(self, token: str) -> None:
        """Renews the lock, from the heartbeat's thread."""

    @abstractmethod
    def _free(self, token: str) -> None:
        """Frees the lock if `token` still holds it."""

    @abstractmethod
    def _begin(self) -> None:
        """Begins a transaction. Raises StateLocked where the lock is not ours any more."""

    @abstractmethod
    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        """Runs a statement in the transaction."""

    @abstractmethod
    def _commit(self) -> None:
        """Makes the transaction durable; nothing of it happened where that fails.

        Raises StateLocked at the latest here where the lock is not ours any more.
        """

    @abstractmethod
    def _rollback(self) -> None:
        """Ends the transaction as if it had never begun."""

    # The lock

    @contextmanager
    def lock(self, *, command: str, timeout: float = 0.0) -> Iterator[None]:
        """Holds the lock, with a heartbeat, while the block runs."""
        if self._holds == 0:
            self._token = token = lock.acquire(self._take, self.where, command, timeout)
            self._heart = lock.Heartbeat(partial(self._beat, token))
        self._holds += 1
        try:
            yield
        except BaseException:
            with suppress(PzdeclError):  # what went wrong first is what is told
                self._let_go()
            raise
        self._let_go()

    def _let_go(self) -> None:
        self._holds -= 1
        if self._holds == 0:
            if self._heart is not None:
                self._heart.stop()
            token, self._token, self._heart = self._token, None, None
            if token is not None:
                self._free(token)

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
                self._rollback()
            raise
        self._depth -= 1
        if self._depth == 0 and self._begun:
            self._begun = False
            self._commit()

    def write(self, sql: str, parameters: Sequence[Any] = ()) -> None:
        """Runs one statement; the first of a transaction begins it and checks that the lock is still ours."""
        with self.transaction():
            if not self._begun:
                self._begin()
                self._begun = True
            self._execute(sql, parameters)

    # History

    def begin_run(self, *, command: str, plan: str | None) -> str:
        """Opens a line of history; what earlier runs left open becomes resumable."""
        now = time.time()
        run = f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now))}-{uuid.uuid4().hex[:6]}"
        with self.transaction():
            self.write("UPDATE runs SET outcome = 'killed' WHERE ended IS NULL AND outcome IS NULL")
            self.write(
                "UPDATE steps SET status = 'dropped', ended = ? "
                "WHERE status = 'open' AND op NOT IN ('create', 'import', 'train', 'infer')",
                (now,),
            )
            self.write(
                "INSERT INTO runs (id, command, who, started, counts, plan) VALUES (?, ?, ?, ?, '{}', ?)",
                (run, command, f"{user()}@{this_process().host}", now, plan),
            )
            self.write(
                "DELETE FROM steps WHERE status <> 'open' AND run NOT IN "
                "(SELECT id FROM runs ORDER BY started DESC, rowid DESC LIMIT ?)",
                (_KEPT_RUNS,),
            )
        self._changed = False
        self._inherited = {(one.op, str(one.address), one.name) for one in self.intents()}
        return run

    def end_run(self, run: str, *, outcome: str, counts: Mapping[str, int]) -> None:
        """Closes a line of history."""
        self.write(
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
                    self.write(
                        "UPDATE steps SET status = 'resumed', ended = ? "
                        "WHERE status = 'open' AND run <> ? AND op = ? AND address = ? "
                        "AND COALESCE(name, '') = COALESCE(?, '')",
                        (now, intent.run, intent.op, str(intent.address), intent.name),
                    )
                self.write(
                    "INSERT INTO steps (run, step, op, address, name, arn, status, began) "
                    "VALUES (?, ?, ?, ?, ?, ?, 'open', ?)",
                    (intent.run, intent.step, intent.op, str(intent.address), intent.name, intent.arn, now),
                )

    def set_arn(self, run: str, step: str, arn: str) -> None:
        """Notes what the service called the thing that a step makes."""
        self.write("UPDATE steps SET arn = ? WHERE run = ? AND step = ?", (arn, run, step))

    def record(self, run: str, step: str, recorded: Recorded, *, deletable: bool) -> None:
        """Closes a step and writes its resource's row."""
        address = str(recorded.address)
        with self.transaction():
            self.touch()
            self._close(run, step, "done")
            if deletable:
                self._depose(_FORMER, address, recorded.arn)
                self._depose(_FAILED, address, recorded.arn)
                if self._inherited:
                    # Begun by an earlier run, and on record now.
                    self.write(_KNOWN, (time.time(), recorded.arn, run))
            elif self._inherited:
                self.write(_SUPERSEDE, (time.time(), address, run))
            self.write("DELETE FROM failures WHERE address = ?", (address,))
            self.write("DELETE FROM deposed WHERE arn = ?", (recorded.arn,))
            self.write(_PUT, _values(recorded))

    def remove(self, run: str, step: str, address: Address, arn: str | None) -> None:
        """Closes a step and forgets what it deleted."""
        with self.transaction():
            self.touch()
            if arn is None:
                self.write("DELETE FROM resources WHERE address = ?", (str(address),))
            else:
                self.write("DELETE FROM resources WHERE address = ? AND arn = ?", (str(address), arn))
                self.write("DELETE FROM deposed WHERE arn = ?", (arn,))
                self.write("DELETE FROM failures WHERE arn = ?", (arn,))
                if self._inherited:
                    # What was begun may have been killed before its ARN was written: then its name tells.
                    self.write(
                        "UPDATE steps SET status = 'removed', ended = ? WHERE status = 'open' AND run <> ? "
                        "AND (arn = ? OR (arn IS NULL AND address = ? AND name = "
                        "(SELECT name FROM steps WHERE run = ? AND step = ?)))",
                        (time.time(), run, arn, str(address), run, step),
                    )
            self._close(run, step, "done")

    def move(self, run: str, step: str, source: Address, target: Address) -> None:
        """Closes a step and gives a resource another address, in its own row and in those that mention it."""
        if self.resource(target) is not None:
            raise PzdeclError(f"{source} can't be moved: {target} is in the state already")
        # Of thousands of moves each must look at its own rows only, not read all of them.
        rows = self.mentioning(source)
        changed = {row.address: new for row in rows if (new := moved(row, {source: target})) is not row}
        with self.transaction():
            self.touch()
            for address, row in changed.items():
                self.write("DELETE FROM resources WHERE address = ?", (str(address),))
                self.write(_PUT, _values(row))
            for former in self.deposed_mentioning(source):
                left = moved_former(former, {source: target})
                self.write(
                    "UPDATE deposed SET address = ?, dependencies = ? WHERE arn = ?",
                    (str(left.address), canonical([str(one) for one in left.dependencies]), left.arn),
                )
            self.write("UPDATE failures SET address = ? WHERE address = ?", (str(target), str(source)))
            self._close(run, step, "done")

    def complete(self, run: str, step: str) -> None:
        """Closes a step that changes no row."""
        self._close(run, step, "done")

    def fail(self, run: str, step: str, message: str, failure: Failure | None = None) -> None:
        """Closes a step as failed."""
        with self.transaction():
            self._close(run, step, "failed", message)
            if failure is not None:
                self.touch()
                self.write(
                    "INSERT INTO failures (address, op, name, arn, message, failed) VALUES (?, ?, ?, ?, ?, ?)",
                    (str(failure.address), failure.op, failure.name, failure.arn, failure.message, time.time()),
                )

    def withdraw(self, run: str, steps: Sequence[str]) -> None:
        """Takes back intents whose requests were never sent."""
        with self.transaction():
            for step in steps:
                self.write("DELETE FROM steps WHERE run = ? AND step = ? AND status = 'open'", (run, step))

    # Within

    def _close(self, run: str, step: str, status: str, message: str | None = None) -> None:
        self.write(
            "UPDATE steps SET status = ?, ended = ?, message = ? WHERE run = ? AND step = ?",
            (status, time.time(), message, run, step),
        )

    def touch(self) -> None:
        """Counts the serial up, once a run."""
        if not self._changed:
            self._changed = True
            self.write("UPDATE meta SET value = CAST(value AS INTEGER) + 1 WHERE key = 'serial'")

    def _depose(self, source: str, *parameters: str) -> None:
        self.write(
            f"INSERT INTO deposed (arn, address, name, dependencies) {source} ON CONFLICT (arn) DO NOTHING",
            parameters,
        )


_FORMER = "SELECT arn, address, name, dependencies FROM resources WHERE address = ? AND arn <> ?"
_FAILED = "SELECT arn, address, COALESCE(name, ''), '[]' FROM failures WHERE address = ? AND arn <> ?"
_SUPERSEDE = "UPDATE steps SET status = 'dropped', ended = ? WHERE status = 'open' AND address = ? AND run <> ?"
_KNOWN = "UPDATE steps SET status = 'dropped', ended = ? WHERE status = 'open' AND arn = ? AND run <> ?"
_COLUMNS = ROW.split(", ")
_PUT = (
    f"INSERT INTO resources ({ROW}) VALUES ({', '.join('?' * len(_COLUMNS))}) ON CONFLICT (address) DO UPDATE "
    f"SET {', '.join(f'{column} = excluded.{column}' for column in _COLUMNS[1:])}"
)


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
