"""State in S3: a database in memory, whose transactions are durable once the head in the bucket has them."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from pzdecl.errors import PzdeclError
from pzdecl.state import files, lock
from pzdecl.state.errors import StateDamaged, StateTooNew, StateUnwritable
from pzdecl.state.model import LockInfo
from pzdecl.state.s3 import head as heads
from pzdecl.state.s3.bucket import Bucket, Conflict
from pzdecl.state.s3.head import Head, Statement
from pzdecl.state.sealing import Sealer
from pzdecl.state.sqlite import SqliteState

_ATTEMPTS = 10
_COMPACT = 16 * 1024
"""Bytes of transactions with which a head is left behind; more become a new snapshot."""


class S3State(SqliteState):
    """A state in a bucket, as it was when it was opened or, for its writer, when it took the lock.

    `_mutex` keeps the run and its heartbeat apart: both replace the head. `_stale` says that a write got no
    answer: whether it has arrived is looked up before the next one.
    """

    def __init__(
        self, bucket: Bucket, sealer: Sealer, seen: tuple[Head, str] | None, *, writable: bool
    ) -> None:
        super().__init__(bucket.where, None)
        self._bucket = bucket
        self._sealer = sealer
        self._seen = seen
        self._writable = writable
        self._mutex = threading.RLock()
        self._stale = False
        self._statements: list[Statement] = []
        if seen is not None:
            self._connection = self._load()

    def close(self) -> None:
        """Closes the connections. Reading afterwards finds nothing."""
        super().close()
        self._bucket.close()

    # The lock

    def lock_info(self) -> LockInfo | None:
        """Who held the lock when the state was opened, or holds it now where that is this one."""
        holder = self._seen[0].holder if self._seen else None
        return holder.info if holder else None

    def unlock(self) -> LockInfo | None:
        """Takes the lock away from whoever holds it."""
        for _ in range(_ATTEMPTS):
            found = look(self._bucket)
            if found is None or found[0].lock is None:
                return None
            holder = found[0].holder
            with suppress(Conflict):
                swapped = swap(self._bucket, replace(found[0], lock=None), found[1])
                self._seen = swapped if self._token is None else self._seen
                return holder.info if holder else None
        raise _contended(str(self.where))

    def _take(self, token: str, command: str) -> LockInfo | None:
        if self._connection is None or not self._writable:
            raise StateUnwritable(f"the state {self.where} isn't open for writing")
        for _ in range(_ATTEMPTS):
            found = look(self._bucket)
            if found is None:
                raise StateDamaged(self.where, f"its {heads.NAME} is gone")
            if found[0].format > files.FORMAT:  # somebody else has upgraded it since it was opened
                raise StateTooNew(self.where, found[0].format, files.FORMAT)
            holder = found[0].holder
            if holder is not None and not holder.process.is_gone():
                return holder.info
            with suppress(Conflict):
                swapped = swap(self._bucket, replace(found[0], lock=lock.claim(token, command)), found[1])
                try:
                    self._adopt(swapped)
                except BaseException:
                    with suppress(Conflict, PzdeclError):
                        swap(self._bucket, replace(swapped[0], lock=None), swapped[1])
                    raise
                return None
        raise _contended(str(self.where))

    def _beat(self, token: str) -> None:
        with self._mutex:
            if self._stale:
                found = self._found()
                if found[0].data != self._head.data:
                    return  # a commit has arrived whose answer was lost: for the thread that wrote it
                self._seen, self._stale = found, False
            head = self._head
            if head.lock is None or head.lock["token"] != token:
                return
            if time.time() - head.lock["heartbeat"] < lock.HEARTBEAT / 2:
                return  # a commit was a sign of life, too
            with suppress(Conflict):  # the next commit tells who was there
                self._replace(head)

    def _free(self, token: str) -> None:
        with self._mutex:
            self._catch_up()
            head = self._head
            if head.lock is None or head.lock["token"] != token:
                return
            try:
                if head.segments or len("".join(head.tail)) > _COMPACT or head.key_id != self._sealer.key_id:
                    self._compact(head)
                else:
                    self._seen = swap(self._bucket, replace(head, lock=None), self._etag)
            except Conflict:  # somebody freed it meanwhile
                return

    def _compact(self, head: Head) -> None:
        """Makes a snapshot of what there is, and frees the lock with it."""
        name = write_snapshot(self._bucket, self._sealer, self._open, head.id)
        new = replace(
            head,
            snapshot=name,
            segments=(),
            tail=(),
            key_id=self._sealer.key_id,
            lock=None,
            format=files.FORMAT,
        )
        try:
            self._seen = swap(self._bucket, new, self._etag)
        except Conflict:
            discard(self._bucket, name)
            raise
        for old in (head.snapshot, *head.segments):
            self._bucket.delete(old)

    # Transactions

    @property
    def _head(self) -> Head:
        assert self._seen
        return self._seen[0]

    @property
    def _etag(self) -> str:
        assert self._seen
        return self._seen[1]

    def _begin(self) -> None:
        with self._mutex:
            self._catch_up()
            self._check_lock()
        self._statements = []
        self._open.execute("BEGIN")

    def _execute(self, sql: str, parameters: Sequence[Any]) -> None:
        super()._execute(sql, parameters)
        self._statements.append((sql, parameters))

    def _commit(self) -> None:
        try:
            with self._mutex:
                if self._stale:  # a heartbeat without an answer: it changes no rows
                    before = self._head.data
                    self._seen = self._found()
                    self._stale = False
                    if self._head.data != before:
                        raise _contended(str(self.where))
                self._check_lock()
                self._append(heads.pack(self._statements, self._sealer, self._head.id))
        except BaseException:
            self._rollback()
            raise
        super()._commit()

    def _append(self, entry: str) -> None:
        head = self._head
        segment = None
        if sum(map(len, head.tail)) + len(entry) <= heads.TAIL:
            new = replace(head, tail=(*head.tail, entry))
        else:
            segment = f"journal/{uuid.uuid4().hex}"
            content = json.dumps([*head.tail, entry]).encode()
            self._bucket.put(segment, content, seen=None)
            new = replace(head, segments=(*head.segments, segment), tail=())
        try:
            self._replace(new)
        except Conflict:
            if segment:
                discard(self._bucket, segment)
            found = look(self._bucket)
            holder = found[0].holder if found else None
            if holder is None or holder.info.token != self._token:
                raise lock.lost(self.where, holder.info if holder else None) from None
            self._stale = True
            raise _contended(str(self.where)) from None

    def _replace(self, head: Head) -> None:
        """Replaces the head, with a sign of life. Raises Conflict, StateUnwritable."""
        assert head.lock is not None
        try:
            self._seen = swap(
                self._bucket, replace(head, lock={**head.lock, "heartbeat": time.time()}), self._etag
            )
        except StateUnwritable:
            self._stale = True
            raise

    def _check_lock(self) -> None:
        holder = self._head.holder if self._seen else None
        if self._token is None or holder is None or holder.info.token != self._token:
            raise lock.lost(self.where, holder.info if holder else None)

    def _catch_up(self) -> None:
        """Looks whether the last write has arrived, where its answer was lost."""
        if self._stale:
            self._adopt(self._found())
            self._stale = False

    def _found(self) -> tuple[Head, str]:
        found = look(self._bucket)
        if found is None:
            raise StateDamaged(self.where, f"its {heads.NAME} is gone")
        return found

    def _adopt(self, seen: tuple[Head, str]) -> None:
        """Takes this head for what there is, and loads its rows where they are others."""
        known = self._seen[0].data if self._seen else None
        self._seen = seen
        if seen[0].data != known:
            if self._connection is not None:
                self._connection.close()
            self._connection = self._load()

    def _load(self) -> sqlite3.Connection:
        """The rows that the head stands for, as a database in memory."""
        for _ in range(_ATTEMPTS):
            head = self._head
            snapshot = self._bucket.get(head.snapshot)
            segments = [self._bucket.get(name) for name in head.segments]
            if snapshot is not None and None not in segments:
                break
            # Somebody has just made another snapshot, and removed what it stands for.
            now = self._found()
            if now[0].data == head.data:
                raise StateDamaged(self.where, "objects that its head names are gone")
            self._seen = now
        else:
            raise _contended(str(self.where))
        connection = files.in_memory(self._unpacked(snapshot[0], head), self.where)
        try:
            for segment in segments:
                assert segment
                heads.replay(connection, json.loads(segment[0]), self._sealer, head, str(self.where))
            heads.replay(connection, head.tail, self._sealer, head, str(self.where))
            old = files.checked_format(connection, self.where)
            if old < files.FORMAT:
                self._bring_up_to_date(connection, old)
        except ValueError as error:
            connection.close()
            raise StateDamaged(self.where, "a part of its journal can't be read") from error
        except BaseException:
            connection.close()
            raise
        return connection

    def _bring_up_to_date(self, connection: sqlite3.Connection, old: int) -> None:
        try:
            files.migrate(connection)
        except sqlite3.Error as error:
            raise StateUnwritable(
                f"the state {self.where} can't be upgraded from format {old} to {files.FORMAT}: {error}",
                hint="it was left as it was: go on with the version of pzdecl that wrote it",
            ) from error

    def _unpacked(self, content: bytes, head: Head) -> bytes:
        plain = self._sealer.open(content, f"{head.id} snapshot", f"the state {self.where}")
        try:
            return zlib.decompress(plain)
        except zlib.error as error:
            raise StateDamaged(self.where, f"its snapshot can't be read ({error})") from error


def look(bucket: Bucket) -> tuple[Head, str] | None:
    """The head as it is now, and its ETag; None where there is no state."""
    found = bucket.get(heads.NAME)
    return None if found is None else (Head.read(found[0], bucket.where), found[1])


def swap(bucket: Bucket, head: Head, seen: str | None) -> tuple[Head, str]:
    """Puts a head in place of the one with the ETag `seen` (None: of none).

    Raises Conflict, StateUnwritable.
    """
    signed = head.signed()
    try:
        return signed, bucket.put(heads.NAME, signed.to_bytes(), seen=seen)
    except Conflict:
        # A first attempt may have arrived without an answer, and the second one found what it had written.
        found = look(bucket)
        if found is not None and found[0].write == signed.write:
            return found
        raise


def discard(bucket: Bucket, name: str) -> None:
    """Removes an object that no head names: after a conflict it isn't sure that the write did not arrive."""
    with suppress(PzdeclError):
        found = look(bucket)
        if found is not None and name not in (found[0].snapshot, *found[0].segments):
            bucket.delete(name)


def write_snapshot(bucket: Bucket, sealer: Sealer, connection: sqlite3.Connection, state: str) -> str:
    """Writes a database as a new object; returns its name."""
    name = f"snapshots/{uuid.uuid4().hex}"
    content = sealer.seal(zlib.compress(connection.serialize()), f"{state} snapshot")
    bucket.put(name, content, seen=None)
    return name


def _contended(where: str) -> PzdeclError:
    return StateUnwritable(
        f"the state {where} changes all the time: others write to it",
        hint="nothing was overwritten; run the same command again to go on",
    )
