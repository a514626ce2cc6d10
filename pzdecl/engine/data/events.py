"""Parts of interactions: the training view is prepared when data is imported, not each time it is trained on.

A part holds its events sorted by user and time, those of one second in the order of the file, and its ids as
integers with the sorted ids beside them (a Parquet dictionary). Sorting needs all of a user's events, so they
are gathered first; what is larger than memory should hold makes several runs, each sorted by itself, a row
group each. Whoever reads a part sorts its runs together (`pzdecl.engine.data.interactions`).
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pzdecl.engine.data.coding import CODED, by_user_and_time, coded
from pzdecl.engine.data.columns import arrow_schema
from pzdecl.engine.data.parts import PartWriter
from pzdecl.engine.data.schema import Column

RUN = 512 << 20
"""Bytes of events that are gathered before they are sorted and written."""

THREADS = 2
"""Columns that are worked on at one time; more would need more memory."""

_DICTIONARY_MAX = 1 << 30
"""Bytes of ids in one row group: above Parquet's own limit, after which it would write ids as text."""


class EventWriter(PartWriter):
    """Gathers blocks of interactions, and writes them sorted and coded. The file is there when it ends."""

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self._blocks: list[Any] = []
        self._gathered = 0
        super().__init__(path, columns)

    def open(self, columns: Sequence[Column]) -> Any:
        """The writer of a file whose ids are coded."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        coded_type = pa.dictionary(pa.int32(), pa.string())
        plain = arrow_schema(list(columns))
        self._schema = pa.schema(
            [field.with_type(coded_type) if field.name in CODED else field for field in plain]
        )
        few = [field.name for field in self._schema if field.name in CODED or pa.types.is_string(field.type)]
        return pq.ParquetWriter(
            self.path,
            self._schema,
            compression="zstd",
            use_dictionary=few,
            column_encoding={"TIMESTAMP": "DELTA_BINARY_PACKED"},
            dictionary_pagesize_limit=_DICTIONARY_MAX,
        )

    def write(self, block: Any) -> None:
        """Adds a record batch or a table."""
        import pyarrow as pa

        self.rows += block.num_rows
        self._gathered += block.nbytes
        self._blocks.append(pa.table(block))
        if self._gathered >= RUN:
            self.complete()

    def complete(self) -> None:
        """Writes what is gathered as a run."""
        import pyarrow as pa

        if not self._blocks:
            return
        table = pa.concat_tables(self._blocks)
        self._blocks, self._gathered = [], 0
        with ThreadPoolExecutor(THREADS) as pool:
            codes = dict(zip(CODED, pool.map(coded, [table[name] for name in CODED]), strict=True))
            user_ids, users = codes["USER_ID"]
            order = by_user_and_time(users, table["TIMESTAMP"].to_numpy(), len(user_ids))

            def arranged(name: str) -> Any:
                if name not in codes:
                    whole = table[name].combine_chunks()
                    return whole if order is None else whole.take(pa.array(order))
                ids, places = codes[name]
                return pa.DictionaryArray.from_arrays(places if order is None else places[order], ids)

            columns = list(pool.map(arranged, self._schema.names))
        self._writer.write_table(pa.table(columns, schema=self._schema), row_group_size=table.num_rows)


def writer(dataset_type: str, path: Path, columns: Sequence[Column]) -> PartWriter:
    """A writer of parts of this type."""
    return (EventWriter if dataset_type == "INTERACTIONS" else PartWriter)(path, columns)
