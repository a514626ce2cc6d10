"""What users do after the training, and the circumstances of a request, change the next answer at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.query import Event, Exploration, Query, Stored
from pzdecl.engine.serving.sequences import SequenceAnswers
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.features.hrnn import fit_hrnn_metadata
from pzdecl.engine.training.train import train
from tests.engine.training.features.worlds import quick, weekends
from tests.engine.training.worlds import cycle, write

SOLUTION = {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": "32"}}}
ITEMS = 12
LATER = 20_000


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    """aws-user-personalization, where everybody goes round the same circle."""
    folder = tmp_path_factory.mktemp("realtime")
    parts = {"INTERACTIONS": [write(folder / "circle.parquet", cycle())]}
    train("aws-user-personalization", parts, SOLUTION, folder / "model", lambda _: None, lambda: False)
    return ServedModel.load(folder / "model")


def _first(model: ServedModel, user: str, *items: str, **more: Any) -> str:
    events = tuple(model.event(item, LATER + 60 * step) for step, item in enumerate(items))
    return str(model.get_recommendations(user, num_results=1, query=Query(events=events, **more))[0]["itemId"])


def test_new_events_move_the_next_answer(model: ServedModel) -> None:
    for start in range(ITEMS):
        walk = [f"i{(start + step) % ITEMS:02}" for step in range(4)]
        expected = f"i{(start + 4) % ITEMS:02}"
        assert _first(model, "u003", *walk) == expected
        assert _first(model, "never-seen", *walk) == expected


def test_what_the_model_does_not_know_changes_nothing(model: ServedModel) -> None:
    assert model.event("unheard-of", 5, impressions=["i03", "also-unheard-of"]) == Event(-1, 5, {}, (3,))
    assert _first(model, "u003", "unheard-of") == _first(model, "u003")
    everything = model.get_recommendations("never-seen", num_results=ITEMS)
    events = (model.event("unheard-of", LATER),)
    assert model.get_recommendations("never-seen", num_results=ITEMS, query=Query(events=events)) == everything


def test_no_new_events_and_weight_zero_are_the_plain_answer_bit_by_bit(model: ServedModel) -> None:
    for user in ("u003", "never-seen"):
        plain = model.ask(user, num_results=ITEMS)
        for query in (Query(events=()), Query(explore=Exploration(weight=0.0, seed=7))):
            other = model.ask(user, num_results=ITEMS, query=query)
            np.testing.assert_array_equal(plain.items, other.items)
            np.testing.assert_array_equal(plain.scores, other.scores)
            assert other.propensities is None
            assert other.explored is None


def test_what_was_just_had_is_not_explored(model: ServedModel) -> None:
    """All items are of one age here, so whatever is not listed is a candidate, but for what was just had."""
    walk = tuple(model.event(f"i{n:02}", LATER + 60 * n) for n in range(4))
    shown: set[int] = set()
    for seed in range(60):
        query = Query(events=walk, explore=Exploration(1.0, 30.0, seed))
        answer = model.ask("never-seen", num_results=3, query=query)
        assert answer.explored is not None
        shown |= set(answer.items[answer.explored].tolist())
    assert shown
    assert not shown & {0, 1, 2, 3}


def test_filters_hold_for_explored_items(model: ServedModel) -> None:
    allowed = np.arange(ITEMS) % 2 == 0
    for seed in range(30):
        query = Query(allowed=allowed, explore=Exploration(1.0, 30.0, seed))
        assert (model.ask("u003", num_results=3, query=query).items % 2 == 0).all()


def test_the_context_of_the_request_and_of_new_events_counts(tmp_path: Path) -> None:
    data = weekends()
    answers = _answers(data, fit_hrnn_metadata(data, quick(tmp_path)).finish(data))
    for user in (0, 5, None):
        for odd, day in enumerate(("weekday", "weekend")):
            found = answers.answer(Query(user=user, count=4, context={"DAY": day}))
            assert (found.items % 2 == odd).all(), (user, day)
            assert found.scores is not None
            assert found.scores.sum() <= 1
        plain = answers.answer(Query(user=user, count=4))
        unknown = answers.answer(Query(user=user, count=4, context={"DAY": "holiday", "MOOD": "good"}))
        np.testing.assert_array_equal(plain.items, unknown.items)
    told = answers.answer(Query(user=0, count=12, events=(Event(3, 10**6, {"DAY": "weekend"}),)))
    untold = answers.answer(Query(user=0, count=12, events=(Event(3, 10**6),)))
    assert told.scores is not None
    assert untold.scores is not None
    assert not np.array_equal(told.scores, untold.scores)


def _answers(data: TrainingData, tensors: dict[str, Any]) -> SequenceAnswers:
    known = data.interactions
    ids = {**Ids.pack("user_ids", known.user_ids), **Ids.pack("item_ids", known.item_ids)}
    return SequenceAnswers(Stored({}, tensors, Ids.unpack("user_ids", ids), Ids.unpack("item_ids", ids)))
