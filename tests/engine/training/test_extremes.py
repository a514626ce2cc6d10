"""Data at the edge: handled, or refused with words that say what to do."""

from __future__ import annotations

import math
import resource
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, fitted, interactions, job, write

Row = tuple[Any, ...]


def trained(
    folder: Path, rows: Sequence[Row], columns: Sequence[str] = (), **config: Any
) -> tuple[ServedModel, dict[str, float]]:
    """aws-hrnn through files, as a job trains it; and its metrics."""
    part = write(folder / "events.parquet", rows, columns)
    metrics = train(
        "aws-hrnn",
        {"INTERACTIONS": [part]},
        {"solutionConfig": config},
        folder / "model",
        lambda _: None,
        lambda: False,
    )
    assert all(math.isfinite(value) for value in metrics.values())
    return ServedModel.load(folder / "model"), metrics


def test_an_event_value_that_is_no_number_passes_no_threshold(tmp_path: Path) -> None:
    values = [math.nan if place % 3 == 0 else float(place % 5) for place in range(60 * 40)]
    rows = [(*row, value) for row, value in zip(cycle(), values, strict=True)]
    model, _ = trained(tmp_path, rows, ["EVENT_VALUE"], eventValueThreshold="1")
    assert model.facts["interactions"] == sum(value >= 1 for value in values)


def test_one_user_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailed, match="fewer than 25 users with at least 2 interactions"):
        trained(tmp_path, [("only", f"i{n % 9}", n * 60) for n in range(1200)])


def test_one_item_is_all_that_can_be_recommended(tmp_path: Path) -> None:
    model, metrics = trained(tmp_path, [(f"u{n % 30}", "only", n * 60) for n in range(1200)])
    assert metrics["coverage"] == 1
    (answer,) = model.get_recommendations("u3", num_results=25)
    assert answer["itemId"] == "only"
    assert answer["score"] == pytest.approx(1)


def test_events_of_one_moment_are_taken_in_their_order(tmp_path: Path) -> None:
    rows = [
        (f"u{user:03}", f"i{(user + step) % 12:02}", 1_600_000_000) for user in range(90) for step in range(12)
    ]
    model, metrics = trained(tmp_path, rows)
    assert metrics["precision_at_5"] > 0
    assert len(model.get_recommendations("u003", num_results=5)) == 5


def test_users_with_one_event_take_part(tmp_path: Path) -> None:
    single = [(f"once{n:03}", f"i{n % 12:02}", n) for n in range(200)]
    model, _ = trained(tmp_path, [*cycle(), *single])
    assert model.facts["users"] == 260
    assert len(model.get_recommendations("once007", num_results=3)) == 3


def test_a_history_of_ten_thousand_events(tmp_path: Path) -> None:
    """The one with the longest history is left out of training by default, and is served all the same."""
    long = [("long", f"i{n % 12:02}", n * 60) for n in range(10_000)]
    model, _ = trained(tmp_path, [*cycle(), *long])
    best = model.get_recommendations("long", num_results=1)[0]
    assert best["itemId"] == f"i{10_000 % 12:02}"


@pytest.mark.slow
def test_training_on_a_history_of_ten_thousand_events(tmp_path: Path) -> None:
    data = interactions([[n % 12 for n in range(10_000)]] + [[n % 12 for n in range(30)]] * 20, 12)
    model = fitted("aws-hrnn", data, job(tmp_path, max_user_history_length_percentile=1.0))
    assert model.recommend(data, np.arange(3), 1)[:, 0].tolist() == [10_000 % 12, 30 % 12, 30 % 12]


def test_percentiles_that_leave_nobody_are_refused(tmp_path: Path) -> None:
    data = interactions([[0, 1, 2]] * 30 + [[0, 1, 2, 3, 4]], 5)
    parameters = {"min_user_history_length_percentile": 0.99, "max_user_history_length_percentile": 1.0}
    with pytest.raises(TrainingFailed, match="Widen the percentiles"):
        fitted("aws-hrnn", data, job(tmp_path, **parameters))


@pytest.mark.slow
def test_a_million_items(tmp_path: Path) -> None:
    """In little memory, although there is a table of a million rows, and learning what little there is."""
    count = 1_000_000
    rng = np.random.default_rng(0)
    chains = rng.permutation(count)[:200_000].reshape(400, 500)
    histories = [
        chains[rng.integers(400)][(start := rng.integers(450)) : start + 50].tolist() for _ in range(2000)
    ]
    histories.append(np.concatenate([chains[place] for place in range(20)]).tolist())
    data = replace(interactions(histories, 1), item_ids=_Numbers(count))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    given = job(tmp_path, max_user_history_length_percentile=1.0)
    model = fitted("aws-hrnn", data, given)
    tensors = model.finish(TrainingData(data))
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20
    assert grown < 3, f"{grown:.1f} GiB"
    assert tensors["items"].shape == (count, 43)
    asked = np.arange(50)
    lists = model.recommend(_without_last(data), asked, 10)
    hits = [data.items[data.offsets[user + 1] - 1] in row for user, row in zip(asked, lists, strict=True)]
    assert np.mean(hits) > 0.5


class _Numbers(Sequence[str]):
    """Ids "0", "1", ... that take no memory."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, place: Any) -> Any:
        if place >= self.count:
            raise IndexError(place)
        return str(place)


def _without_last(data: Interactions) -> Interactions:
    keep = np.ones(len(data), bool)
    keep[data.offsets[1:] - 1] = False
    return data.select(keep)
