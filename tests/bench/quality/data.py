"""Data sets for the protocols: splits in sequence order, with the items' and users' tables beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.reading import CsvReader
from pzdecl.engine.data.schema import columns
from pzdecl.engine.data.training_data import TrainingData, load_training_data
from tests import datasets

PARTS = ("train", "valid", "test")


@dataclass(frozen=True)
class Held:
    """A data set of which something is held back: tables of events, each user's in the order they happened.

    training  what is fitted to
    shown     the histories that recommendations are asked for
    truth     what came next; the users asked are those who have events here
    """

    training: Any
    shown: Any
    truth: Any


def splits(name: str) -> list[Any] | None:
    """The leave-last-out split of a data set: tables of the first events, the last but one, the last."""
    folder = datasets.splits(name)
    return None if folder is None else [read_csv(folder / f"{part}.csv.gz") for part in PARTS]


def read_csv(file: Path) -> Any:
    """A CSV file, compressed or not, whose ids are text."""
    ids = {"USER_ID": pa.string(), "ITEM_ID": pa.string(), "INVOICE": pa.string()}
    options = pyarrow.csv.ConvertOptions(column_types=ids)
    return pyarrow.csv.read_csv(file, convert_options=options)


def by_user(table: Any) -> Any:
    """The rows by user; each user's stay in their order, whatever their timestamps."""
    users = table["USER_ID"].combine_chunks().dictionary_encode().indices.to_numpy()
    return table.take(pa.array(np.argsort(users, kind="stable")))


def places(table: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Of a table by user, for each row: its place in the user's history, and how long that is."""
    users = table["USER_ID"].combine_chunks().dictionary_encode().indices.to_numpy()
    _, starts, lengths = np.unique(users, return_index=True, return_counts=True)
    order = np.argsort(starts)
    lengths = lengths[order]
    return np.arange(len(users)) - np.repeat(starts[order], lengths), np.repeat(lengths, lengths)


def training_data(name: str, events: Any, scratch: Path, *, whole_catalogue: bool = False) -> TrainingData:
    """The events with the data set's items and users, as a training of the engine reads them."""
    scratch.mkdir(parents=True, exist_ok=True)
    pq.write_table(events, scratch / "interactions.parquet")
    parts = {"INTERACTIONS": [scratch / "interactions.parquet"]}
    folder = datasets.splits(name)
    for kind in ("items", "users"):
        source = None if folder is None else folder.parent.parent / name / f"{kind}.csv"
        if source is not None and source.exists():
            parts[kind.upper()] = [_imported(source, scratch / f"{kind}.parquet")]
    return load_training_data(parts, whole_catalogue=whole_catalogue)


def _imported(csv: Path, parquet: Path) -> Path:
    """A CSV file as an import of the engine writes it."""
    reader = CsvReader(csv, columns(json.loads(csv.with_name(f"{csv.stem}.schema.json").read_text())))
    blocks = list(reader.blocks())
    if reader.problems:
        raise ValueError(f"{csv}: {reader.problems[0]}")
    pq.write_table(pa.Table.from_batches(blocks), parquet)
    return parquet


def coded(table: Any, data: Interactions) -> Interactions:
    """Events in the codes of `data`; those of items or users that it does not know are left out."""
    users, items = _codes(table["USER_ID"], data.user_ids), _codes(table["ITEM_ID"], data.item_ids)
    known = np.flatnonzero((users >= 0) & (items >= 0))
    order = known[np.argsort(users[known], kind="stable")]
    counts = np.bincount(users[order], minlength=len(data.user_ids))
    others = [name for name in table.column_names if name not in ("USER_ID", "ITEM_ID", "TIMESTAMP")]
    return Interactions(
        users[order],
        items[order],
        table["TIMESTAMP"].to_numpy()[order],
        np.concatenate(([0], np.cumsum(counts))).astype(np.int64),
        data.user_ids,
        data.item_ids,
        table.select(others).take(pa.array(order)) if others else None,
    )


def truths(table: Any, data: Interactions) -> Mapping[int, NDArray[np.int32]]:
    """For each user in the table, the distinct codes of their items; -1 stands for items nobody knows."""
    users, items = _codes(table["USER_ID"], data.user_ids), _codes(table["ITEM_ID"], data.item_ids)
    return {int(user): np.unique(items[users == user]) for user in np.unique(users[users >= 0])}


def _codes(column: Any, ids: Sequence[str]) -> NDArray[np.int32]:
    found = pc.index_in(column.cast(pa.string()), value_set=pa.array(ids, pa.string()))
    return np.asarray(found.fill_null(-1).to_numpy(), np.int32)
