"""The fast count of pairs against one that can be read in a minute."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from pzdecl.engine.training.related import closeness
from pzdecl.engine.training.related.histories import by_item, distinct, unique_users
from tests.engine.training.worlds import interactions


def naive(histories: list[list[int]], items: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Closeness and users of every pair, by two loops over each history."""
    near, users = np.zeros((items, items)), np.zeros((items, items))
    for history in histories:
        newest = {item: place for place, item in enumerate(history)}
        once = sorted(newest, key=lambda item: newest[item])
        for a, i in enumerate(once):
            for b, j in enumerate(once):
                gap = abs(a - b)
                if 0 < gap <= closeness.WINDOW:
                    near[i, j] += (1 if b > a else closeness.BACKWARDS) / gap
                    users[i, j] += 1
    return near, users


def counted(histories: list[list[int]], items: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    found = [block.near.toarray() for block in closeness.blocks(distinct(interactions(histories, items)))]
    every = np.concatenate(found)
    return every.real.astype(np.float64), every.imag.astype(np.float64)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 29), max_size=40), min_size=1, max_size=6),
    st.sampled_from([21, 100, 10**6]),
)
def test_the_fast_count_is_the_naive_one(histories: list[list[int]], most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(closeness, "BLOCK_PAIRS", most)
        near, users = counted(histories, 30)
    wanted, by = naive(histories, 30)
    assert np.array_equal(users, by)
    np.testing.assert_allclose(near, wanted, rtol=1e-5)


def test_what_comes_after_counts_more_than_what_came_before() -> None:
    near, _ = counted([[0, 1, 2]], 3)
    assert near.tolist() == [[0, 1, 0.5], [0.5, 0, 1], [0.25, 0.5, 0]]


def test_a_repeated_item_counts_once_where_it_was_last() -> None:
    once = distinct(interactions([[0, 1, 0, 2], [3, 3]], 4))
    assert once.items.tolist() == [1, 0, 2, 3]
    assert unique_users(interactions([[0, 1, 0, 2], [3, 3], [3]], 4)).tolist() == [1, 1, 1, 2]


def test_places_by_item_keep_users_and_times_in_order() -> None:
    assert by_item(interactions([[2, 0, 2], [0, 1]], 3)).tolist() == [1, 3, 4, 0, 2]


def test_nothing_to_count() -> None:
    near, users = counted([[]], 3)
    assert near.shape == (3, 3)
    assert not near.any()
    assert not users.any()


def test_ten_thousand_events_of_a_user_and_a_million_items_need_little_memory() -> None:
    """A history of n makes at most 2 * WINDOW * n pairs, and memory goes by the block, not by items squared."""
    rng = np.random.default_rng(0)
    histories = [rng.integers(0, 1_000_000, 10_000).tolist() for _ in range(3)]
    data = distinct(interactions(histories, 1_000_000))
    tracemalloc.start()
    pairs = sum(int(block.near.data.imag.sum()) for block in closeness.blocks(data))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert pairs == sum(
        2 * closeness.WINDOW * len(set(h)) - closeness.WINDOW * (closeness.WINDOW + 1) for h in histories
    )
    assert peak < 200 * 2**20
