"""aws-trending-now: rises that can be counted by hand, and whether they last."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.query import Query
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.serving.trending import INTERVALS, TrendingAnswers, ranking
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.train import train
from pzdecl.engine.training.trending import fit_trending, measure_trending
from tests.engine.training.worlds import HOUR, job, write

FREQUENCY = {"trend_discovery_frequency": "1 hour"}
POPULAR = np.arange(6, dtype=np.int32)


def ranked(events: Sequence[tuple[int, int, int]], now: int, interval: int = 100) -> list[int]:
    """Of (item, timestamp, how often)."""
    items = np.repeat([item for item, _, _ in events], [times for _, _, times in events])
    timestamps = np.repeat([when for _, when, _ in events], [times for _, _, times in events])
    return ranking(items.astype(np.int32), timestamps, now, interval, POPULAR).tolist()


def test_the_biggest_rise_wins_and_popularity_fills_up() -> None:
    events = [(1, 50, 10), (1, 150, 40), (2, 50, 10), (2, 150, 20), (3, 50, 90), (3, 150, 80), (4, 150, 2)]
    assert ranked(events, 199) == [1, 2, 4, 0, 3, 5]


@pytest.mark.parametrize(("tiny", "before", "after"), [(1, 100, 150), (2, 30, 60), (3, 1000, 1100)])
def test_tiny_counts_do_not_win(tiny: int, before: int, after: int) -> None:
    assert ranked([(5, 150, tiny), (4, 50, before), (4, 150, after)], 199)[:2] == [4, 5]


def test_intervals_end_with_now_and_what_comes_later_does_not_count() -> None:
    events = [(5, 100, 9), (4, 101, 9), (3, 200, 9), (2, 201, 9)]
    assert ranked(events, 200) == [3, 4, 0, 1, 2, 5]


def rising(users: int = 40) -> list[tuple[str, str, int]]:
    """Item `old` is popular all the time, `new` more and more, `gone` less and less; six hours."""
    rows = []
    for hour in range(6):
        for user in range(users):
            for n in range(4):
                rows.append((f"u{user}", "old", hour * HOUR + 10 * user + n))
            for item, times in (("new", hour), ("gone", 6 - hour)):
                rows += [(f"u{user}", item, hour * HOUR + 1000 + 10 * user + n) for n in range(times)]
    return [*rows, ("another", "old", 6 * HOUR - 1)]


def trained(folder: Path) -> tuple[ServedModel, dict[str, float]]:
    parts = {"INTERACTIONS": [write(folder / "interactions.parquet", rising())]}
    solution = {"solutionConfig": {"featureTransformationParameters": FREQUENCY}}
    metrics = train("aws-trending-now", parts, solution, folder / "model", lambda _: None, lambda: False)
    return ServedModel.load(folder / "model"), metrics


def ids(answer: list[dict[str, Any]]) -> list[str]:
    assert all(set(item) == {"itemId"} for item in answer)
    return [item["itemId"] for item in answer]


def test_from_events_to_recommendations_the_same_for_all(tmp_path: Path) -> None:
    model, metrics = trained(tmp_path)
    assert ids(model.get_recommendations()) == ["new", "old", "gone"]
    assert model.get_recommendations("u1", num_results=1) == model.get_recommendations("nobody", num_results=1)
    assert ids(model.get_recommendations(query=Query(allowed=np.array([True, False, True])))) == ["old", "gone"]
    assert ids(model.get_recommendations(num_results=0)) == []
    assert set(metrics) == {"coverage", "trend_prediction_accuracy"}
    assert metrics["coverage"] == 1.0
    with pytest.raises(ValueError, match=r"does not rank items for a user: use GetRecommendations$"):
        model.get_personalized_ranking("u1", ["old"])


def refreshed(model: ServedModel, hour: int, clock: Callable[[], float] | None = None) -> list[str]:
    """The answer when `gone` was taken up 300 times at that hour, and an item that is new 400 times."""
    answers, gone = model.answers, model.item_ids.find("gone")
    assert isinstance(answers, TrendingAnswers)
    items, timestamps = np.array([gone] * 300 + [-1] * 400, np.int32), np.full(700, hour * HOUR)
    fresh = TrendingAnswers(answers.stored, clock).refreshed(items, timestamps)
    assert fresh.interval == fresh.refresh_seconds == HOUR
    return ids(model.listed(fresh.answer(Query(count=3))))


def test_newer_events_count_without_another_training(tmp_path: Path) -> None:
    model, _ = trained(tmp_path)
    assert refreshed(model, 7) == ["gone", "old", "new"]
    assert ids(model.get_recommendations())[0] == "new"


def test_the_clock_can_be_set(tmp_path: Path) -> None:
    model, _ = trained(tmp_path)
    assert refreshed(model, 20, lambda: 5.9 * HOUR)[0] == "new"  # what comes after now does not count
    assert refreshed(model, 20, lambda: 20.5 * HOUR)[0] == "gone"
    assert refreshed(model, 20, lambda: 40.0 * HOUR) == ["old", "gone", "new"]  # nothing rises: by popularity


def world(counts: Sequence[Sequence[int]]) -> Interactions:
    """`counts[interval][item]` events in each hour, spread over it; one user."""
    events = sorted(
        (hour * HOUR + place * HOUR // (times + 1), item)
        for hour, row in enumerate(counts)
        for item, times in enumerate(row)
        for place in range(times)
    )
    timestamps = np.array([when for when, _ in events])
    items = np.array([item for _, item in events], np.int32)
    users, offsets = np.zeros(len(events), np.int32), np.array([0, len(events)])
    return Interactions(users, items, timestamps, offsets, ["u"], [f"i{n:03}" for n in range(len(counts[0]))])


def accuracy(counts: Sequence[Sequence[int]], folder: Path) -> float:
    _, metrics = measure_trending(fit_trending, TrainingData(world(counts)), trending_job(folder))
    return metrics["trend_prediction_accuracy"]


def with_tens(risen: int) -> list[int]:
    """Counts of a hundred items, of which ten have four times as many as the others."""
    return [40 if 20 + 10 * risen <= item < 30 + 10 * risen else 10 for item in range(100)]


def test_a_rise_that_lasts_was_rightly_recommended(tmp_path: Path) -> None:
    assert accuracy([*[[10] * 100] * 20, *[with_tens(0)] * 3], tmp_path) > 0.9


def test_a_rise_that_is_over_at_once_was_not(tmp_path: Path) -> None:
    assert accuracy([*[[10] * 100] * 20, *[with_tens(n) for n in range(6)]], tmp_path) < 0.4


def test_all_at_one_moment_is_a_ranking_by_count(tmp_path: Path) -> None:
    items, offsets = np.array([0, 1, 1, 2, 2, 2], np.int32), np.array([0, 6])
    events = Interactions(np.zeros(6, np.int32), items, np.full(6, 7), offsets, ["u"], list("abc"))
    data = TrainingData(events)
    model, metrics = measure_trending(fit_trending, data, trending_job(tmp_path))
    assert model.finish(data)["trending"].tolist() == [2, 1, 0]
    assert metrics["coverage"] == 1.0


def test_a_cancelled_measurement_ends(tmp_path: Path) -> None:
    stopped = Job(trending_job(tmp_path).parameters, 0, lambda _: None, lambda: True, tmp_path)
    with pytest.raises(TrainingCancelled):
        measure_trending(fit_trending, TrainingData(world([[1, 2]] * 5)), stopped)


def trending_job(folder: Path) -> Job:
    return job(folder, "aws-trending-now", **FREQUENCY)


def test_every_choice_has_its_seconds() -> None:
    assert tuple(INTERVALS) == RECIPES["aws-trending-now"].hyperparameters[0].choices
