"""How far lists move, against values that are known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.rehearsal.lists import moved, overlap, rank_biased_overlap

rankings = st.lists(st.integers(0, 15).map(str), unique=True, max_size=10)


def test_overlap() -> None:
    assert overlap("abc", "cab") == 1
    assert overlap("abcd", "ab") == 0.5
    assert overlap("", "") == 1
    assert overlap("", "a") == 0


def test_rank_biased_overlap_by_hand() -> None:
    # Depth 1: 0 of 1 agree, depth 2: 2 of 2; (1 - p) / p * (0 + p^2) + p^2 with p = 0.9.
    assert rank_biased_overlap("ab", "ba") == pytest.approx(0.1 / 0.9 * 0.81 + 0.81)
    # Of a longer list that goes on, the part that is seen agrees throughout.
    assert rank_biased_overlap("a", "ab") == pytest.approx(0.1 / 0.9 * (0.9 + 0.81) + 0.81)
    assert rank_biased_overlap("ab", "cd") == 0


@given(rankings, rankings)
def test_it_is_symmetric_and_between_0_and_1(one: list[str], other: list[str]) -> None:
    value = rank_biased_overlap(one, other)
    assert value == pytest.approx(rank_biased_overlap(other, one))
    assert -1e-9 <= value <= 1 + 1e-9
    assert rank_biased_overlap(one, one) == pytest.approx(1)


def test_the_first_places_weigh_most() -> None:
    assert rank_biased_overlap("abcdef", "bacdef") < rank_biased_overlap("abcdef", "abcdfe")


def test_what_appears_and_goes() -> None:
    before = {"u": ["a", "b"], "v": ["a", "c"], "w": ["a"]}
    after = {"u": ["a", "b"], "v": ["d", "a"], "x": ["e"]}
    found = moved(before, after, asked="users", catalogue=8, again={"u": ["b", "a"], "v": ["a", "d"]})
    assert found is not None
    assert (found.count, found.overlap, found.first_changed, found.unchanged) == (2, 0.75, 0.5, 0.5)
    assert (found.appeared, found.gone) == ((("d", 1),), (("c", 1),))
    assert (found.shown_before, found.shown_after, found.chance) == (3, 3, 0.75)
    assert moved(before, {}, asked="users", catalogue=8) is None
