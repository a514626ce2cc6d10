"""aws-hrnn-coldstart: what is cold, and whom it is recommended to."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.base import ParameterError
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.coldstart import ColdAnswers
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.query import Query, Stored
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.features import coldstart
from pzdecl.engine.training.features.coldstart import (
    DAY,
    MOMENT,
    LastingNetwork,
    check_cold,
    cold_items,
    fit_coldstart,
    measure_coldstart,
)
from pzdecl.engine.training.features.hrnn import FeaturedNetwork
from pzdecl.engine.training.novelty import births
from tests.engine.training.features.test_featured import told
from tests.engine.training.features.worlds import genres, quick, table, weekends
from tests.engine.training.worlds import interactions

RECIPE = RECIPES["aws-hrnn-coldstart"]


def parameters(**changed: Any) -> dict[str, Any]:
    return {**RECIPE.parameters({}), **changed}


def dated(created: list[int | None], histories: list[list[int]]) -> TrainingData:
    """Items with these creation times, events a minute apart from 0."""
    return TrainingData(interactions(histories, len(created)), table({"CREATION_TIMESTAMP": created}))


def test_age_counts_from_creation_or_else_from_the_first_event_or_else_none() -> None:
    data = dated([7, None, None, 900], [[0, 1, 0], [1, 0, 1, 0, 0]])
    assert births(data).tolist() == [7, 0, 240, 900]
    without = replace(data, items=table({"GENRE": list("abcd")}))
    assert births(without).tolist() == [0, 0, 240, 240]


def test_what_is_expected_of_a_user_is_the_same_whoever_else_is_asked_about(tmp_path: Path) -> None:
    """Also where events have a context, of which every other one is told in validation."""
    data = weekends()
    plain, events = told(data, tmp_path), data.interactions
    network = LastingNetwork(12, 32, _generator(), gap=plain.gap, steps=plain.steps)
    network.describe(data)
    network.load_state_dict(plain.state_dict())
    odd = events.select(np.arange(len(events)) != events.offsets[3])
    together = network.last_expectations(odd, np.arange(3, 9))
    for place, user in enumerate(range(3, 9)):
        alone = network.last_expectations(odd, np.array([user]))
        np.testing.assert_allclose(alone[0], together[place], atol=1e-5)


@pytest.mark.parametrize(
    ("changed", "now", "cold"),
    [
        ({}, 0, [2, 3]),
        ({"cold_start_max_interactions": 3}, 0, [3]),
        ({"cold_start_max_interactions": 10}, 0, [1, 2, 3]),
        ({"cold_start_max_duration": 40.0, "cold_start_max_interactions": 10}, 0, [0, 1, 2, 3]),
        ({"cold_start_max_duration": 2.0}, 0, [3]),
        ({"cold_start_relative_from": "currentTime"}, 33 * DAY, [3]),
        ({"cold_start_relative_from": "currentTime"}, 40 * DAY, []),
    ],
)
def test_cold_is_little_met_and_young(changed: dict[str, Any], now: float, cold: list[int]) -> None:
    data = dated([0, 27 * DAY, 27 * DAY, 30 * DAY], [[0] * 5, [1] * 9, [2] * 3])
    chosen = parameters(**{"cold_start_max_interactions": 4, **changed})
    assert np.flatnonzero(cold_items(data, chosen, now)).tolist() == cold


@pytest.mark.parametrize(
    ("items", "problem"),
    [
        (99, "Too few cold items: 99 have fewer than 15 interactions and are younger than 5 days"),
        (80_001, "Too many cold items: 80,001"),
    ],
)
def test_too_few_or_too_many_cold_items_fail(items: int, problem: str) -> None:
    data = dated([0] * items, [[0]])
    with pytest.raises(TrainingFailed, match=problem) as failed:
        check_cold(data, parameters(), 0)
    assert "expected 100 to 80,000" in str(failed.value)
    check_cold(dated([0] * 100, [[0]]), parameters(), 0)


def test_without_items_it_fails(tmp_path: Path) -> None:
    data = TrainingData(genres().interactions)
    with pytest.raises(TrainingFailed, match="needs an Items dataset"):
        measure_coldstart(fit_coldstart, data, quick(tmp_path, "aws-hrnn-coldstart"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cold_start_max_interactions", "0"),
        ("cold_start_max_interactions", "1.5"),
        ("cold_start_max_duration", "0"),
        ("cold_start_max_duration", "-1"),
        ("cold_start_relative_from", "now"),
    ],
)
def test_what_is_out_of_range_is_refused(name: str, value: str) -> None:
    with pytest.raises(ParameterError, match=name):
        RECIPE.parameters({"featureTransformationParameters": {name: value}})


def test_what_is_expected_is_mostly_the_mean_of_the_history(tmp_path: Path) -> None:
    data = genres(users=6, length=5)
    events = data.interactions.select(np.arange(30) < 25)
    plain = told(data, tmp_path)
    lasting = LastingNetwork(24, 32, _generator(), gap=plain.gap, steps=plain.steps)
    lasting.describe(data)
    lasting.load_state_dict(plain.state_dict())
    expected, rows = plain.expectations(events)
    users = np.array([4, 0, 5])
    now = FeaturedNetwork.last_expectations(plain, events, users)
    found = lasting.last_expectations(events, users)
    for place, user in enumerate(users[:2]):
        mean = expected[events.users[rows] == user].mean(0)
        np.testing.assert_allclose(found[place], (1 - MOMENT) * mean + MOMENT * now[place], atol=1e-5)
    np.testing.assert_allclose(found[2], now[2], atol=1e-6)


def test_cold_items_are_recommended_to_those_who_like_their_genre(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coldstart, "COLD", (4, 10))
    data = genres(items=28, new=6)
    job = quick(tmp_path, "aws-hrnn-coldstart", cold_start_relative_from="currentTime")
    now = float(data.interactions.timestamps.max()) + DAY

    def fit(known: TrainingData, job: Any) -> Any:
        return fit_coldstart(known, job, lambda: now)

    model, metrics = measure_coldstart(fit, data, job, lambda: now)
    assert sorted(metrics) == sorted(
        ["coverage", "mean_reciprocal_rank_at_25"]
        + [f"normalized_discounted_cumulative_gain_at_{k}" for k in (5, 10, 25)]
        + [f"precision_at_{k}" for k in (5, 10, 25)]
    )
    assert metrics["coverage"] == pytest.approx(6 / 28, abs=1e-4)
    tensors = model.finish(data)
    assert tensors["cold"].tolist() == list(range(22, 28))
    answers = ColdAnswers(_stored(data, tensors))
    for user in range(6):
        answer = answers.answer(Query(user=user, count=25))
        assert sorted(answer.items.tolist()) == list(range(22, 28))
        assert (answer.items[:3] % 2 == user % 2).all()
        assert answer.scores is not None
        assert (np.diff(answer.scores) <= 0).all()
        comedies = np.arange(28) % 2 == 0
        assert (answers.answer(Query(user=user, allowed=comedies)).items % 2 == 0).all()
    ranked = answers.answer(Query(user=0, among=np.array([1, 23, 2], np.int32)))
    assert sorted(ranked.items.tolist()) == [1, 2, 23]
    assert len(answers.answer(Query(count=3)).items) == 3


def _generator() -> Any:
    import torch

    return torch.Generator().manual_seed(0)


def _stored(data: TrainingData, tensors: dict[str, Any]) -> Stored:
    known = data.interactions
    ids = {**Ids.pack("user_ids", known.user_ids), **Ids.pack("item_ids", known.item_ids)}
    return Stored({}, tensors, Ids.unpack("user_ids", ids), Ids.unpack("item_ids", ids))
