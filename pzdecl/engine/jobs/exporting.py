"""Export jobs: a dataset as a CSV file that an import reads again."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from pzdecl.engine.api.operation import Context
from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.parts import KEYS, conformed, flush, merge
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.events.parts import write_part
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.inference import done
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.progress import Progress

BATCH = 50_000
"""Rows that are written at one time."""
_SPECIAL = r'["\\,\r\n]'


def run_export(context: Context, job: Job, control: Control) -> None:
    """Writes the rows to the workspace, delivers the file, and makes the job ACTIVE."""
    workspace = control.workspace()
    put = workspace / "put.parquet"
    put.unlink(missing_ok=True)
    with context.store.read() as reader:
        resource = reader.get(job.arn)
        dataset = reader.get(resource.body["datasetArn"]) if resource else None
        schema = reader.get(dataset.body["schemaArn"]) if dataset else None
        if resource is None or dataset is None or schema is None:
            raise JobFailed("The dataset was deleted")
        fields = columns(json.loads(schema.body["schema"]))
        bulk = [context.folder / part.path for part in reader.parts(dataset.arn)]
        mode = resource.body["ingestionMode"]
        if mode != "BULK":
            write_part(reader, dataset, put)
    parts = [*(bulk if mode != "PUT" else []), *([put] if put.exists() else [])]
    out = workspace / f"{resource.name}.csv"
    kind = dataset.body["datasetType"]
    with out.open("w", encoding="utf-8", newline="") as file:
        _write(file, _rows(parts, kind, fields, workspace), fields, control)
    flush(out)
    control.check()
    context.storage.deliver({out.name: out}, resource.body["_target"], str(job.id))
    done(context, job, control, resource)


def _rows(parts: Sequence[Path], kind: str, fields: Sequence[Column], workspace: Path) -> Any:
    """All rows as a table: one an id, the newest, of items and users; of events each that differs."""
    import pyarrow as pa

    if not parts:
        return arrow_schema(list(fields)).empty_table()
    if kind in KEYS:
        merged = workspace / "merged.parquet"
        merge(parts, KEYS[kind], fields, merged)
        return conformed(merged, fields)
    table = pa.concat_tables([conformed(part, fields) for part in parts])
    return table.group_by(table.column_names, use_threads=False).aggregate([]).select(table.column_names)


def _write(file: TextIO, table: Any, fields: Sequence[Column], control: Control) -> None:
    names = [one.name for one in fields]
    file.write(",".join(names) + "\n")
    started, rows = time.monotonic(), 0
    for batch in _batches(table):
        control.check()
        _write_batch(file, batch.select(names))
        rows += batch.num_rows
        rate = rows / max(time.monotonic() - started, 1e-6)
        control.report(Progress("rows", rows, table.num_rows, rate, (table.num_rows - rows) / rate))


def _batches(table: Any) -> Iterator[Any]:
    import pyarrow as pa

    for batch in table.to_batches(max_chunksize=BATCH):
        if batch.num_rows:
            yield pa.table(batch)


def _write_batch(file: TextIO, batch: Any) -> None:
    """Text with quotes, backslashes or line breaks in it is quoted and escaped as imports expect it."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as pacsv

    texts = [one for one in batch.columns if pa.types.is_string(one.type)]
    # An empty text is written as an empty cell, like a null: both are read as the same.
    if not any(pc.any(pc.match_substring_regex(one, _SPECIAL)).as_py() for one in texts):
        sink = pa.BufferOutputStream()
        options = pacsv.WriteOptions(include_header=False, quoting_style="none")
        pacsv.write_csv(batch, sink, options)
        file.write(sink.getvalue().to_pybytes().decode())
        return
    writer = csv.writer(file, doublequote=False, escapechar="\\", lineterminator="\n")
    for row in zip(*(column.to_pylist() for column in batch.columns), strict=True):
        writer.writerow([str(cell).lower() if isinstance(cell, bool) else cell for cell in row])
