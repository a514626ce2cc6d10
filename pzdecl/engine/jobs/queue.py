"""The job table as a queue for any number of processes.

A job is claimed by one UPDATE in one transaction; whoever holds it shows a heartbeat. A job whose owner is
certainly dead is free at once, one whose owner merely fell silent after `SILENCE` seconds. Claiming gives a
new token; every later write names the token, so that an owner that was only slow can't write over its
successor's work. Deaths are counted: a job that kills whoever works on it is to fail in the end.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

from pzdecl.engine.progress import Progress
from pzdecl.engine.store.rows import Reader, Writer
from pzdecl.engine.store.store import Store
from pzdecl.process import Process, this_process

SILENCE = 30.0
"""Seconds without a heartbeat after which a job is claimed again, whoever its owner is."""

MAX_DEATHS = 3
"""How many processes may die over a job, each without getting further than those before, until it fails."""

CHANGING = ("import", "conform", "erase")
"""Kinds that change what is in a dataset group."""
ORDERED = (*CHANGING, "train", "export")
"""Kinds that wait for earlier changes of their dataset group, and so read what was asked for before them.

Deletions of users' data also wait for earlier exports: none that has the users is delivered after them.
"""

_CANDIDATES = f"""
    SELECT id, arn, kind, scope, state, host, pid, started, heartbeat, attempts, claimed, worked, deaths,
        reached, json_extract(progress, '$.done')
    FROM jobs AS job
    WHERE state <> 'finished' AND kind IN ({{kinds}}) AND NOT EXISTS (
        SELECT 1 FROM jobs AS earlier WHERE earlier.scope = job.scope AND earlier.state <> 'finished'
        AND earlier.id < job.id AND (earlier.kind IN {CHANGING!r} AND job.kind IN {ORDERED!r}
            OR earlier.kind = 'export' AND job.kind = 'erase'))
    ORDER BY id"""


class JobLost(Exception):
    """Another process has claimed the job, or it was deleted: nothing that was done for it counts."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job.

    `attempts` counts claims, this one included; `worked` is how many seconds the earlier ones took. `deaths` is
    how many of the latest ones ended with their process and had got no further than those before.
    """

    id: int
    arn: str
    kind: str
    scope: str
    token: str
    attempts: int
    worked: float = 0.0
    deaths: int = 0


class _Row(NamedTuple):
    """An unfinished job as the table has it; what is about a claim is None before the first one."""

    id: int
    arn: str
    kind: str
    scope: str
    state: str
    host: Any
    pid: Any
    started: Any
    heartbeat: Any
    attempts: int
    claimed: Any
    worked: float
    deaths: int
    reached: float
    done: Any

    @property
    def abandoned(self) -> bool:
        """Whether it is being worked on by somebody who is dead, or seems to be."""
        host, _, place = str(self.host).partition(" ")
        owner = Process(host, place, self.pid, self.started)
        return self.state == "running" and (time.time() - self.heartbeat > SILENCE or owner.is_gone())

    def claimable(self, token: str) -> Job:
        """The job as its next owner gets it."""
        worked, deaths = self.worked, self.deaths
        if self.state == "running":
            worked += max(0.0, self.heartbeat - (self.claimed or self.heartbeat))
            deaths = 1 if (self.done or 0.0) > self.reached else deaths + 1
        return Job(self.id, self.arn, self.kind, self.scope, token, self.attempts + 1, worked, deaths)


def claim(store: Store, kinds: Sequence[str]) -> Job | None:
    """Takes the oldest job of these kinds that is free, or None."""
    with store.read() as reader:
        if not _free(reader, kinds):
            return None
    with store.write() as tx:
        free = _free(tx, kinds)
        if not free:
            return None
        job = free[0].claimable(uuid.uuid4().hex)
        owner, now = this_process(), time.time()
        tx.connection.execute(
            "UPDATE jobs SET state = 'running', token = ?, host = ?, pid = ?, started = ?, heartbeat = ?, "
            "claimed = ?, attempts = ?, worked = ?, deaths = ?, "
            "reached = max(reached, coalesce(json_extract(progress, '$.done'), 0)) WHERE id = ?",
            (
                job.token,
                f"{owner.host} {owner.place}",
                owner.pid,
                owner.started,
                now,
                now,
                job.attempts,
                job.worked,
                job.deaths,
                job.id,
            ),
        )
        return job


def beat(store: Store, job: Job, progress: Progress | None) -> bool:
    """Shows that the owner lives, and how far it is. Returns whether the job shall stop. Raises JobLost."""
    told = json.dumps(asdict(progress)) if progress else None
    with store.write() as tx:
        row = tx.connection.execute(
            "UPDATE jobs SET heartbeat = ?, progress = coalesce(?, progress) WHERE id = ? AND token = ? "
            "AND state = 'running' RETURNING stop",
            (time.time(), told, job.id, job.token),
        ).fetchone()
    if row is None:
        raise JobLost(job.arn)
    return bool(row[0])


def hold(tx: Writer, job: Job) -> None:
    """Looks that a job is still its owner's, in a transaction that writes a part of its result.

    Raises JobLost, which rolls that back.
    """
    held = tx.connection.execute(
        "UPDATE jobs SET heartbeat = ? WHERE id = ? AND token = ? AND state = 'running'",
        (time.time(), job.id, job.token),
    )
    if not held.rowcount:
        raise JobLost(job.arn)


def finish(tx: Writer, job: Job, *, progress: Progress | None = None, error: str | None = None) -> None:
    """Ends a job, in the transaction that writes its result. Raises JobLost, which rolls that back."""
    told = json.dumps(asdict(progress)) if progress else None
    done = tx.connection.execute(
        "UPDATE jobs SET state = 'finished', progress = coalesce(?, progress), error = ? "
        "WHERE id = ? AND token = ? AND state = 'running'",
        (told, error, job.id, job.token),
    )
    if not done.rowcount:
        raise JobLost(job.arn)


def release(store: Store, job: Job) -> None:
    """Puts a job back into the queue, for any process to go on with."""
    with store.write() as tx:
        tx.connection.execute(
            "UPDATE jobs SET state = 'queued', token = NULL, worked = worked + max(0, ? - claimed) "
            "WHERE id = ? AND token = ? AND state = 'running'",
            (time.time(), job.id, job.token),
        )


def _free(reader: Reader, kinds: Sequence[str]) -> list[_Row]:
    rows = reader.query(_CANDIDATES.format(kinds=", ".join("?" * len(kinds))), tuple(kinds))
    return [row for row in map(_Row._make, rows) if row.state == "queued" or row.abandoned]
