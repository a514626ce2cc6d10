"""The job table as a queue for any number of processes.

A job is claimed by one UPDATE in one transaction; whoever holds it shows a heartbeat. A job whose owner is
certainly dead is free at once, one whose owner merely fell silent after `SILENCE` seconds. Claiming gives a
new token; every later write names the token, so that an owner that was only slow can't write over its
successor's work.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from pzdecl.engine.jobs.owner import Owner, is_gone, this_process
from pzdecl.engine.progress import Progress
from pzdecl.engine.store.rows import Reader, Writer
from pzdecl.engine.store.store import Store

SILENCE = 30.0
"""Seconds without a heartbeat after which a job is claimed again, whoever its owner is."""

ORDERED = ("import", "conform", "train")
"""Kinds that wait for earlier imports of their dataset group, and so read what was asked for before them."""

_CANDIDATES = f"""
    SELECT id, arn, kind, scope, state, token, host, pid, started, heartbeat, attempts FROM jobs AS job
    WHERE state <> 'finished' AND kind IN ({{kinds}}) AND NOT EXISTS (
        SELECT 1 FROM jobs AS earlier WHERE earlier.scope = job.scope AND earlier.state <> 'finished'
        AND earlier.id < job.id AND earlier.kind IN ('import', 'conform')
        AND job.kind IN {ORDERED!r})
    ORDER BY id"""


class JobLost(Exception):
    """Another process has claimed the job, or it was deleted: nothing that was done for it counts."""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed job. `attempts` counts claims, this one included."""

    id: int
    arn: str
    kind: str
    scope: str
    token: str
    attempts: int


def claim(store: Store, kinds: Sequence[str]) -> Job | None:
    """Takes the oldest job of these kinds that is free, or None."""
    with store.read() as reader:
        if not _free(reader, kinds):
            return None
    with store.write() as tx:
        free = _free(tx, kinds)
        if not free:
            return None
        id, arn, kind, scope, attempts = free[0]
        owner, token = this_process(), uuid.uuid4().hex
        tx.connection.execute(
            "UPDATE jobs SET state = 'running', token = ?, host = ?, pid = ?, started = ?, heartbeat = ?, "
            "attempts = attempts + 1 WHERE id = ?",
            (token, owner.host, owner.pid, owner.started, time.time(), id),
        )
        return Job(id, arn, kind, scope, token, attempts + 1)


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
            "UPDATE jobs SET state = 'queued', token = NULL WHERE id = ? AND token = ? AND state = 'running'",
            (job.id, job.token),
        )


def _free(reader: Reader, kinds: Sequence[str]) -> list[tuple[int, str, str, str, int]]:
    free = []
    for row in reader.query(_CANDIDATES.format(kinds=", ".join("?" * len(kinds))), tuple(kinds)):
        id, arn, kind, scope, state, _, host, pid, started, heartbeat, attempts = row
        if state == "queued" or _abandoned(host, pid, started, heartbeat):
            free.append((id, arn, kind, scope, attempts))
    return free


def _abandoned(host: Any, pid: Any, started: Any, heartbeat: Any) -> bool:
    return time.time() - heartbeat > SILENCE or is_gone(Owner(host, pid, started))
