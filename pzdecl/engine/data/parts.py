"""Parquet parts: the form in which a dataset is kept.

Interactions keep every row, one part an import (`pzdecl.engine.data.events`). Items, Users and Actions have one
row an id, so an import merges them into a single new part: the newest row of an id wins and stands where the id
first stood.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Self

from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.schema import Column

KEYS = {"ITEMS": "ITEM_ID", "USERS": "USER_ID", "ACTIONS": "ACTION_ID"}


class PartWriter:
    """Writes blocks to one Parquet file. Use it as a context manager; the file is on disk when it ends."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.path = path
        self.rows = 0
        self._writer = self.open(columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        try:
            if failure is None:
                self.complete()
        finally:
            self._writer.close()
        flush(self.path)

    def open(self, columns: Sequence[Column]) -> Any:
        """The writer of the file."""
        import pyarrow.parquet as pq

        return pq.ParquetWriter(self.path, arrow_schema(list(columns)), compression="zstd")

    def write(self, block: Any) -> None:
        """Adds a record batch or a table as a row group."""
        if block.num_rows:
            self.rows += block.num_rows
            self._writer.write(block)

    def complete(self) -> None:
        """Writes what is not yet written; called once, if nothing failed."""


def merge(paths: Iterable[Path], key: str, columns: Sequence[Column], out: Path) -> int:
    """Writes the newest row of every id of the given parts, oldest part first; returns the number of rows."""
    import pyarrow as pa
    import pyarrow.compute as pc

    tables = [conformed(path, columns) for path in paths]
    table = pa.concat_tables(tables).append_column(
        "row", pa.array(range(sum(t.num_rows for t in tables)), pa.int64())
    )
    places = table.group_by(key).aggregate([("row", "min"), ("row", "max")])
    order = pc.sort_indices(places.column("row_min"))
    newest = table.take(places.column("row_max").take(order)).drop_columns(["row"])
    with PartWriter(out, columns) as writer:
        writer.write(newest)
    return int(newest.num_rows)


def ids_in(path: Path, key: str) -> set[str]:
    """The distinct ids of a part."""
    import pyarrow.parquet as pq

    return set(pq.read_table(path, columns=[key]).column(key).to_pylist())


def conformed(path: Path, columns: Sequence[Column]) -> Any:
    """A part as a table with the columns of a newer schema: those that it doesn't have are null."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    schema = arrow_schema(list(columns))
    arrays = [
        table.column(field.name).cast(field.type)
        if field.name in table.schema.names
        else pa.nulls(table.num_rows, field.type)
        for field in schema
    ]
    return pa.table(arrays, schema=schema)


def flush(path: Path) -> None:
    """Makes a file or folder, and its name, durable."""
    for place in (path, path.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def flush_tree(folder: Path) -> None:
    """Makes all files below a folder durable."""
    for root, _, names in os.walk(folder):
        for name in names:
            flush(Path(root) / name)
    flush(folder)
