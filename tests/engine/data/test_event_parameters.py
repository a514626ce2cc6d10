"""`eventsConfig`: which events are taken, and what they weigh."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pzdecl.engine.data.event_parameters import EventParameters, event_parameters, listed, type_weights
from pzdecl.engine.data.interactions import load_interactions
from tests.engine.training.worlds import write

CONFIG = {
    "eventsConfig": {
        "eventParametersList": [
            {"eventType": "Buy", "weight": 0.6},
            {"eventType": "rate", "eventValueThreshold": 3.5, "weight": 0.2},
        ]
    }
}
ROWS = [
    ("u1", "i1", 1, "buy", None),
    ("u1", "i2", 2, "BUY", 1.0),
    ("u1", "i3", 3, "rate", 3.5),
    ("u2", "i4", 4, "rate", 3.0),
    ("u2", "i5", 5, "rate", None),
    ("u2", "i6", 6, "view", 9.0),
    ("u2", "i7", 7, None, 9.0),
]


def test_reads_thresholds_and_weights_by_type() -> None:
    assert event_parameters(CONFIG) == {"buy": EventParameters(None, 0.6), "rate": EventParameters(3.5, 0.2)}
    assert event_parameters({}) == event_parameters({"eventsConfig": None}) == {}
    (alone,) = event_parameters({"eventsConfig": {"eventParametersList": [{"eventType": "x"}]}}).values()
    assert alone == EventParameters(None, 1.0)


def test_only_listed_types_with_high_enough_values_are_taken(tmp_path: Path) -> None:
    file = write(tmp_path / "events.parquet", ROWS, ["EVENT_TYPE", "EVENT_VALUE"])
    by_type = event_parameters(CONFIG)
    data = load_interactions([file], by_type=by_type)
    assert list(data.item_ids) == ["i1", "i2", "i3"], "what is not taken leaves no item behind"
    assert list(data.user_ids) == ["u1"]
    assert type_weights(data, by_type).tolist() == pytest.approx([0.6, 0.6, 0.2])
    assert type_weights(data, {}).tolist() == [1, 1, 1]
    assert len(load_interactions([file])) == 7


def test_without_the_columns_nothing_passes() -> None:
    by_type = event_parameters(CONFIG)
    assert len(listed(pa.table({"USER_ID": ["u"], "EVENT_VALUE": [5.0]}), by_type)) == 0
    typed = pa.table({"USER_ID": ["u", "v"], "EVENT_TYPE": ["buy", "rate"]})
    assert listed(typed, by_type)["USER_ID"].to_pylist() == ["u"]


def test_types_that_are_not_listed_weigh_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "events.parquet", ROWS, ["EVENT_TYPE", "EVENT_VALUE"])
    weights = type_weights(load_interactions([file]), event_parameters(CONFIG))
    assert weights == pytest.approx(np.array([0.6, 0.6, 0.2, 0.2, 0.2, 0, 0]))
