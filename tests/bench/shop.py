"""A shop's interactions as a CSV file of any length, for what is measured at the size of a business."""

from __future__ import annotations

from pathlib import Path

SCHEMA = {
    "type": "record",
    "name": "Interactions",
    "namespace": "com.amazonaws.personalize.schema",
    "fields": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "EVENT_VALUE", "type": ["null", "float"]},
    ],
    "version": "1.0",
}
EVENT_TYPES = ("view", "click", "cart", "purchase")
USERS, ITEMS = 200_000, 100_000
FIRST_SECOND, YEAR = 1_700_000_000, 365 * 24 * 3600


def write(file: Path, rows: int, seed: int = 0) -> None:
    """Writes `rows` events in no order: users and items drawn evenly, every event type and value likely."""
    import numpy as np
    import pyarrow as pa
    from pyarrow import csv

    draw = np.random.default_rng(seed)
    columns = {
        "USER_ID": np.char.add("user-", draw.integers(0, USERS, rows).astype(str)),
        "ITEM_ID": np.char.add("sku-", draw.integers(0, ITEMS, rows).astype(str)),
        "TIMESTAMP": draw.integers(FIRST_SECOND, FIRST_SECOND + YEAR, rows),
        "EVENT_TYPE": np.array(EVENT_TYPES)[draw.integers(0, len(EVENT_TYPES), rows)],
        "EVENT_VALUE": np.round(draw.random(rows) * 100, 2).astype(np.float32),
    }
    with file.open("wb") as out:
        out.write(f"{','.join(columns)}\n".encode())
        csv.write_csv(pa.table(columns), out, csv.WriteOptions(include_header=False, quoting_style="none"))
