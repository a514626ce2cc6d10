"""The short ways of scoring one user among many items give what the plain ones give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pzdecl.engine.serving.blend import COLUMNS, FACTS, best, blended, dense_memory, log_total, softmax

RANDOM = np.random.default_rng(5)


def _rows() -> dict[str, NDArray[Any]]:
    plain = RANDOM.standard_normal(20_003).astype(np.float32)
    sparse = np.zeros(20_003, np.float32)
    sparse[RANDOM.integers(20_003, size=10)] = 1
    return {
        "all different": plain,
        "many equals": np.round(plain, 1),
        "one value": np.zeros(20_003, np.float32),
        "fewer above the rest than asked for": sparse,
        "the highest side by side": np.where(np.arange(20_003) // 50 == 3, plain + 10, plain),
        "the highest beyond the last whole part": np.arange(20_003, dtype=np.float64),
        "falling": -np.arange(20_003, dtype=np.float64),
    }


@pytest.mark.parametrize("name", _rows())
@pytest.mark.parametrize("count", [1, 2, 25, 500, 20_002, 20_003, 30_000])
def test_the_best_are_those_of_sorting_all(name: str, count: int) -> None:
    row = _rows()[name]
    found = best(row, count)
    assert found.dtype == np.int32
    assert found.tolist() == np.argsort(-row, kind="stable")[:count].tolist()
    both = best(np.stack((row, row[::-1])), count)
    assert both[0].tolist() == found.tolist()
    assert both[1].tolist() == np.argsort(-row[::-1], kind="stable")[:count].tolist()


def test_none_is_none() -> None:
    assert best(np.zeros(5), 0).tolist() == []


@pytest.mark.parametrize("size", [1, 7, 16_384, 40_000])
@pytest.mark.parametrize("shift", [-1e4, 0, 1e4])
def test_the_total_is_that_of_the_softmax(size: int, shift: float) -> None:
    scores = (RANDOM.standard_normal(size) * 10 + shift).astype(np.float32)
    chances = np.exp(scores.astype(np.float64) - log_total(scores))
    assert chances == pytest.approx(softmax(scores[None])[0], rel=1e-9)


@pytest.mark.parametrize("items", [50, 200, 3000])
def test_what_is_remembered_of_few_items_is_added_as_that_of_all(items: int) -> None:
    hidden, followers = 4, 6
    tensors = {
        "items": RANDOM.standard_normal((items, hidden)).astype(np.float32),
        "bias": RANDOM.standard_normal(items).astype(np.float32),
        "blend": RANDOM.standard_normal((len(FACTS), len(COLUMNS))).astype(np.float32),
        "memory_offsets": np.arange(items + 1, dtype=np.int64) * followers,
        "memory_items": np.concatenate(
            [np.sort(RANDOM.choice(items, followers, replace=False)) for _ in range(items)]
        ).astype(np.int32),
        "memory_shares": RANDOM.random(items * followers).astype(np.float32),
        "memory_mass": RANDOM.random(items).astype(np.float32),
    }
    tensors["blend"][:, -2:] = 0, 9
    expected = RANDOM.standard_normal((3, hidden)).astype(np.float32)
    for history in ([], [4], [7, 7, 7], list(range(30))):
        histories = [np.array(history, np.int32)] * len(expected)
        sparse = blended(tensors, expected, histories)
        dense = blended({**tensors, **dense_memory(tensors)}, expected, histories)
        np.testing.assert_allclose(sparse, dense, rtol=2e-5, atol=2e-6)
