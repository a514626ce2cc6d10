"""The bootstrap: repeatable, right on average, and the same whatever else is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from pzdecl.engine import intervals as module
from pzdecl.engine.intervals import intervals


def test_equal_values_give_equal_intervals_in_blocks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    values = np.random.default_rng(1).random((50, 3))
    whole = intervals(values)
    assert np.array_equal(whole, intervals(values))
    assert not np.array_equal(whole, intervals(values, seed=1))
    monkeypatch.setattr(module, "CELLS", 50 * 7)
    assert np.allclose(whole, intervals(values))


def test_columns_are_drawn_together() -> None:
    values = np.random.default_rng(2).random((40, 1))
    both = intervals(np.concatenate((values, values * 2), 1))
    assert both[:, 1] == pytest.approx(both[:, 0] * 2)
    assert both[:, 0] == pytest.approx(intervals(values)[:, 0])


def test_95_percent_of_intervals_hold_the_true_mean() -> None:
    rng = np.random.default_rng(3)
    inside = 0
    for trial in range(200):
        low, high = intervals(rng.exponential(1.0, (120, 1)), seed=trial)[:, 0]
        inside += low <= 1.0 <= high
    assert 0.90 <= inside / 200 <= 0.98


def test_it_is_about_as_wide_as_the_standard_error_says() -> None:
    values = np.random.default_rng(4).normal(5.0, 2.0, (400, 1))
    low, high = intervals(values)[:, 0]
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert low < values.mean() < high


def test_what_is_not_known_is_left_out() -> None:
    values = np.array([[1.0], [np.nan], [1.0], [np.nan], [1.0]])
    assert intervals(values)[:, 0].tolist() == [1.0, 1.0]
    assert intervals(np.array([[7.0]])).ravel().tolist() == [7.0, 7.0]
