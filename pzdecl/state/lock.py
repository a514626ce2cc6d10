"""The lock of a state: one row, taken atomically, kept alive by a heartbeat, fenced at every write.

It is broken on its own only when its owner is provably dead. A heartbeat that stopped long ago is not proof (a
laptop may sleep): then the message offers `pzdecl state unlock`. Whoever lost the lock that way can't write any
more, since every transaction looks for its token first.

Where the row is kept, and how it is taken atomically, is the business of each kind of state.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pzdecl.errors import PzdeclError, StateLocked
from pzdecl.process import Process, this_process, user
from pzdecl.state.errors import Where
from pzdecl.state.model import LockInfo

LEASE = 60.0
"""Seconds without a heartbeat after which a holder is called silent."""
HEARTBEAT = 10.0
COLUMNS = ("token", "who", "host", "place", "pid", "process_started", "command", "since", "heartbeat")


@dataclass(frozen=True, slots=True)
class Holder:
    """A lock's row: what is told of its holder, and the process that it is."""

    info: LockInfo
    process: Process

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Holder:
        """The holder in a row of `COLUMNS`. Raises KeyError or TypeError where it is not complete."""
        process = Process(row["host"], row["place"], row["pid"], row["process_started"])
        info = LockInfo(
            who=row["who"],
            host=row["host"],
            pid=row["pid"],
            command=row["command"],
            since=datetime.fromtimestamp(row["since"], UTC),
            heartbeat=datetime.fromtimestamp(row["heartbeat"], UTC),
            token=row["token"],
            process=process,
        )
        return cls(info, process)


Take = Callable[[str, str], LockInfo | None]
"""Takes the lock under a token for a command, and returns None; or returns who holds it."""


def claim(token: str, command: str) -> dict[str, Any]:
    """The row of this process, by column."""
    me, now = this_process(), time.time()
    values = (token, user(), me.host, me.place, me.pid, me.started, command, now, now)
    return dict(zip(COLUMNS, values, strict=True))


def acquire(take: Take, where: Where, command: str, timeout: float = 0.0) -> str:
    """Takes the lock within `timeout` seconds and returns its token. Raises StateLocked naming the holder."""
    patience = time.monotonic() + timeout
    pause = 0.05
    while (holder := take(token := uuid.uuid4().hex, command)) is not None:
        left = patience - time.monotonic()
        if left <= 0:
            raise locked(where, holder)
        time.sleep(min(pause, left))
        pause = min(pause * 1.5, 1.0)
    return token


def locked(where: Where, holder: LockInfo) -> StateLocked:
    """The error for whoever comes second."""
    quiet = (datetime.now(UTC) - holder.heartbeat).total_seconds()
    text = (
        f"the state {where} is locked by {holder.who}@{holder.host} (pid {holder.pid}, {holder.command}) "
        f"since {holder.since.astimezone():%Y-%m-%d %H:%M:%S}, {_ago(holder.since)}"
    )
    hint = "wait for it (--lock-timeout 10m waits here)"
    if quiet > LEASE:
        text += f"; its last sign of life was {_ago(holder.heartbeat)}"
        hint = f"if nothing runs on {holder.host} any more, free the lock with: pzdecl state unlock"
    return StateLocked(text, hint=hint)


def lost(where: Where, holder: LockInfo | None) -> StateLocked:
    """The error for a holder whose lock was taken away by `pzdecl state unlock`."""
    now = f"; {holder.who}@{holder.host} (pid {holder.pid}) holds it now" if holder else ""
    return StateLocked(
        f"this run lost its lock on the state {where}: it was freed by `pzdecl state unlock`{now}",
        hint="nothing more is written; run the same command again to go on",
    )


class Heartbeat:
    """A thread that calls `beat` every `interval` seconds until `stop`."""

    def __init__(self, beat: Callable[[], None], interval: float | None = None) -> None:
        self._beat = beat
        self._interval = HEARTBEAT if interval is None else interval
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pzdecl-heartbeat", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            # A missed beat is no reason to stop working: the lock holds until somebody frees it.
            with suppress(PzdeclError):
                self._beat()


def _ago(when: datetime) -> str:
    """`2 minutes ago`, for people."""
    seconds = max(0, int((datetime.now(UTC) - when).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return f"{seconds} second{'' if seconds == 1 else 's'} ago"
