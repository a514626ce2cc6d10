"""Reading Parquet parts into the training view."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.data.interactions import load_interactions
from tests.counting import calls
from tests.engine.training.worlds import write


def test_events_are_sorted_by_user_and_time_and_ties_keep_the_files_order(tmp_path: Path) -> None:
    first = write(tmp_path / "a.parquet", [("b", "z", 5), ("a", "y", 9), ("a", "z", 7), ("b", "m", 5)])
    second = write(tmp_path / "b.parquet", [("b", "a", 5), ("a", "n", 1)])
    data = load_interactions([first, second])
    assert data.user_ids == ["a", "b"]
    assert data.item_ids == ["a", "m", "n", "y", "z"]
    assert [data.item_ids[i] for i in data.items] == ["n", "z", "y", "z", "m", "a"]
    assert data.timestamps.tolist() == [1, 7, 9, 5, 5, 5]
    assert data.offsets.tolist() == [0, 3, 6]
    assert (data.users.dtype, data.items.dtype, data.timestamps.dtype) == (np.int32, np.int32, np.int64)


def test_equal_events_count_once_even_when_apart(tmp_path: Path) -> None:
    rows = [("u", "x", 1, "watch", 0.5), ("u", "y", 1, "watch", 0.5), ("u", "x", 1, "watch", 0.5)]
    rows += [("u", "x", 1, "click", 0.5), ("u", "x", 1, "watch", None), ("u", "x", 1, "watch", None)]
    data = load_interactions([write(tmp_path / "a.parquet", rows, ["EVENT_TYPE", "EVENT_VALUE"])])
    assert [data.item_ids[i] for i in data.items] == ["x", "y", "x", "x"]


def test_event_type_ignores_case_and_value_is_a_floor(tmp_path: Path) -> None:
    rows = [("u", "a", 1, "Watch", 0.5), ("u", "b", 2, "click", 0.9), ("u", "c", 3, "watch", 0.49)]
    rows += [("u", "d", 4, "WATCH", None), ("u", "e", 5, None, 1.0)]
    part = write(tmp_path / "a.parquet", rows, ["EVENT_TYPE", "EVENT_VALUE"])
    assert load_interactions([part], event_type="wATCH").item_ids == ["a", "c", "d"]
    assert load_interactions([part], event_value_threshold=0.5).item_ids == ["a", "b", "e"]
    assert load_interactions([part], event_type="watch", event_value_threshold=0.5).item_ids == ["a"]


@pytest.mark.parametrize("filters", [{"event_type": "watch"}, {"event_value_threshold": 0.0}])
def test_a_filter_on_a_missing_column_keeps_nothing(tmp_path: Path, filters: dict[str, object]) -> None:
    part = write(tmp_path / "a.parquet", [("u", "a", 1)])
    data = load_interactions([part], **filters)  # type: ignore[arg-type]
    assert len(data) == 0
    assert data.offsets.tolist() == [0]


def test_no_parts_are_no_events() -> None:
    assert len(load_interactions([])) == 0


def test_reading_is_vectorised(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    n = 200_000
    table = pa.table(
        {
            "USER_ID": np.char.add("u", rng.integers(0, 50_000, n).astype(str)),
            "ITEM_ID": np.char.add("i", rng.integers(0, 20_000, n).astype(str)),
            "TIMESTAMP": rng.integers(0, 10**8, n),
        }
    )
    pq.write_table(table, tmp_path / "a.parquet")
    loaded = [load_interactions([tmp_path / "a.parquet"])]  # the first time, modules are imported
    assert calls(lambda: loaded.append(load_interactions([tmp_path / "a.parquet"]))) < n / 100
    assert 0.99 * n < len(loaded[1]) <= n
