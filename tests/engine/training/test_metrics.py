"""Metrics against hand-made answers, and what must hold of any answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.training.metrics import (
    Evaluation,
    evaluate,
    evaluate_segments,
    mean,
    ndcg,
    reciprocal_rank,
    rewards,
    segment_size,
    weighted_ndcg,
)

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


def test_each_test_user_keeps_their_values() -> None:
    lists = np.array([list(range(25)), list(range(25, 50))], np.int32)
    found = evaluate(lists, [np.array([1], np.int32), np.array([77], np.int32)], 50, ["ann", "bob"])
    assert found.ids == ["ann", "bob"]
    assert found.each["mean_reciprocal_rank_at_25"].tolist() == [0.5, 0.0]
    assert found.each["precision_at_5"].tolist() == [0.2, 0.0]
    assert "coverage" not in found.each, "it is of all lists together"
    assert all(found[name] == round(float(values.mean()), 4) for name, values in found.each.items())


def test_what_has_no_meaning_does_not_count() -> None:
    found = Evaluation({}, ["a", "b", "c"]).with_values({"x": np.array([1.0, np.nan, 0.5])})
    assert found == {"x": 0.75}
    assert mean(np.array([np.nan])) == 0.0


def test_rewards_are_the_share_of_the_first_25() -> None:
    lists = np.array([list(range(30)), list(range(30)), list(range(30))], np.int32)
    reward = np.linspace(0.1, 3.0, 30)
    truths = [np.array([0, 29], np.int32), np.array([3], np.int32), np.array([99], np.int32)]
    found = rewards(lists, truths, reward)
    assert found[0] == pytest.approx(0.1 / (0.1 + 3.0))
    assert found[1] == 1.0
    assert np.isnan(found[2])


def test_event_weights_as_documented() -> None:
    """Weights 0.3 and 0.1 are rewards of 1.5 and 0.5: the heavier event second costs more than the lighter."""
    lists = np.array([list(range(25)), list(range(25))], np.int32)
    truths = [{0: 0.1, 1: 0.3}, {0: 0.3, 1: 0.1}]
    found = weighted_ndcg(lists, truths, mean_weight=0.2)
    first, second = 1 / math.log(2), 1 / math.log(3)
    expected = (0.5 * first + 1.5 * second) / (1.5 * first + 0.5 * second)
    name = "normalized_discounted_cumulative_gain_with_event_weights_at_"
    assert list(found) == [f"{name}5", f"{name}10", f"{name}25"]
    assert found[f"{name}10"].tolist() == pytest.approx([expected, 1.0])


def test_equal_event_weights_change_nothing() -> None:
    lists = np.array([[9, 4, 8, 7, 2, *range(10, 30)]], np.int32)
    found = weighted_ndcg(lists, [{4: 0.7, 2: 0.7}], mean_weight=0.7)
    assert round(float(next(iter(found.values()))[0]), 4) == 0.6241


def test_segments_count_hits_and_recall_at_one_percent() -> None:
    segments = np.array([[1, 2, 3], [4, 5, 6]], np.int32)
    truths = [np.array([1, 3, 9, 10], np.int32), np.array([7], np.int32)]
    found = evaluate_segments(segments, truths, 300, ["a", "b"])
    assert found == {"coverage": 0.02, "hits_at_1_percent": 1.0, "recall_at_1_percent": 0.25}
    assert found.each["hits_at_1_percent"].tolist() == [2.0, 0.0]
    assert found.each["recall_at_1_percent"].tolist() == [0.5, 0.0]
    assert [segment_size(users) for users in (1, 100, 101, 943)] == [1, 1, 2, 10]
