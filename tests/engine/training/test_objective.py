"""What items earn: from the solution's configuration to the order of the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.data.tables import side_table
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.ranges import MEASURED
from pzdecl.engine.serving.files import read_model
from pzdecl.engine.serving.objective import FAVOUR, favoured
from pzdecl.engine.serving.query import Query, Stored
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.objective import objective_of
from pzdecl.engine.training.protocol import measure_recommendations
from pzdecl.engine.training.train import train
from tests.engine.training.worlds import cycle, interactions, job, write

PRICES = [1.0, 5.0, 5.0, 100.0]


def data(prices: list[Any], *, ids: int = 4) -> TrainingData:
    events = interactions([[0, 1, 2, 3]] * 30, 5)
    table = pa.table({"ITEM_ID": [f"i{n:04}" for n in range(ids)], "PRICE": prices, "NAME": ["x"] * ids})
    return TrainingData(events, side_table(table, "ITEM_ID", events.item_ids))


def config(sensitivity: str | None = None, attribute: str = "PRICE") -> dict[str, Any]:
    asked = {"itemAttribute": attribute}
    return {"optimizationObjective": {**asked, "objectiveSensitivity": sensitivity} if sensitivity else asked}


def test_rewards_are_shares_of_items_and_need_no_unit() -> None:
    found = objective_of(data(PRICES), config())
    assert found is not None
    assert found.reward.tolist() == [0.25, 0.75, 0.75, 1.0, 0.5], "an item without a row is worth the middle"
    other = objective_of(data([-price / 100 for price in reversed(PRICES)]), config())
    assert other is not None
    assert other.reward[:4].tolist() == [0.25, 0.75, 0.75, 1.0]
    assert objective_of(data(PRICES), {}) is None


def test_sensitivity_is_the_power_of_the_reward() -> None:
    chances = np.array([0.2, 0.2, 0.2, 0.2, 0.2])
    ratio = {}
    for name in ("OFF", "LOW", "MEDIUM", "HIGH"):
        found = objective_of(data(PRICES), config(name))
        assert found is not None
        now = np.exp(favoured({"favour": found.favour}, np.log(chances)))
        ratio[name] = now[3] / now[0]
    assert ratio == pytest.approx({"OFF": 1.0, "LOW": 2.0, "MEDIUM": 4.0, "HIGH": 16.0})
    assert favoured({}, chances) is chances


@pytest.mark.parametrize(
    ("prices", "attribute", "words"),
    [
        (PRICES, "COST", "expected a numeric column of the Items dataset; expected one of PRICE"),
        (PRICES, "NAME", "expected one of PRICE"),
        ([1.0, None, 2.0, None], "PRICE", "items without a value: 2, such as 'i0001'"),
    ],
)
def test_what_cannot_be_an_objective(prices: list[Any], attribute: str, words: str) -> None:
    with pytest.raises(
        TrainingFailed, match=f"The optimization objective {attribute} can't be used: .*{words}"
    ):
        objective_of(data(prices), config(attribute=attribute))


def test_an_objective_needs_items() -> None:
    with pytest.raises(TrainingFailed, match="the dataset group has no Items dataset"):
        objective_of(TrainingData(data(PRICES).interactions), config())


class Fixed:
    """Recommends the same to all."""

    def recommend(self, shown: object, users: np.ndarray, count: int) -> np.ndarray:
        return np.tile(np.resize(np.array([3, 2, 1, 0, 4], np.int32), count), (len(users), 1))


def test_rewards_and_weights_are_measured_where_they_are_configured(tmp_path: Any) -> None:
    plain, asked = job(tmp_path), job(tmp_path)
    weighed = {"eventsConfig": {"eventParametersList": [{"eventType": "Watch", "weight": 0.3}]}}
    asked = Job(asked.parameters, 0, asked.report, asked.cancelled, tmp_path, {**config(), **weighed})
    _, eight = measure_recommendations(lambda data, job: Fixed(), data(PRICES), plain)
    _, more = measure_recommendations(lambda data, job: Fixed(), data(PRICES), asked)
    weighted = "normalized_discounted_cumulative_gain_with_event_weights_at_"
    assert set(more) - set(eight) == {"average_rewards_at_k", f"{weighted}5", f"{weighted}10", f"{weighted}25"}
    assert {name: more[name] for name in eight} == eight
    assert set(more) <= set(MEASURED), "so that gates can ask for them"
    assert more["average_rewards_at_k"] == 1.0
    assert more[f"{weighted}5"] == more["normalized_discounted_cumulative_gain_at_5"], "one type of event"


def test_answers_are_ordered_by_chance_and_reward(tmp_path: Path) -> None:
    part = write(tmp_path / "i.parquet", cycle())
    table = pa.table({"ITEM_ID": [f"i{n:02}" for n in range(12)], "PRICE": [float(n) for n in range(12)]})
    pq.write_table(table, tmp_path / "items.parquet")
    parts = {"INTERACTIONS": [part], "ITEMS": [tmp_path / "items.parquet"]}
    solution = {"solutionConfig": {**config("HIGH"), "algorithmHyperParameters": {"hidden_dimension": "32"}}}
    metrics = train("aws-user-personalization", parts, solution, tmp_path / "m", lambda _: None, lambda: False)
    assert 0 < metrics["average_rewards_at_k"] <= 1
    model = ServedModel.load(tmp_path / "m")
    facts, tensors = read_model(tmp_path / "m")
    bare = {name: tensor for name, tensor in tensors.items() if name != FAVOUR}
    relevance = ServedModel(Stored(facts, bare, model.user_ids, model.item_ids))
    for user in (3, None):
        plain = relevance.answers.answer(Query(user=user, count=12))
        chances = np.zeros(12)
        assert plain.scores is not None
        chances[plain.items] = plain.scores
        found = model.answers.answer(Query(user=user, count=12))
        expected = np.exp(favoured(tensors, np.log(chances)))
        expected /= expected.sum()
        assert found.items.tolist() == np.argsort(-expected, kind="stable").tolist()
        assert found.scores == pytest.approx(np.sort(expected)[::-1])
