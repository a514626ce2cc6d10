"""Which columns are learned from, and how their values become cells: fitted to the tables of a training.

Booleans and strings without a role are never trained on, as in the service; nor is a column in which all that
is known is the same, and a text that more than a few are without.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.tables import Kind, Table, kinds_of
from pzdecl.engine.serving.features import Categories, Cells, Column, Design, Number, Words, parted, words_of

RARE = 3
"""A category or a word is learned of its own when at least so many rows have it."""
MOST_VALUES = 10_000
"""Categories or words of one column; the most frequent are kept."""
BUCKETS = 16
FILLED = 0.85
"""Share of rows that must have a text: the service's rule."""
NOT_LEARNED = {"IMPRESSION", "RECOMMENDATION_ID", "EVENT_ATTRIBUTION_SOURCE", "EVENT_VALUE"}
"""Columns of events that say how they were recorded, and EVENT_VALUE, which only filters."""


def side_design(table: Table | None) -> Design:
    """Of the Items or the Users dataset; empty without one."""
    if table is None:
        return Design()
    known = np.flatnonzero(np.asarray(table.known))
    return _design(table.rows.take(known), table.kinds, missing=True)


def event_design(data: Interactions) -> Design:
    """Of the events' columns: EVENT_TYPE, and what else the schema has."""
    if data.columns is None:
        return Design()
    kinds = {name: kind for name, kind in kinds_of(data.columns).items() if name not in NOT_LEARNED}
    if "EVENT_TYPE" in kinds:
        kinds["EVENT_TYPE"] = "categorical"
    return _design(data.columns, kinds, missing=False)


def cells_of(design: Design, rows: Any) -> Cells:
    """The rows of a pyarrow Table as the design's; a column that it lacks is missing."""
    parts = []
    for column in design.columns:
        if column.name not in rows.column_names:
            parts.append(column.cells([None]).take(np.zeros(rows.num_rows, np.int64)))
        elif isinstance(column, Number):
            parts.append(column.cells(_numbers(rows[column.name])))
        else:
            distinct, places = _distinct(rows[column.name])
            parts.append(column.cells(distinct).take(places))
    return design.beside(parts, rows.num_rows)


def _design(rows: Any, kinds: Mapping[str, Kind], *, missing: bool) -> Design:
    found = (_column(name, kind, rows[name], missing) for name, kind in kinds.items())
    return Design(tuple(column for column in found if column is not None))


def _column(name: str, kind: Kind, values: Any, missing: bool) -> Column | None:
    if kind not in ("categorical", "numeric", "text") or not len(values):
        return None
    if kind == "numeric":
        return _number(name, _numbers(values), missing)
    distinct, places = _distinct(values)
    counts = np.bincount(places, minlength=len(distinct))
    parts = parted if kind == "categorical" else words_of
    rows: Counter[str] = Counter()
    for value, count in zip(distinct, counts.tolist(), strict=True):
        rows.update(dict.fromkeys(parts(value), count))
    common = [part for part, count in rows.most_common(MOST_VALUES) if count >= RARE]
    if kind == "categorical":
        seen = len({value for value in distinct if value})
        return Categories(name, tuple(sorted(common)), missing) if seen > 1 and common else None
    filled = sum(int(count) for value, count in zip(distinct, counts, strict=True) if words_of(value))
    if filled < FILLED * len(values):
        return None
    informative = sorted(word for word in common if rows[word] < len(values))
    rarity = tuple(round(math.log(len(values) / rows[word]), 6) for word in informative)
    return Words(name, tuple(informative), rarity, missing) if informative else None


def _number(name: str, numbers: NDArray[np.float64], missing: bool) -> Number | None:
    """Bounds at the quantiles: of few distinct values each has a bucket, of many each bucket as many rows."""
    values, weights = np.unique(numbers[np.isfinite(numbers)], return_counts=True)
    if len(values) < 2:
        return None
    if len(values) <= BUCKETS:
        return Number(name, (*values.tolist(), math.nextafter(values[-1], math.inf)), missing)
    reached = np.cumsum(weights) / weights.sum()
    wanted = np.linspace(0, 1, BUCKETS + 1)
    bounds = np.unique(values[np.minimum(np.searchsorted(reached, wanted), len(values) - 1)])
    return Number(name, tuple(bounds.tolist()), missing)


def _numbers(column: Any) -> NDArray[np.float64]:
    """float64[n]; NaN is nothing."""
    import pyarrow as pa

    return np.asarray(column.cast(pa.float64(), safe=False).to_numpy(), np.float64)


def _distinct(column: Any) -> tuple[list[Any], NDArray[np.int64]]:
    """The distinct values of a pyarrow column of strings, None among them, and which each row has."""
    import pyarrow as pa

    encoded = column.cast(pa.string()).combine_chunks().dictionary_encode(null_encoding="encode")
    return encoded.dictionary.to_pylist(), encoded.indices.to_numpy().astype(np.int64)
