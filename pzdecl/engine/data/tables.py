"""Side tables for training: the Items and Users datasets, in the order of the codes that interactions use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pzdecl.engine.data.columns import ROLE

Kind = Literal["categorical", "numeric", "text", "string", "boolean"]
"""What a column can be used for: strings without a role and booleans serve filters, never training."""


@dataclass(frozen=True, slots=True)
class Table:
    """One row for each id; all null where the dataset has none for it.

    rows      a pyarrow Table without the id's column
    kinds     of each of its columns
    known     bool array: which ids have a row in the dataset
    unlisted  how many ids the dataset has beside these
    """

    rows: Any
    kinds: dict[str, Kind]
    known: Any
    unlisted: int = 0

    def __len__(self) -> int:
        return int(self.rows.num_rows)

    def of_kind(self, *kinds: Kind) -> list[str]:
        """The names of the columns of these kinds, in their order."""
        return [name for name in self.rows.column_names if self.kinds[name] in kinds]


def read_parts(parts: Sequence[Path]) -> Any:
    """All parts of a dataset as one pyarrow Table, the oldest first; None without parts."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    tables = [pq.read_table(part) for part in parts]
    return pa.concat_tables(tables, promote_options="permissive") if tables else None


def kinds_of(table: Any) -> dict[str, Kind]:
    """What each column of a pyarrow Table is for, by its field's metadata and type."""
    import pyarrow as pa

    roles: dict[str, Kind] = {"categorical": "categorical", "textual": "text"}
    kinds: dict[str, Kind] = {}
    for field in table.schema:
        role = (field.metadata or {}).get(ROLE.encode(), b"").decode()
        if pa.types.is_boolean(field.type):
            kinds[field.name] = "boolean"
        elif pa.types.is_string(field.type) or pa.types.is_large_string(field.type):
            kinds[field.name] = roles.get(role, "string")
        else:
            kinds[field.name] = "numeric"
    return kinds


def side_table(table: Any, key: str, ids: Sequence[str], excluded: Sequence[str] = ()) -> Table:
    """The rows of a dataset in the order of `ids`; of several rows for one id the newest (last) counts."""
    import numpy as np
    import pyarrow as pa

    kinds = kinds_of(table)
    newest = {one: row for row, one in enumerate(table[key].to_pylist())}
    places = np.array([newest.get(one, -1) for one in ids], np.int64)
    kept = [name for name in table.column_names if name != key and name not in excluded]
    rows = table.select(kept).take(pa.array(places, mask=places < 0))
    known = places >= 0
    return Table(rows, {name: kinds[name] for name in kept}, known, len(newest) - int(known.sum()))
