"""Reports of metric attributions: of events that were put, every quarter of an hour, and of imports.

An event is counted in the first report after it arrived, whenever it happened. What a report is to be of is
settled when it is queued, and its name with it: a job that was killed writes the same file again.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.api.families import METRIC_ATTRIBUTION
from pzdecl.engine.api.operation import Context
from pzdecl.engine.data.parts import flush
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.events import attribution, log
from pzdecl.engine.events.recent import interactions
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Reader, Resource, Writer

METHODS = {"events": "PutEvents", "import": "BulkImport"}
"""What a report's name says of how its events came in."""
BLOCK = 50_000
"""Events that are in memory at once."""
THROUGH, REPORTED, DUE = "_through", "_reported", "_due"
"""In a metric attribution's body: the newest event that was reported, when, and the report that is due."""


def report_due(reader: Reader, found: Resource, now: float) -> int | None:
    """The newest event that is to be reported now; None where nothing is to be.

    A quarter of an hour after the last report, where events have come in since.
    """
    if not _destination(found) or now - found.body[REPORTED] < attribution.BUCKET:
        return None
    if DUE in found.body:
        return None
    newest = log.newest(reader, interactions(str(found.parent)))
    return newest if newest > found.body[THROUGH] else None


def queue_reports(context: Context, now: float) -> None:
    """Queues the reports that are due."""
    with context.store.read() as reader:
        found = [reader.get(arn) for arn in sorted(reader.arns(METRIC_ATTRIBUTION.type))]
        due = [one.arn for one in found if one is not None and report_due(reader, one, now) is not None]
    for arn in due:
        with context.store.write() as tx:
            one = tx.get(arn)
            through = report_due(tx, one, now) if one is not None else None
            if one is not None and through is not None:
                one.body[DUE] = {"through": through, "at": now}
                tx.save(one, touch=False)
                tx.enqueue(arn, "report", str(one.parent))


def run_report(context: Context, job: Job, control: Control) -> None:
    """Writes the report of the events that were put since the last one."""
    with context.store.read() as reader:
        found = reader.get(job.arn)
        if found is None or DUE not in found.body:
            raise JobFailed("The metric attribution was deleted")
        metrics, due = found.body["_metrics"], found.body[DUE]
        blocks = list(_blocks(reader, found, metrics, due["through"]))
    control.check()
    _deliver(context, found, blocks, metrics, METHODS["events"], due["at"], control)
    with context.store.write() as tx:
        queue.finish(tx, job)
        one = tx.get(job.arn)
        if one is not None:
            one.body |= {THROUGH: due["through"], REPORTED: due["at"]}
            one.body.pop(DUE, None)
            one.body.pop("failureReason", None)
            tx.save(one, touch=False)
    shutil.rmtree(control.workspace(), ignore_errors=True)


def note_failure(tx: Writer, found: Resource, reason: str) -> None:
    """A report could not be written: the metric attribution says why, and the next one has its events, too."""
    due = found.body.pop(DUE, None)
    if due is not None:
        found.body[REPORTED] = due["at"]
    found.body["failureReason"] = reason
    tx.save(found, touch=False)


def report_import(
    context: Context, job: Resource, group: str, part: Path, fields: Sequence[Column], control: Control
) -> None:
    """Writes the report of an import's rows. Raises JobFailed, StorageError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    with context.store.read() as reader:
        listed = reader.children(METRIC_ATTRIBUTION.type, group)
    if not listed or not _destination(listed[0]):
        raise JobFailed("The metric attribution to which the import was to be published was deleted")
    metrics = [
        {key: value for key, value in one.items() if key != attribution.SINCE}
        for one in listed[0].body["_metrics"]
    ]
    file = pq.ParquetFile(part)
    names = [name for name in attribution.needed(metrics, fields) if name in file.schema_arrow.names]
    blocks = (pa.table(batch) for batch in file.iter_batches(BLOCK, columns=names))
    _deliver(context, listed[0], blocks, metrics, METHODS["import"], job.created, control)


def _deliver(
    context: Context,
    found: Resource,
    blocks: Any,
    metrics: Sequence[attribution.Metric],
    method: str,
    at: float,
    control: Control,
) -> None:
    looks = any((one := attribution.column_of(metric)) and one[0] == "ITEMS" for metric in metrics)
    items = context.sources.table(context.store, str(found.parent), "ITEMS") if looks else None
    rows = attribution.summed(blocks, metrics, items)
    if not rows:
        return
    draft = control.workspace() / "report.csv"
    attribution.write(draft, rows)
    flush(draft)
    control.check()
    name = attribution.file_name(method, at)
    context.storage.deliver({name: draft}, str(_destination(found)), str(control.job.id))


def _blocks(
    reader: Reader, found: Resource, metrics: Sequence[attribution.Metric], through: int
) -> Iterator[Any]:
    import pyarrow as pa

    dataset = reader.get(interactions(str(found.parent)))
    schema = reader.get(dataset.body["schemaArn"]) if dataset is not None else None
    if dataset is None or schema is None:
        return
    names = attribution.needed(metrics, columns(json.loads(schema.body["schema"])))
    extra = [
        name for name in names if name not in ("ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_ATTRIBUTION_SOURCE")
    ]
    rows: list[dict[str, Any]] = []
    for number, event in log.between(reader, dataset.arn, found.body[THROUGH], through):
        rows.append(
            {
                attribution.ID: number,
                "ITEM_ID": event.item,
                "TIMESTAMP": event.at,
                "EVENT_TYPE": event.type,
                "EVENT_ATTRIBUTION_SOURCE": event.source,
                **{name: event.value if name == "EVENT_VALUE" else event.columns.get(name) for name in extra},
            }
        )
        if len(rows) == BLOCK:
            yield _table(pa, rows, extra)
            rows = []
    if rows:
        yield _table(pa, rows, extra)


def _table(pa: Any, rows: Sequence[dict[str, Any]], extra: Sequence[str]) -> Any:
    types = {
        attribution.ID: pa.int64(),
        "ITEM_ID": pa.string(),
        "TIMESTAMP": pa.int64(),
        "EVENT_TYPE": pa.string(),
        "EVENT_ATTRIBUTION_SOURCE": pa.string(),
        **dict.fromkeys(extra, pa.float64()),
    }
    return pa.table({name: pa.array([row[name] for row in rows], kind) for name, kind in types.items()})


def _destination(found: Resource) -> str | None:
    return found.body.get("_target")
