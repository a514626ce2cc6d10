"""Popularity and SIMS: answers that can be counted by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.serving.sims import related
from pzdecl.engine.training import sims
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.popularity import by_popularity
from pzdecl.engine.training.related import closeness
from tests.engine.training.worlds import fitted, interactions, job

ALL = {
    "min_user_history_length_percentile": 0.0,
    "max_user_history_length_percentile": 1.0,
    "min_item_interaction_count_percentile": 0.0,
    "max_item_interaction_count_percentile": 1.0,
}


def sims_job(folder: Path, **parameters: Any) -> Job:
    return job(folder, "aws-sims", **{**ALL, "min_cointeraction_count": 0, **parameters})


def neighbours(model: sims.Sims, item: int) -> list[int]:
    offsets = model.tensors["offsets"]
    return list(model.tensors["neighbours"][offsets[item] : offsets[item + 1]])


def test_popularity_counts_users_not_events(tmp_path: Path) -> None:
    data = interactions([[0, 0, 0, 0], [1], [1, 2], [2, 2]], 4)
    assert by_popularity(data).tolist() == [1, 2, 0, 3]
    model = fitted("aws-popularity-count", data, job(tmp_path, "aws-popularity-count"))
    assert model.recommend(data, np.array([0, 3]), 2).tolist() == [[1, 2], [1, 2]]


def test_what_users_had_in_common_is_related(tmp_path: Path) -> None:
    data = interactions([[0, 1], [1, 0], [0, 1], [2, 3], [3, 2], [0, 2]], 5)
    model = fitted("aws-sims", data, sims_job(tmp_path))
    assert neighbours(model, 0) == [1, 2]
    assert neighbours(model, 3) == [2]
    assert neighbours(model, 4) == []


def test_closeness_in_the_history_counts(tmp_path: Path) -> None:
    histories = [[0, 1, 5, 6, 7, 8, 9, 2]] * 3
    model = fitted("aws-sims", interactions(histories, 10), sims_job(tmp_path))
    order = neighbours(model, 0)
    assert order[0] == 1
    assert order[-1] == 2


def test_relations_go_both_ways_and_not_across_users(tmp_path: Path) -> None:
    model = fitted("aws-sims", interactions([[0, 1], [2, 3]], 4), sims_job(tmp_path))
    assert [neighbours(model, item) for item in range(4)] == [[1], [0], [3], [2]]


def test_the_discount_turns_popular_into_particular(tmp_path: Path) -> None:
    # Item 1 is everywhere; item 2 goes with item 0 alone.
    data = interactions([[0, 2, 1], [0, 1, 2], [0, 1], [0, 1], *[[1, 3]] * 12], 4)
    plain = fitted("aws-sims", data, sims_job(tmp_path, popularity_discount_factor=0.0))
    pure = fitted("aws-sims", data, sims_job(tmp_path, popularity_discount_factor=1.0))
    assert neighbours(plain, 0)[0] == 1
    assert neighbours(pure, 0)[0] == 2


@pytest.mark.parametrize(("least", "found"), [(1, [1, 2]), (2, [1]), (3, [])])
def test_rare_pairs_are_unrelated(tmp_path: Path, least: int, found: list[int]) -> None:
    data = interactions([[0, 1], [0, 1], [0, 2]], 3)
    assert neighbours(fitted("aws-sims", data, sims_job(tmp_path, min_cointeraction_count=least)), 0) == found


def test_percentiles_leave_out_long_histories_and_common_items(tmp_path: Path) -> None:
    histories = [[0, 1], [0, 1], [0, 2], list(range(3, 20))]
    data = interactions(histories, 20)
    short = fitted("aws-sims", data, sims_job(tmp_path, max_user_history_length_percentile=0.6))
    assert neighbours(short, 3) == []
    rare = fitted("aws-sims", data, sims_job(tmp_path, max_item_interaction_count_percentile=0.5))
    assert neighbours(rare, 0) == []
    assert neighbours(rare, 3) != []


def test_blocks_do_not_change_the_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    data = interactions([list(rng.integers(0, 15, 12)) for _ in range(20)], 15)
    whole = fitted("aws-sims", data, sims_job(tmp_path)).tensors
    monkeypatch.setattr(closeness, "BLOCK_PAIRS", 2 * closeness.WINDOW)
    parts = fitted("aws-sims", data, sims_job(tmp_path)).tensors
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


def test_the_newest_item_is_what_the_evaluation_asks_about(tmp_path: Path) -> None:
    data = interactions([[0, 1]] * 3 + [[2, 3]] * 3, 4)
    shown = interactions([[], [], [], [0, 2]], 4)
    lists = fitted("aws-sims", data, sims_job(tmp_path)).recommend(shown, np.array([3, 0]), 3)
    assert lists.tolist() == [[3, 0, 1], [0, 1, 2]]


def test_popular_items_fill_up_and_answer_for_the_unknown() -> None:
    tensors = {"popular": np.array([3, 0, 1, 2], np.int32), "offsets": np.array([0, 1, 1, 1, 1])}
    tensors["neighbours"] = np.array([2], np.int32)
    assert related(tensors, 0, 3).tolist() == [2, 3, 1]
    assert related(tensors, 0, 25).tolist() == [2, 3, 1]
    assert related(tensors, None, 2).tolist() == [3, 0]
    assert related(tensors, 1, 0).tolist() == []


def test_a_cancelled_count_ends(tmp_path: Path) -> None:
    stopped = Job(sims_job(tmp_path).parameters, 0, lambda _: None, lambda: True, tmp_path)
    with pytest.raises(TrainingCancelled):
        fitted("aws-sims", interactions([[0, 1]] * 3, 2), stopped)
