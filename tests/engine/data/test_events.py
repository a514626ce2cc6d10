"""Parts of interactions: sorted and coded by the import, read the same however they came about."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.data import events
from pzdecl.engine.data.coding import by_user_and_time, coded
from pzdecl.engine.data.events import EventWriter, writer
from pzdecl.engine.data.interactions import Interactions, load_interactions
from pzdecl.engine.data.parts import PartWriter, conformed
from pzdecl.engine.data.schema import Column
from tests.engine.training.worlds import write

COLUMNS = [
    Column("ITEM_ID", "string"),
    Column("USER_ID", "string"),
    Column("TIMESTAMP", "long"),
    Column("EVENT_TYPE", "string", nullable=True, categorical=True),
    Column("EVENT_VALUE", "float", nullable=True),
]
NAMES = [column.name for column in COLUMNS]
Row = tuple[str, str, int, str | None, float | None]


def rows(count: int, seed: int, users: int = 30) -> list[Row]:
    draw = random.Random(seed)
    return [
        (
            f"i{draw.randrange(40)}",
            f"u{draw.randrange(users)}",
            draw.randrange(-20, 200),
            draw.choice(["view", "Buy", None]),
            draw.choice([None, 0.5, 1.0]),
        )
        for _ in range(count)
    ]


def table(content: list[Row]) -> pa.Table:
    columns = map(list, zip(*content, strict=True))
    types = [pa.string(), pa.string(), pa.int64(), pa.string(), pa.float32()]
    return pa.table({name: pa.array(c, t) for name, c, t in zip(NAMES, columns, types, strict=True)})


def part(path: Path, content: list[Row], block: int = 100) -> Path:
    with EventWriter(path, COLUMNS) as out:
        for batch in table(content).to_batches(max_chunksize=block):
            out.write(batch)
    assert out.rows == len(content)
    return path


def plainly(content: list[Row], event_type: str | None = None, floor: float | None = None) -> list[Row]:
    """What a training should see: by user and time, equal rows once, ties as they came."""
    found = [
        row
        for row in dict.fromkeys(content)
        if (event_type is None or (row[3] or "").lower() == event_type.lower())
        and (floor is None or (row[4] is not None and row[4] >= floor))
    ]
    return sorted(found, key=lambda row: (row[1], row[2]))


def seen(data: Interactions) -> list[Row]:
    others = data.columns.to_pydict()
    return [
        (data.item_ids[item], data.user_ids[user], int(second), kind, value)
        for item, user, second, kind, value in zip(
            data.items, data.users, data.timestamps, others["EVENT_TYPE"], others["EVENT_VALUE"], strict=True
        )
    ]


def test_a_part_is_sorted_and_coded(tmp_path: Path) -> None:
    file = pq.read_table(part(tmp_path / "a.parquet", rows(500, 1)))
    assert file.column_names == NAMES
    users, items = file["USER_ID"].combine_chunks(), file["ITEM_ID"].combine_chunks()
    assert users.dictionary.to_pylist() == sorted(set(users.to_pylist()))
    assert items.dictionary.to_pylist() == sorted(set(items.to_pylist()))
    order = list(zip(users.to_pylist(), file["TIMESTAMP"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert file.schema.field("EVENT_TYPE").metadata == {b"pzdecl.role": b"categorical"}


@pytest.mark.parametrize("filters", [(None, None), ("buy", None), (None, 0.7), ("VIEW", 0.5)])
@pytest.mark.parametrize("run", [events.RUN, 4000], ids=["one run", "several runs"])
def test_training_sees_what_a_plain_reading_gives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: int, filters: tuple[Any, Any]
) -> None:
    monkeypatch.setattr(events, "RUN", run)
    first, second = rows(700, 2), rows(300, 3, users=45)
    paths = [part(tmp_path / "a.parquet", first), part(tmp_path / "b.parquet", second)]
    assert (pq.ParquetFile(paths[0]).num_row_groups > 1) == (run == 4000)
    data = load_interactions(paths, event_type=filters[0], event_value_threshold=filters[1])
    expected = plainly(first + second, *filters)
    assert seen(data) == expected
    assert list(data.user_ids) == sorted({row[1] for row in expected})
    assert list(data.item_ids) == sorted({row[0] for row in expected})
    assert data.offsets.tolist() == [0, *np.cumsum(np.bincount(data.users)).tolist()]


def test_parts_of_text_join_coded_ones(tmp_path: Path) -> None:
    old = write(tmp_path / "old.parquet", [("u9", "i9", 7), ("u1", "i3", 2)])
    new = part(tmp_path / "new.parquet", [("i3", "u0", 5, None, None), ("i0", "u9", 1, None, None)])
    data = load_interactions([old, new], more_items=["i1", "i9"], excluded=["EVENT_TYPE"])
    assert (data.user_ids, data.item_ids) == (["u0", "u1", "u9"], ["i0", "i1", "i3", "i9"])
    codes = np.stack((data.users, data.items, data.timestamps), axis=1)
    assert codes.tolist() == [[0, 2, 5], [1, 2, 2], [2, 0, 1], [2, 3, 7]]
    assert data.columns.column_names == ["EVENT_VALUE"]


def test_only_what_is_whole_is_written(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    out = EventWriter(path, COLUMNS)
    out.write(table(rows(10, 4)))
    out.__exit__(RuntimeError)
    assert pq.read_metadata(path).num_rows == 0


def test_a_newer_schema_adds_a_column(tmp_path: Path) -> None:
    old = part(tmp_path / "a.parquet", rows(50, 5))
    columns = [*COLUMNS, Column("DEVICE", "string", nullable=True)]
    with writer("INTERACTIONS", tmp_path / "b.parquet", columns) as out:
        out.write(conformed(old, columns))
    new = pq.read_table(tmp_path / "b.parquet")
    assert new.drop_columns(["DEVICE"]).to_pylist() == pq.read_table(old).to_pylist()
    assert new["DEVICE"].null_count == 50
    with writer("USERS", tmp_path / "c.parquet", COLUMNS) as plain:
        assert type(plain) is PartWriter


def test_ids_get_their_places(tmp_path: Path) -> None:
    ids, codes = coded(pa.chunked_array([["b", "é", "a"], ["b"]]), ["c", "a"])
    assert (ids.to_pylist(), codes.tolist()) == (["a", "b", "c", "é"], [1, 3, 0, 1])
    unused = pa.DictionaryArray.from_arrays(pa.array([2, 0], pa.int32()), ["z", "y", "x"])
    ids, codes = coded(unused)
    assert (ids.to_pylist(), codes.tolist(), codes.dtype) == (["x", "z"], [0, 1], np.int32)
    assert coded(pa.chunked_array([], pa.string()))[1].tolist() == []


@pytest.mark.parametrize("span", [1, 40, 1 << 33, (1 << 62) - 1], ids=["ties", "few", "many", "past a key"])
def test_sorting_is_stable_for_any_span_of_time(span: int) -> None:
    draw = np.random.default_rng(span % 1000)
    users = draw.integers(0, 50, 2000).astype(np.int32)
    times = draw.integers(-span, span, 2000)
    order = by_user_and_time(users, times, 50)
    assert order is not None
    assert order.tolist() == np.lexsort((times, users)).tolist()
    assert by_user_and_time(users[order], times[order], 50) is None
