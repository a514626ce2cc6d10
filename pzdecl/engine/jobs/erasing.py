"""Data deletion jobs: users' rows leave all datasets of a group, imported ones and such that were put."""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.engine.api.families import DATASET
from pzdecl.engine.api.operation import Context
from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.events import writer
from pzdecl.engine.data.location import data_files
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.events import log, puts
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.importing import READING, place_part, remove
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.jobs.sweep import sweep
from pzdecl.engine.progress import Progress
from pzdecl.engine.store.rows import Part, Resource, Writer

COMPLETED = "COMPLETED"
EVENTS = ("INTERACTIONS", "ACTION_INTERACTIONS")
LARGEST = 100 * 1024 * 1024
"""Bytes of ids, as in the service."""
BATCH = 100_000


@dataclass(slots=True)
class _Rewritten:
    """The parts of each dataset without the users: those that stay, those that go, and how many rows went."""

    content: dict[str, list[Part]] = field(default_factory=dict)
    old: list[Path] = field(default_factory=list)
    deleted: int = 0


def run_erasure(context: Context, job: Job, control: Control) -> None:
    """Writes every part anew without the users; then all of them become the datasets' content at once.

    The lists that were explored for the users go, too. Imports of the group wait meanwhile, and trainings: see
    `pzdecl.engine.jobs.queue`. The job is at its end when the files are gone as well, and the database's log.
    """
    with context.store.read() as reader:
        resource = reader.get(job.arn)
        if resource is None:
            raise JobFailed("The dataset group was deleted")
        found = reader.children(DATASET.type, resource.body["datasetGroupArn"])
        datasets = [
            (one, columns(json.loads(schema.body["schema"])), reader.parts(one.arn))
            for one in found
            if (schema := reader.get(one.body["schemaArn"])) is not None
        ]
    workspace = control.workspace()
    source = context.storage.fetch(resource.body["_path"], workspace / "input", control.check)
    users = _users(source, resource.body["_path"])
    rewritten = _rewrite(context.folder, datasets, users, job, control)
    control.check()
    _forget_lists(context, [one for one, _, _ in datasets], users)
    with context.store.write() as tx:
        queue.hold(tx, job)
        for arn, parts in rewritten.content.items():
            tx.replace_parts(arn, parts)
        deleted = rewritten.deleted + _forget_rows(tx, [one for one, _, _ in datasets], sorted(users), job.id)
        # An attempt that was killed on its way from here to the end has counted its rows already.
        resource.body["numDeleted"] = resource.body.get("numDeleted", 0) + deleted
        tx.save(resource)
        in_use = tx.busy(job.scope, READING)
    shutil.rmtree(workspace, ignore_errors=True)
    if not in_use:
        remove(rewritten.old)
    if job.attempts > 1:
        sweep(context)  # what an earlier attempt replaced, and had no time to remove
    context.store.checkpoint()
    with context.store.write() as tx:
        queue.finish(tx, job, progress=control.progress)
        resource.status = COMPLETED
        tx.save(resource)


def _rewrite(
    folder: Path,
    datasets: Sequence[tuple[Resource, list[Column], list[Part]]],
    users: set[str],
    job: Job,
    control: Control,
) -> _Rewritten:
    todo = sum(part.rows for _, fields, parts in datasets for part in parts if _has_users(fields))
    seen, found = 0, _Rewritten()
    for dataset, fields, parts in datasets:
        if not _has_users(fields):
            continue
        kept = found.content.setdefault(dataset.arn, [])
        for part in parts:
            path = folder / part.path
            draft = control.workspace() / "part.parquet"
            with writer(dataset.body["datasetType"], draft, fields) as out:
                for block in _blocks(path, users, [one.name for one in arrow_schema(list(fields))]):
                    control.check()
                    out.write(block)
            seen += part.rows
            control.report(Progress("rows", seen, todo))
            if out.rows == part.rows:
                kept.append(part)
                continue
            found.deleted += part.rows - out.rows
            found.old.append(path)
            if out.rows:
                kept.append(place_part(folder, dataset, job, draft, name=part.job, rows=out.rows))
    return found


def _forget_lists(context: Context, datasets: Sequence[Resource], users: set[str]) -> None:
    """The lists that were shown to the users, or in their sessions."""
    with context.store.read() as reader:
        sessions = (log.sessions_of(reader, one.arn, users) for one in datasets)
        gone = users.union(*sessions)
    try:
        context.shown.forget(gone)
    except sqlite3.Error as error:
        raise JobFailed(f"The log of explored lists can't be written: {error}") from error


def _forget_rows(tx: Writer, datasets: Sequence[Resource], users: Sequence[str], number: int) -> int:
    """What was put one by one; returns how many rows went.

    number  of the job: each dataset whose rows went notes it, so that its content is known to be another one
    """
    deleted = 0
    for one in datasets:
        kind = one.body["datasetType"]
        if kind == "USERS":
            gone = puts.forget(tx, one.arn, users)
        else:
            gone = log.forget_users(tx, one.arn, users) if kind in EVENTS else 0
        deleted += gone
        if (gone or kind == "USERS") and (dataset := tx.get(one.arn)) is not None:
            dataset.body["_erased"] = number
            tx.save(dataset, touch=False)
    return deleted


def _has_users(fields: Sequence[Column]) -> bool:
    return any(field.name == "USER_ID" for field in fields)


def _blocks(path: Path, users: set[str], names: Sequence[str]) -> Iterator[Any]:
    """The rows of a part whose users stay, some at a time."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    wanted = pa.array(sorted(users), pa.string())
    for batch in pq.ParquetFile(path).iter_batches(BATCH):
        table = pa.table(batch)
        gone = pc.is_in(table.column("USER_ID").cast(pa.string()), value_set=wanted)
        yield table.filter(pc.invert(gone)).select([name for name in names if name in table.column_names])


def _users(source: Path, location: str) -> set[str]:
    """The ids of a CSV file with a column USER_ID, or of all `.csv` files of a folder. Raises JobFailed."""
    files = data_files(source)
    if source.is_dir():
        files = [(name, path) for name, path in files if name.lower().endswith(".csv")]
    if not files:
        raise JobFailed(f"Invalid Data location. There is no CSV file at {location}")
    size = sum(path.stat().st_size for _, path in files)
    if size > LARGEST:
        raise JobFailed(f"{location} has {size:,} bytes: expected at most {LARGEST:,}")
    users: set[str] = set()
    for name, path in files:
        try:
            with path.open(encoding="utf-8-sig", newline="") as file:
                rows = csv.reader(file, escapechar="\\")
                header = next(rows, [])
                if [one.strip() for one in header] != ["USER_ID"]:
                    raise JobFailed(f"{name}: the header is {','.join(header)!r}; expected one column, USER_ID")
                for row in rows:
                    if len(row) > 1:
                        raise JobFailed(
                            f"{name}, line {rows.line_num}: {len(row)} values; expected one, a USER_ID"
                        )
                    users.update(row)
        except OSError as error:
            raise JobFailed(f"{location} can't be read: {error.strerror}") from error
        except (UnicodeDecodeError, csv.Error) as error:
            raise JobFailed(f"{name} is no CSV file in UTF-8: {error}") from error
    users.discard("")
    if not users:
        raise JobFailed(f"There are no users in {location}")
    return users
