"""Which columns of the Items dataset can be asked for, and the items of each of their values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.attributes import number_text
from pzdecl.engine.training.errors import TrainingFailed

RESERVED = frozenset({"ITEM_ID", "CREATION_TIMESTAMP"})

Values = dict[str, NDArray[np.int32]]
"""The items that have each value."""


def usable(data: TrainingData) -> dict[tuple[str, str], Values]:
    """By (kind, name) of a column: the items of each value. Items without events count for nothing.

    A column teaches nothing where all items have the same value, or each a value of its own. Raises
    TrainingFailed where no column is left, saying what is wrong with each.
    """
    if data.items is None:
        raise TrainingFailed("The dataset group has no Items dataset: attributes of items are columns of it.")
    active = np.zeros(len(data.interactions.item_ids), bool)
    active[data.interactions.items] = True
    found: dict[tuple[str, str], Values] = {}
    problems = []
    for name in data.items.rows.column_names:
        kind = data.items.kinds[name]
        if name in RESERVED or kind not in ("categorical", "numeric"):
            continue
        values = _values(data.items.rows[name].to_pylist(), kind, active)
        described = int(sum(len(items) for items in values.values()))
        if len(values) < 2:
            problems.append(f"{name} has {'one value only' if values else 'no value'}")
        elif described == len(values):
            problems.append(f"{name} has another value for every item")
        else:
            found[kind, name] = values
    if not found:
        why = (
            "; ".join(problems)
            or "there is no categorical or numeric column beside ITEM_ID and CREATION_TIMESTAMP"
        )
        raise TrainingFailed(
            f"No column of the Items dataset can be learned from: {why}. Expected a categorical or numeric "
            "column with values that some items share and others do not."
        )
    return found


def _values(rows: list[object], kind: str, active: NDArray[np.bool_]) -> Values:
    members: dict[str, list[int]] = {}
    for item in np.flatnonzero(active):
        value = rows[item]
        if value is None or value == "" or value != value:  # noqa: PLR0124 - NaN
            continue
        parts = [number_text(float(str(value)))] if kind == "numeric" else str(value).split("|")
        for part in dict.fromkeys(parts):
            if part:
                members.setdefault(part, []).append(int(item))
    return {value: np.array(items, np.int32) for value, items in members.items()}
