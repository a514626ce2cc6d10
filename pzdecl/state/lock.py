"""The lock of a state: one row, taken atomically, kept alive by a heartbeat, fenced at every write.

It is broken on its own only when its owner is provably dead. A heartbeat that stopped long ago is not proof (a
laptop may sleep): then the message offers `pzdecl state unlock`. Whoever lost the lock that way can't write any
more, since every transaction looks for its token first.
"""

from __future__ import annotations

import sqlite3
import threading
import time
import uuid
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from pzdecl.errors import StateLocked
from pzdecl.process import Process, this_process, user
from pzdecl.state.errors import translated
from pzdecl.state.model import LockInfo

LEASE = 60.0
"""Seconds without a heartbeat after which a holder is called silent."""
HEARTBEAT = 10.0
_COLUMNS = "token, who, host, place, pid, process_started, command, since, heartbeat"


def read(connection: sqlite3.Connection) -> LockInfo | None:
    """Who holds the lock, dead or alive; None when it is free."""
    held = _row(connection)
    return held[0] if held else None


def acquire(connection: sqlite3.Connection, path: Path, command: str, timeout: float = 0.0) -> str:
    """Takes the lock within `timeout` seconds and returns its token. Raises StateLocked naming the holder."""
    patience = time.monotonic() + timeout
    pause = 0.05
    while (holder := _try(connection, path, token := uuid.uuid4().hex, command)) is not None:
        left = patience - time.monotonic()
        if left <= 0:
            raise locked(path, holder)
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 1.0)
    return token


def release(connection: sqlite3.Connection, token: str | None) -> LockInfo | None:
    """Frees the lock if `token` holds it (None: whoever does). Returns who held it, None if that was nobody."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        holder = read(connection)
        if holder is not None and token in (None, holder.token):
            connection.execute("DELETE FROM lock")
        else:
            holder = None
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return holder


def locked(path: Path, holder: LockInfo) -> StateLocked:
    """The error for whoever comes second."""
    quiet = (datetime.now(UTC) - holder.heartbeat).total_seconds()
    text = (
        f"the state {path} is locked by {holder.who}@{holder.host} (pid {holder.pid}, {holder.command}) "
        f"since {holder.since.astimezone():%Y-%m-%d %H:%M:%S}, {_ago(holder.since)}"
    )
    hint = "wait for it (--lock-timeout 10m waits here)"
    if quiet > LEASE:
        text += f"; its last sign of life was {_ago(holder.heartbeat)}"
        hint = f"if nothing runs on {holder.host} any more, free the lock with: pzdecl state unlock"
    return StateLocked(text, hint=hint)


def lost(path: Path, holder: LockInfo | None) -> StateLocked:
    """The error for a holder whose lock was taken away by `pzdecl state unlock`."""
    now = f"; {holder.who}@{holder.host} (pid {holder.pid}) holds it now" if holder else ""
    return StateLocked(
        f"this run lost its lock on the state {path}: it was freed by `pzdecl state unlock`{now}",
        hint="nothing more is written; run the same command again to go on",
    )


class Heartbeat:
    """A thread that renews the lock's heartbeat, over a connection of its own, until `stop`."""

    def __init__(self, path: Path, token: str, interval: float = HEARTBEAT) -> None:
        self._path = path
        self._token = token
        self._interval = interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="pzdecl-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopped.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stopped.wait(self._interval):
            # A missed beat is no reason to stop working: the lock holds until somebody frees it.
            with suppress(sqlite3.Error):
                connection = sqlite3.connect(self._path, timeout=self._interval)
                try:
                    with connection:
                        connection.execute(
                            "UPDATE lock SET heartbeat = ? WHERE token = ?", (time.time(), self._token)
                        )
                finally:
                    connection.close()


def _try(connection: sqlite3.Connection, path: Path, token: str, command: str) -> LockInfo | None:
    """Takes the lock and returns None, or returns who holds it."""
    with translated(path):
        connection.execute("BEGIN IMMEDIATE")
        try:
            held = _row(connection)
            if held is None or held[1].is_gone():
                me, now = this_process(), time.time()
                connection.execute(
                    f"INSERT OR REPLACE INTO lock (one, {_COLUMNS}) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (token, user(), me.host, me.place, me.pid, me.started, command, now, now),
                )
                held = None
            connection.execute("COMMIT")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
    return held[0] if held else None


def _row(connection: sqlite3.Connection) -> tuple[LockInfo, Process] | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM lock").fetchone()
    if row is None:
        return None
    token, who, host, place, pid, process_started, command, since, heartbeat = row
    info = LockInfo(
        who=who,
        host=host,
        pid=pid,
        command=command,
        since=datetime.fromtimestamp(since, UTC),
        heartbeat=datetime.fromtimestamp(heartbeat, UTC),
        token=token,
    )
    return info, Process(host, place, pid, process_started)


def _ago(when: datetime) -> str:
    """`2 minutes ago`, for people."""
    seconds = max(0, int((datetime.now(UTC) - when).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return f"{seconds} second{'' if seconds == 1 else 's'} ago"
