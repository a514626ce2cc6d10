"""What was put one by one as Parquet parts, for trainings and exports to read beside the imported ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from pzdecl.engine.api.families import DATASET
from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.events import writer
from pzdecl.engine.data.parts import KEYS
from pzdecl.engine.data.schema import Column, columns
from pzdecl.engine.events import log, puts
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.engine.store.store import Store

BLOCK = 50_000
"""Rows that are in memory at once."""
IMPRESSION = Column("IMPRESSION", "string", nullable=True)
"""Events carry what was shown, whether the schema has a column for it or not."""
CONTENT = "content.json"

Content = dict[str, Any]
"""What a dataset group holds: the numbers of its newest event (`events`), of its newest action interaction that
was put (`acts`, where there is one), of rows that were put, and its parts; and the number of the newest
deletion of users' data (`erased`, where there was one), after which other numbers may be given again."""


def content(reader: Reader, group: str) -> Content:
    """What is in a dataset group now, to be compared with what was in it at another time."""
    found: Content = {"events": 0, "puts": {}, "parts": {}}
    for dataset in reader.children(DATASET.type, group):
        kind = dataset.body["datasetType"]
        if kind == "INTERACTIONS":
            found["events"] = log.newest(reader, dataset.arn)
        elif kind == "ACTION_INTERACTIONS":
            if number := log.newest(reader, dataset.arn):
                found["acts"] = number
        elif number := puts.newest(reader, dataset.arn):
            found["puts"][kind] = number
        if erased := dataset.body.get("_erased"):
            found["erased"] = max(erased, found.get("erased", 0))
        found["parts"][kind] = [part.path for part in reader.parts(dataset.arn)]
    return found


def put_parts(store: Store, group: str, folder: Path) -> tuple[dict[str, Path], Content]:
    """Writes what was put into a group to `folder`, a part a dataset type; and what the group held just then.

    A folder that is there already is what an earlier attempt wrote: it stays as it is, so that a training goes
    on with the data that it began with.
    """
    if not folder.exists():
        draft = folder.with_name(f"{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        with store.read() as reader:
            held = content(reader, group)
            for dataset in reader.children(DATASET.type, group):
                part = draft / f"{dataset.body['datasetType']}.parquet"
                write_part(reader, dataset, part, as_sent=False)
        (draft / CONTENT).write_text(json.dumps(held), encoding="utf-8")
        draft.rename(folder)
    held = json.loads((folder / CONTENT).read_text(encoding="utf-8"))
    return {path.stem: path for path in sorted(folder.glob("*.parquet"))}, held


def write_part(reader: Reader, dataset: Resource, path: Path, *, as_sent: bool = True) -> int:
    """Writes what was put into a dataset as one part; returns how many rows. Without any, there is no file.

    as_sent  events keep their times, also where these are later than they arrived: a training would take the
             latest of all for now
    """
    schema = reader.get(dataset.body["schemaArn"])
    kind = dataset.body["datasetType"]
    if schema is None:
        return 0
    fields = columns(json.loads(schema.body["schema"]))
    if kind == "INTERACTIONS":
        if all(field.name != IMPRESSION.name for field in fields):
            fields.append(IMPRESSION)
        rows: Iterator[Mapping[str, Any]] = _events(reader, dataset.arn, as_sent)
    elif kind == "ACTION_INTERACTIONS":
        rows = ({**row, "ACTION_ID": row["ITEM_ID"]} for row in _events(reader, dataset.arn, as_sent))
    else:
        rows = ({KEYS[kind]: id, **values} for id, values in puts.counting(reader, dataset.arn))
    first = next(rows, None)
    if first is None:
        return 0
    with writer(kind, path, fields) as part:
        for block in _blocks(first, rows):
            part.write(_table(block, fields))
    return part.rows


def _events(reader: Reader, dataset: str, as_sent: bool) -> Iterator[Mapping[str, Any]]:
    for owner, event in log.everything(reader, dataset, as_sent=as_sent):
        yield {
            **event.columns,
            "USER_ID": owner,
            "ITEM_ID": event.item,
            "TIMESTAMP": event.at,
            "EVENT_TYPE": event.type,
            "EVENT_VALUE": event.value,
            "RECOMMENDATION_ID": event.recommendation,
            "EVENT_ATTRIBUTION_SOURCE": event.source,
            "IMPRESSION": "|".join(event.impression) or None,
        }


def _blocks(
    first: Mapping[str, Any], rest: Iterator[Mapping[str, Any]]
) -> Iterable[Sequence[Mapping[str, Any]]]:
    block = [first, *islice(rest, BLOCK - 1)]
    while block:
        yield block
        block = list(islice(rest, BLOCK))


def _table(rows: Sequence[Mapping[str, Any]], fields: Sequence[Column]) -> Any:
    import pyarrow as pa

    schema = arrow_schema(list(fields))
    arrays = [pa.array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.table(arrays, schema=schema)
