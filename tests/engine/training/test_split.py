"""Who tests, what they are shown, and when there is too little data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.split import check_minimum, split, within_percentiles
from tests.engine.training.worlds import interactions


def test_one_user_in_ten_tests_with_the_newest_tenth() -> None:
    data = interactions([list(range(20))] * 50, 20)
    parts = split(data)
    assert len(parts.test_users) == 5
    assert set(parts.training.lengths[parts.test_users]) == {0}
    assert len(parts.training) == 45 * 20
    for user, truth in zip(parts.test_users, parts.truths, strict=True):
        shown = parts.shown.items[parts.shown.offsets[user] : parts.shown.offsets[user + 1]]
        assert shown.tolist() == list(range(18))
        assert truth.tolist() == [18, 19]


def test_a_history_of_two_shows_one_and_asks_for_one() -> None:
    parts = split(interactions([[0, 1]] * 30 + [[2]] * 300, 3))
    assert len(parts.test_users) == 3
    assert parts.shown.lengths[parts.test_users].tolist() == [1, 1, 1]
    assert [truth.tolist() for truth in parts.truths] == [[1], [1], [1]]


def test_test_users_stay_when_others_come() -> None:
    few = interactions([[0, 1, 2]] * 200, 3)
    more = interactions([[0, 1, 2]] * 210, 3)
    before, after = (set(split(data).test_users.tolist()) for data in (few, more))
    assert len(before & after) >= len(before) - 2


def test_another_seed_draws_others() -> None:
    data = interactions([[0, 1, 2]] * 200, 3)
    assert split(data, 0).test_users.tolist() == split(data, 0).test_users.tolist()
    assert split(data, 0).test_users.tolist() != split(data, 1).test_users.tolist()


def test_too_few_interactions_in_the_services_words() -> None:
    data = interactions([[0, 1, 2]] * 333, 3)
    with pytest.raises(TrainingFailed, match=r"^Dataset has fewer than 1000 interactions\.$"):
        check_minimum(data, None)
    text = r"^Dataset has fewer than 1000 interactions after filtering by event type: watch\.$"
    with pytest.raises(TrainingFailed, match=text):
        check_minimum(data, "watch")


def test_too_few_users_in_the_services_words() -> None:
    data = interactions([list(range(50))] * 24 + [[0]] * 100, 50)
    text = r"^Dataset has fewer than 25 users with at least 2 interactions each\.$"
    with pytest.raises(TrainingFailed, match=text):
        check_minimum(data, None)
    check_minimum(interactions([list(range(50))] * 25, 50), None)


def test_of_a_crowd_of_passers_by_one_in_a_hundred_must_come_again() -> None:
    """Users without events, whom only the Users dataset knows, don't count."""
    again = [[0, 1]] * 30
    check_minimum(interactions(again + [[0]] * 2970 + [[]] * 500, 2), None)
    with pytest.raises(TrainingFailed, match=r"fewer than 1% of users .* interactions each: 30 of 3,001\.$"):
        check_minimum(interactions(again + [[0]] * 2971, 2), None)


def test_percentiles_are_inclusive_and_leave_out_the_absent() -> None:
    counts = np.array([0, 1, 2, 3, 4, 5])
    assert within_percentiles(counts, 0.0, 1.0).tolist() == [False, True, True, True, True, True]
    assert within_percentiles(counts, 0.25, 0.75).tolist() == [False, False, True, True, True, False]
    assert not within_percentiles(np.zeros(3, np.int64), 0.0, 1.0).any()


def test_a_selection_keeps_codes_and_recounts() -> None:
    data = interactions([[0, 1], [2, 0], [1]], 3)
    kept = data.select(data.items != 0)
    assert kept.items.tolist() == [1, 2, 1]
    assert kept.offsets.tolist() == [0, 1, 2, 3]
    assert kept.user_ids == data.user_ids
    assert replace(kept, items=data.items[:0]).lengths.tolist() == [1, 1, 1]
