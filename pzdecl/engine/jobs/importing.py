"""Import jobs: CSV files become a dataset's content, all of it or nothing."""

from __future__ import annotations

import errno
import json
import os
import shutil
import time
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.api.common import ACTIVE
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.training_columns import leave_out
from pzdecl.engine.data.check import MIN_INTERACTIONS, files, readers, too_few
from pzdecl.engine.data.events import writer
from pzdecl.engine.data.location import data_files
from pzdecl.engine.data.parts import KEYS, PartWriter, conformed, flush, ids_in, merge
from pzdecl.engine.data.problems import CsvProblem
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.events import puts
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.jobs.reporting import report_import
from pzdecl.engine.progress import Progress
from pzdecl.engine.store.rows import Part, Resource

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
READING = ("train", "export", "update", "infer")
"""Kinds of jobs that read the files of datasets while they are at work."""
SHOWN = 5
"""Problems that a failureReason lists."""


def run_import(context: Context, job: Job, control: Control) -> None:
    """Reads, checks and writes to the workspace; then renames, and makes it the content in one transaction."""
    with context.store.read() as reader:
        resource = _get(reader.get(job.arn))
        dataset = _get(reader.get(resource.body["datasetArn"]))
        schema = json.loads(_get(reader.get(dataset.body["schemaArn"])).body["schema"])
        old = [context.folder / part.path for part in reader.parts(dataset.arn)]
        put, through = puts.ids(reader, dataset.arn), puts.newest(reader, dataset.arn)
    kind = dataset.body["datasetType"]
    append = resource.body["importMode"] == "INCREMENTAL"
    if append and not old:
        raise JobFailed("Invalid import mode. The dataset has no data: import with importMode FULL first")
    workspace = control.workspace()
    source = context.storage.fetch(resource.body["_path"], workspace / "input", control.check)
    _check_size(source, resource.body["importMode"], context.quotas.import_bytes)
    written = _read(
        source,
        schema,
        kind,
        workspace / "read.parquet",
        control,
        resource.body["dataSource"]["dataLocation"],
    )
    rows = written.rows
    if resource.body.get("publishAttributionMetricsToS3"):
        group = dataset.body["datasetGroupArn"]
        report_import(context, resource, group, written.path, columns(schema), control)
    source = written.path
    brought: set[str] = set()
    if kind in KEYS:
        brought = put & ids_in(written.path, KEYS[kind]) if put else put
        source = workspace / "merged.parquet"
        rows = merge([*(old if append else []), written.path], KEYS[kind], columns(schema), source)
        append = False
    control.check()
    part = place_part(context.folder, dataset, job, source, name=resource.name, rows=rows)
    with context.store.write() as tx:
        queue.finish(tx, job, progress=control.progress)
        tx.replace_parts(dataset.arn, [part], append=append)
        if put:
            puts.cover(tx, dataset.arn, brought, through, full=resource.body["importMode"] == "FULL")
        resource.status = ACTIVE
        tx.save(resource)
        kept = {found.path for found in tx.parts(dataset.arn)}
        in_use = tx.busy(job.scope, READING)
    shutil.rmtree(workspace, ignore_errors=True)
    if not in_use:
        remove([path for path in old if path.relative_to(context.folder).as_posix() not in kept])


def run_conform(context: Context, job: Job, control: Control) -> None:
    """Gives a dataset's parts the columns of the schema that an UpdateDataset named."""
    with context.store.read() as reader:
        dataset = _get(reader.get(job.arn))
        wanted = dataset.body["latestDatasetUpdate"]["schemaArn"]
        fields = columns(json.loads(_get(reader.get(wanted)).body["schema"]))
        before = columns(json.loads(_get(reader.get(dataset.body["schemaArn"])).body["schema"]))
        old = reader.parts(dataset.arn)
    workspace = control.workspace()
    new = []
    for number, part in enumerate(old):
        control.check()
        source = workspace / f"{number}.parquet"
        with writer(dataset.body["datasetType"], source, fields) as out:
            out.write(conformed(context.folder / part.path, fields))
        new.append(place_part(context.folder, dataset, job, source, name=part.job, rows=part.rows))
    with context.store.write() as tx:
        queue.finish(tx, job)
        tx.replace_parts(dataset.arn, new)
        added = {field.name for field in fields} - {field.name for field in before}
        leave_out(tx, dataset.body["datasetGroupArn"], dataset.body["datasetType"], added)
        dataset.status = ACTIVE
        dataset.body["schemaArn"] = wanted
        dataset.body["latestDatasetUpdate"] |= {"status": ACTIVE, "lastUpdatedDateTime": round(time.time(), 3)}
        tx.save(dataset)
        in_use = tx.busy(job.scope, READING)
    shutil.rmtree(workspace, ignore_errors=True)
    if not in_use:
        remove([context.folder / part.path for part in old])


def _check_size(source: Path, mode: str, most: Mapping[str, int]) -> None:
    """Raises JobFailed where there are more bytes than an import of that mode may have."""
    if mode not in most:
        return
    size = sum(path.stat().st_size for _, path in data_files(source))
    if size > most[mode]:
        raise JobFailed(
            f"The data has {size:,} bytes: expected at most {most[mode]:,} in an import with importMode {mode}"
        )


def remove(paths: Sequence[Path]) -> None:
    """Removes files that nothing refers to any more."""
    for path in paths:
        path.unlink(missing_ok=True)


def _read(
    path: Path, schema: dict[str, Any], kind: str, out: Path, control: Control, location: str
) -> PartWriter:
    """All files of a location, which are at `path`, as one Parquet file.

    Raises JobFailed with what is wrong and where, in the words of the request: what this machine has where is
    nothing for clients of a server.
    """
    try:
        found = files(path)
        total = sum(file.stat().st_size for file in found)
        fields: list[Column] = columns(schema)
        problems: list[CsvProblem] = []
        started = time.monotonic()
        size = 0
        with writer(kind, out, fields) as part:
            for reader in readers(path, found, schema, digested=False):
                for block in reader.blocks():
                    control.check()
                    part.write(block)
                    control.report(_progress(part.rows, size + reader.bytes, total, started))
                problems += reader.problems
                size += reader.bytes
                if reader.gave_up:
                    break
            if kind == "INTERACTIONS" and not problems and part.rows < MIN_INTERACTIONS:
                problems.append(too_few(part.rows))
            if problems:
                more = f"; and {len(problems) - SHOWN} more" if len(problems) > SHOWN else ""
                raise JobFailed("; ".join(str(problem) for problem in problems[:SHOWN]) + more)
        control.report(_progress(part.rows, total, total, started))
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise JobFailed(
                f"The engine's folder has no room for the data: {os.strerror(error.errno)}"
            ) from error
        told = str(error).replace(str(path), location)
        raise JobFailed(told if "Invalid Data" in told else f"Invalid Data location. {told}") from error
    return part


def _progress(rows: int, done: int, total: int, started: float) -> Progress:
    """The total of rows is estimated from the bytes that are left."""
    elapsed = max(time.monotonic() - started, 1e-6)
    estimate = rows if done >= total else round(rows * total / max(done, 1))
    rate = rows / elapsed
    return Progress("rows", rows, estimate, rate, (estimate - rows) / rate if rate else None)


def place_part(folder: Path, dataset: Resource, job: Job, source: Path, *, name: str, rows: int) -> Part:
    """Moves a finished part to where it stays, under a name that was never used. The job's id is in it."""
    group = dataset.arn.rpartition(":dataset/")[2]
    target = folder / "datasets" / group / f"{job.id}.{uuid.uuid4().hex[:12]}.parquet"
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(source, target)
    flush(target)
    return Part(target.relative_to(folder).as_posix(), rows, target.stat().st_size, name)


def _get(resource: Resource | None) -> Resource:
    if resource is None:
        raise JobFailed("What the job works on was deleted")
    return resource
