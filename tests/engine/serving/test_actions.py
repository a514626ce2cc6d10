"""The rules of answers with actions: what is left out, what comes first, what is tried."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from pzdecl.engine.data.actions import NOT_TAKEN, TAKEN, VIEWED
from pzdecl.engine.serving.actions import NEVER, Acted, ActionAnswers, ActionQuery, rules
from pzdecl.engine.serving.query import Answer, Exploration, Query
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.train import train
from tests.engine.training.actions.worlds import DAY, NOW, world

ACTIONS = 9


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    folder = tmp_path_factory.mktemp("answers")
    train(
        "aws-next-best-action",
        world(folder, users=240, offers=10).files,
        {},
        folder / "m",
        lambda _: None,
        bool,
    )
    return ServedModel.load(folder / "m")


@pytest.fixture
def answers(model: ServedModel) -> ActionAnswers:
    found = model.answers
    assert isinstance(found, ActionAnswers)
    return found


def ids(answers: ActionAnswers, answer: Answer, known: list[str] | None = None) -> list[str]:
    names = known or list(answers.trained.ids)
    return [names[place] for place in answer.items.tolist()]


def test_the_likeliest_come_first(answers: ActionAnswers) -> None:
    query = ActionQuery(user=0, count=ACTIONS)
    answer = answers.recommend(query)
    chances = answers.chances(query, answers.trained)
    assert answer.scores is not None
    scored = answers._tensors["action_scored"]
    assert 2 < scored.sum() < ACTIONS  # the world has both
    count = int(scored.sum())
    assert answer.scores[:count].tolist() == sorted(chances[scored].tolist(), reverse=True)
    assert (answer.scores[count:] == 0).all()
    assert sorted(answer.items.tolist()) == list(range(ACTIONS))
    assert answers.recommend(replace(query, count=2)).items.tolist() == answer.items[:2].tolist()


def test_of_equals_the_one_that_is_worth_more(answers: ActionAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ActionAnswers, "chances", lambda *_: np.full(ACTIONS, 0.25))
    monkeypatch.setitem(answers._tensors, "action_scored", np.arange(ACTIONS) < 6)
    value = np.array([1, 5, 2, 9, 9, 0, 3, 8, 1], np.float64)
    listed = answers.recommend(ActionQuery(count=9, catalogue=replace(answers.trained, value=value)))
    assert listed.items.tolist() == [3, 4, 1, 2, 0, 5, 7, 6, 8]  # with a score, then without


def test_what_the_training_did_not_consider_is_in_no_answer(
    answers: ActionAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More actions than a training takes: those that are left out are, with a score or without."""
    left_out = [0, int(np.flatnonzero(~answers._tensors["action_scored"])[0])]
    considered = np.ones(ACTIONS, bool)
    considered[left_out] = False
    monkeypatch.setitem(answers._tensors, "action_considered", considered)
    rows = [{"TYPE": "A"}] * (ACTIONS + 1)
    catalogue = answers.catalogue([*answers.trained.ids, "b"], rows)
    listed = answers.recommend(ActionQuery(count=99, catalogue=catalogue)).items.tolist()
    assert sorted(listed) == [n for n in range(ACTIONS + 1) if n not in left_out], "and a new one is there"


def test_what_has_expired_is_in_no_answer(answers: ActionAnswers) -> None:
    expires = np.full(ACTIONS, NEVER)
    expires[4] = NOW
    catalogue = replace(answers.trained, expires=expires)
    for now, there in ((NOW - 1, True), (NOW, False), (NOW + 1, False)):
        listed = answers.recommend(ActionQuery(count=9, catalogue=catalogue, now=now)).items.tolist()
        assert (4 in listed) is there


@pytest.mark.parametrize("kind", [TAKEN, NOT_TAKEN, VIEWED])
def test_nobody_is_asked_again_too_soon(answers: ActionAnswers, kind: int) -> None:
    repeat = np.zeros(ACTIONS, np.int64)
    repeat[2] = 3
    asked = ActionQuery(
        count=9,
        catalogue=replace(answers.trained, repeat=repeat),
        acted=(Acted("a02", kind, NOW), Acted("a03", kind, NOW)),
    )
    for later, there in ((0, False), (3 * DAY - 1, False), (3 * DAY, True)):
        listed = answers.recommend(replace(asked, now=NOW + later)).items.tolist()
        assert (2 in listed) is there
        assert 3 in listed
    assert 2 in answers.recommend(replace(asked, now=NOW, acted=())).items.tolist()


def test_what_the_training_saw_counts_for_repetition(model: ServedModel, answers: ActionAnswers) -> None:
    user = model.user_ids.find("u0005")
    assert user is not None
    part = answers._part("acted", user)
    action, at = (
        int(answers._tensors["acted_actions"][part][-1]),
        int(answers._tensors["acted_times"][part][-1]),
    )
    catalogue = replace(answers.trained, repeat=np.full(ACTIONS, 2))
    asked = ActionQuery(user=user, count=9, catalogue=catalogue, now=at + DAY)
    assert action not in answers.recommend(asked).items.tolist()
    assert action in answers.recommend(replace(asked, now=at + 2 * DAY)).items.tolist()


def test_new_events_move_the_answer(answers: ActionAnswers, model: ServedModel) -> None:
    query = ActionQuery()
    before = answers.chances(query, answers.trained)
    assert before.mean() < 0.5  # nothing is known of somebody new, so nothing is likely
    of_kind = np.arange(ACTIONS) % 3 == 0
    liked = tuple(Acted(action, TAKEN, NOW + n) for n, action in enumerate(("a00", "a03", "a06") * 2))
    had = tuple(model.event(f"i{n * 3:02}", NOW + n) for n in range(8))
    for more in ({"acted": liked}, {"events": had}):
        after = answers.chances(replace(query, **more), answers.trained)
        moved = np.log(after / (1 - after)) - np.log(before / (1 - before))
        assert moved[of_kind].mean() > moved[~of_kind].mean() + 0.3
    unknown = (Acted("nothing", TAKEN, NOW), Acted("a00", VIEWED, NOW))
    assert np.isfinite(answers.chances(replace(query, acted=unknown), answers.trained)).all()


def test_a_new_action_is_like_those_of_its_kind(answers: ActionAnswers) -> None:
    names = [*answers.trained.ids, "b"]
    rows = [{"TYPE": "ABC"[n % 3], "VALUE": "1"} for n in range(ACTIONS)] + [{"TYPE": "B"}]
    catalogue = answers.catalogue(names, rows)
    assert catalogue.codes.tolist() == [*range(ACTIONS), -1]
    listed = answers.recommend(ActionQuery(count=10, catalogue=catalogue))
    assert "b" in ids(answers, listed, names)
    assert listed.scores is not None
    assert listed.scores[listed.items.tolist().index(ACTIONS)] == 0.0
    first = answers.recommend(ActionQuery(count=0, catalogue=catalogue))
    assert len(first.items) == 0


def test_exploration_tries_what_has_no_score_and_tells_the_chance(answers: ActionAnswers) -> None:
    rows = [{"TYPE": "A"}] * ACTIONS + [{"TYPE": "A", "CREATION_TIMESTAMP": NOW}] * 6
    names = [*answers.trained.ids, *(f"b{n}" for n in range(6))]
    catalogue = answers.catalogue(names, rows)
    count = int(answers._tensors["action_scored"].sum())
    shown, told = np.zeros(len(names)), np.zeros(len(names))
    for seed in range(300):
        answer = answers.recommend(
            ActionQuery(user=3, count=count, catalogue=catalogue, explore=Exploration(1.0, 30.0, seed))
        )
        assert answer.explored is not None
        assert answer.propensities is not None
        assert answer.scores is not None
        assert len(answer.items) == count
        assert (answer.scores[answer.explored] == 0).all()
        assert answer.scores.tolist() == sorted(answer.scores.tolist(), reverse=True)
        shown[answer.items] += 1
        told[answer.items] += answer.propensities
    assert shown[ACTIONS:].sum() > 100
    often = shown > 60
    assert told[often] / shown[often] == pytest.approx(shown[often] / 300, abs=0.1)
    tried = answers.counting({f"b{n}": 1000 for n in range(6)})
    fewer = 0
    for seed in range(100):
        query = ActionQuery(count=count, catalogue=catalogue, explore=Exploration(1.0, 30.0, seed))
        explored = tried.recommend(query).explored
        fewer += 0 if explored is None else int(explored.sum())
    assert fewer < shown[ACTIONS:].sum() / 300 * 100 / 4


def test_filters_let_through(answers: ActionAnswers) -> None:
    allowed = np.arange(ACTIONS) > 6
    assert set(answers.recommend(ActionQuery(count=9, allowed=allowed)).items.tolist()) == {7, 8}


def test_rules_of_rows() -> None:
    value, expires, repeat, created = rules(
        [
            {"VALUE": "3", "ACTION_EXPIRATION_TIMESTAMP": 5, "CREATION_TIMESTAMP": None},
            {"REPEAT_FREQUENCY": "7"},
        ]
    )
    assert value.tolist() == [3.0, 0.0]
    assert expires.tolist() == [5, NEVER]
    assert repeat.tolist() == [0, 7]
    assert created.tolist() == [-1, -1]


def test_it_recommends_no_items(model: ServedModel) -> None:
    with pytest.raises(ValueError, match="use GetActionRecommendations"):
        model.ask("u0001")
    with pytest.raises(ValueError, match="use GetActionRecommendations"):
        model.answers.answer(Query())


def test_the_model_is_read_from_a_folder(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        ServedModel.load(tmp_path)
