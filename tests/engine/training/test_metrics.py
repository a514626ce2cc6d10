"""Metrics against hand-made answers, and what must hold of any answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.training.metrics import evaluate, ndcg, reciprocal_rank

NDCG = "normalized_discounted_cumulative_gain_at_"


def hits(*ranks: int, length: int = 25) -> np.ndarray:
    row = np.zeros((1, length), bool)
    row[0, [rank - 1 for rank in ranks]] = True
    return row


def test_the_documented_example() -> None:
    assert round(float(ndcg(hits(2, 5))[0]), 4) == 0.6241


def test_the_first_hit_counts_for_the_reciprocal_rank() -> None:
    assert reciprocal_rank(np.concatenate([hits(4, 5), hits(1), hits()])).tolist() == [0.25, 1.0, 0.0]


def test_eight_metrics_of_two_users() -> None:
    lists = np.array([list(range(25)), list(range(25, 50))], np.int32)
    truths = [np.array([0, 5, 99], np.int32), np.array([77], np.int32)]
    both = (1 / math.log(2) + 1 / math.log(7)) / (1 / math.log(2) + 1 / math.log(3))
    assert evaluate(lists, truths, 100) == {
        "coverage": 0.5,
        "mean_reciprocal_rank_at_25": 0.5,
        f"{NDCG}10": round(both / 2, 4),
        f"{NDCG}25": round(both / 2, 4),
        f"{NDCG}5": 0.5,
        "precision_at_10": 0.1,
        "precision_at_25": 0.04,
        "precision_at_5": 0.1,
    }


def test_places_without_an_item_are_no_hits() -> None:
    lists = np.array([[3, -1, -1]], np.int32)
    metrics = evaluate(lists, [np.array([-1, 3], np.int32)], 10)
    assert metrics["precision_at_5"] == 0.2
    assert metrics["coverage"] == 0.1


@given(st.lists(st.permutations(list(range(40))), min_size=1, max_size=5), st.data())
def test_metrics_stay_within_zero_and_one(orders: list[list[int]], data: st.DataObject) -> None:
    lists = np.array([order[:25] for order in orders], np.int32)
    some = st.lists(st.integers(0, 39), min_size=1, unique=True)
    truths = [np.array(data.draw(some), np.int32) for _ in orders]
    metrics = evaluate(lists, truths, 40)
    assert len(metrics) == 8
    assert all(0 <= value <= 1 for value in metrics.values())


@given(st.lists(st.booleans(), min_size=25, max_size=25), st.integers(1, 24))
def test_a_hit_that_moves_up_never_costs(row: list[bool], place: int) -> None:
    better = list(row)
    better[place - 1], better[place] = max(row[place - 1 : place + 1]), min(row[place - 1 : place + 1])
    before, after = np.array([row]), np.array([better])
    assert ndcg(after)[0] >= ndcg(before)[0] - 1e-12
    assert reciprocal_rank(after)[0] >= reciprocal_rank(before)[0]


@given(st.integers(0, 25))
def test_hits_at_the_top_are_perfect(count: int) -> None:
    assert ndcg(hits(*range(1, count + 1)))[0] == pytest.approx(1.0 if count else 0.0)
