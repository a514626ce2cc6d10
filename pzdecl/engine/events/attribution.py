"""Metric attribution: events summed up by metric, source and quarter of an hour, as rows of a CSV report."""

from __future__ import annotations

import csv
import datetime
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.data.schema import Column

if TYPE_CHECKING:
    from pzdecl.engine.filters.table import Table

EXPRESSION = re.compile(r"SAMPLECOUNT\(\)|SUM\((Items|Interactions)\.([A-Za-z_][A-Za-z\d_]*)\)", re.IGNORECASE)
"""What a metric computes: how many events there are, or the sum of a column over them."""
NUMBERS = ("int", "long", "float", "double")
"""Types of columns that can be summed up."""
BUCKET = 15 * 60
"""Seconds that one row of a report is about."""
UNDEFINED = "SOURCE_NAME_UNDEFINED"
"""The source of events that name none."""
HEADER = ("METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP")
ID, SINCE = "_id", "_since"
"""A block's column with the events' numbers, and a metric's: it counts events with higher ones only."""

Metric = Mapping[str, Any]


class Row(NamedTuple):
    """A line of a report; `timestamp` is the beginning of its quarter of an hour, in seconds."""

    metric: str
    event_type: str
    value: float
    function: str
    source: str
    timestamp: int


def summed(blocks: Iterable[Any], metrics: Sequence[Metric], items: Table | None) -> list[Row]:
    """The rows of a report, sorted by metric, time and source.

    blocks   pyarrow Tables of events: ITEM_ID, TIMESTAMP, EVENT_TYPE, what metrics sum up, and maybe
             EVENT_ATTRIBUTION_SOURCE and `_id`
    metrics  as the API has them, maybe with `_since`
    items    the Items dataset; an item that it doesn't have, or that has no value, adds nothing
    """
    totals: dict[tuple[int, int, str], float] = {}
    for block in blocks:
        for number, metric in enumerate(metrics):
            for source, at, value in _groups(block, metric, items):
                key = (number, at, source)
                totals[key] = totals.get(key, 0.0) + value
    return [
        Row(
            metrics[number]["metricName"],
            metrics[number]["eventType"],
            value,
            "SUM" if column_of(metrics[number]) else "SAMPLECOUNT",
            source,
            at,
        )
        for (number, at, source), value in sorted(totals.items())
    ]


def column_of(metric: Metric) -> tuple[str, str] | None:
    """The type of dataset ("ITEMS") and the column that a metric sums up; None for one that counts."""
    found = EXPRESSION.fullmatch(metric["expression"].strip())
    return (found[1].upper(), found[2].upper()) if found and found[1] else None


def needed(metrics: Iterable[Metric], fields: Sequence[Column]) -> list[str]:
    """The columns of an Interactions dataset that metrics look at."""
    summed_up = {found[1] for one in metrics if (found := column_of(one)) and found[0] == "INTERACTIONS"}
    own = {"ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_ATTRIBUTION_SOURCE"}
    return [one.name for one in fields if one.name in own or one.name.upper() in summed_up]


def file_name(method: str, at: float) -> str:
    """What a report is called. `method` says how the events came in, `at` (seconds) when it was due."""
    moment = datetime.datetime.fromtimestamp(math.floor(at * 1000) / 1000, datetime.UTC)
    return (
        f"AggregatedAttributionMetrics - {method} - {moment:%Y%m%dT%H%M%S}.{moment.microsecond // 1000:03}Z.csv"
    )


def write(path: Path, rows: Iterable[Row]) -> None:
    """A report as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(row._replace(value=_number(row.value)) for row in rows)


def _groups(block: Any, metric: Metric, items: Table | None) -> Iterable[tuple[str, int, float]]:
    """Source, beginning of the quarter of an hour, and sum."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if "EVENT_TYPE" not in block.column_names:
        return
    wanted = pc.equal(pc.utf8_lower(block["EVENT_TYPE"].cast(pa.string())), metric["eventType"].lower())
    if ID in block.column_names:
        wanted = pc.and_(wanted, pc.greater(block[ID], metric.get(SINCE, 0)))
    part = block.filter(wanted)
    if not part.num_rows:
        return
    times = part["TIMESTAMP"].cast(pa.int64())
    if "EVENT_ATTRIBUTION_SOURCE" in part.column_names:
        sources = pc.fill_null(part["EVENT_ATTRIBUTION_SOURCE"].cast(pa.string()), UNDEFINED)
    else:
        sources = pa.array([UNDEFINED] * part.num_rows)
    table = pa.table(
        {
            "source": sources,
            "at": pc.multiply(
                pc.floor(pc.divide(times.cast(pa.float64()), float(BUCKET))).cast(pa.int64()), BUCKET
            ),
            "value": _values(part, metric, items),
        }
    ).filter(pc.field("value").is_valid())
    grouped = table.group_by(["source", "at"], use_threads=False).aggregate([("value", "sum")])
    for row in grouped.to_pylist():
        yield row["source"], row["at"], row["value_sum"]


def _values(part: Any, metric: Metric, items: Table | None) -> Any:
    """What each event adds, as an array of numbers; null where it has no such value."""
    import numpy as np
    import pyarrow as pa

    from pzdecl.engine.filters.table import Numbers

    looked_at = column_of(metric)
    if looked_at is None:
        return pa.array(np.ones(part.num_rows))
    dataset, wanted = looked_at
    if dataset == "INTERACTIONS":
        name = next((name for name in part.column_names if name.upper() == wanted), None)
        return pa.nulls(part.num_rows, pa.float64()) if name is None else part[name].cast(pa.float64())
    name = next((name for name in items.columns if name.upper() == wanted), None) if items else None
    column = items.column(name) if items is not None and name is not None else None
    if items is None or not isinstance(column, Numbers):
        return pa.nulls(part.num_rows, pa.float64())
    ids = part["ITEM_ID"].cast(pa.large_string()).combine_chunks()
    rows = items.ids.places(ids)
    return pa.array(column.values[rows].astype(np.float64), mask=~column.there[rows])


def _number(value: float) -> Any:
    """Without a decimal point where there is nothing behind it."""
    return int(value) if value.is_integer() and abs(value) < 2**53 else value
