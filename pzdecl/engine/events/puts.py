"""Items, users and actions that were put one by one: one row an id, the newest counts.

A bulk import that brings an id again covers its row: from then on the import's row counts. The row stays, and
counts again when a later FULL import no longer has the id, for what was put is never removed by an import.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pzdecl.engine.store.rows import Reader, Writer


def put(tx: Writer, dataset: str, rows: Sequence[tuple[str, Mapping[str, Any]]], at: float) -> None:
    """Adds rows (id, columns by name), or replaces those of the same ids. `at`: seconds."""
    number = newest(tx, dataset)
    tx.connection.executemany(
        "INSERT INTO puts (dataset, id, seq, at, columns) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "seq = excluded.seq, at = excluded.at, columns = excluded.columns, covered = 0",
        [
            (dataset, id, number + place, at, json.dumps(columns, ensure_ascii=False, separators=(",", ":")))
            for place, (id, columns) in enumerate(rows, 1)
        ],
    )


def newest(reader: Reader, dataset: str) -> int:
    """The number of the newest row that was put; 0 without any."""
    return int(reader.query("SELECT max(seq) FROM puts WHERE dataset = ?", (dataset,))[0][0] or 0)


def ids(reader: Reader, dataset: str) -> set[str]:
    """All ids that were put."""
    return {row[0] for row in reader.query("SELECT id FROM puts WHERE dataset = ?", (dataset,))}


def counting(reader: Reader, dataset: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ids and columns of the rows that no import has covered, in the order in which they were put."""
    for id, columns in reader.rows(
        "SELECT id, columns FROM puts WHERE dataset = ? AND covered = 0 ORDER BY seq", (dataset,)
    ):
        yield id, json.loads(columns)


def cover(tx: Writer, dataset: str, imported: set[str], through: int, *, full: bool) -> None:
    """Notes that an import has brought ids, which was begun when `through` was the newest row's number."""
    if full:
        tx.connection.execute("UPDATE puts SET covered = 0 WHERE dataset = ?", (dataset,))
    tx.connection.executemany(
        "UPDATE puts SET covered = 1 WHERE dataset = ? AND id = ? AND seq <= ?",
        [(dataset, id, through) for id in sorted(imported)],
    )


def forget(tx: Writer, dataset: str, ids: Sequence[str]) -> int:
    """Deletes rows by their ids; returns how many there were."""
    return sum(
        tx.connection.execute("DELETE FROM puts WHERE dataset = ? AND id = ?", (dataset, id)).rowcount
        for id in ids
    )
