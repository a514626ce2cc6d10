"""aws-next-best-action finds what is known to be right, is calibrated, and knows nothing before its time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pzdecl.engine.data.actions import NOT_TAKEN, TAKEN, VIEWED, Actions, event_type
from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.tables import Table
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.action_features import Moments
from pzdecl.engine.serving.actions import ActionAnswers, ActionQuery
from pzdecl.engine.serving.served import ServedModel
from pzdecl.engine.training.actions.episodes import Episodes, episodes
from pzdecl.engine.training.actions.fit import (
    MOST_ACTIONS,
    ActionModel,
    best_threshold,
    considered,
    of_users,
    scored,
)
from pzdecl.engine.training.actions.logistic import fit_weights, standard
from pzdecl.engine.training.actions.measure import auc, newest
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.train import read_data, train
from tests.engine.training.actions.worlds import DAY, NOW, World, part, world
from tests.engine.training.worlds import job

RECIPE = "aws-next-best-action"


def acted(*events: tuple[int, int, int, int], actions: int = 2, users: int = 2) -> Actions:
    """From (user, action, day, type), in the order of users and days."""
    columns = np.array(events, np.int64).reshape(-1, 4)
    who = columns[:, 0].astype(np.int32)
    ids = [f"a{n:04}" for n in range(actions)]
    offsets = np.concatenate(([0], np.cumsum(np.bincount(who, minlength=users)))).astype(np.int64)
    found = Interactions(
        who, columns[:, 1].astype(np.int32), columns[:, 2] * DAY, offsets, [f"u{n}" for n in range(users)], ids
    )
    table = Table(None, {}, np.ones(actions, bool))
    return Actions(ids, table, found, columns[:, 3].astype(np.int8))


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> tuple[World, Path, dict[str, float]]:
    """The world, its trained model's folder and its metrics."""
    folder = tmp_path_factory.mktemp("actions")
    made = world(folder)
    metrics = train(RECIPE, made.files, {}, folder / "model", lambda _: None, lambda: False)
    return made, folder / "model", metrics


def loaded(folder: Path) -> tuple[ServedModel, ActionAnswers]:
    model = ServedModel.load(folder)
    assert isinstance(model.answers, ActionAnswers)
    return model, model.answers


def propensities(folder: Path, users: int) -> NDArray[np.float64]:
    """float64[users, actions] of everybody now."""
    model, answers = loaded(folder)
    found = [model.user_ids.find(f"u{user:04}") for user in range(users)]
    return np.stack([answers.chances(ActionQuery(user=user), answers.trained) for user in found])


def test_the_names_of_events() -> None:
    names = {"Taken": TAKEN, "NOT_TAKEN": NOT_TAKEN, "not taken": NOT_TAKEN, " viewed": VIEWED}
    assert {text: event_type(text) for text in names} == names
    assert event_type("bought") is None


def test_episodes_are_questions_with_known_answers() -> None:
    found = episodes(
        acted(
            (0, 0, 0, VIEWED), (0, 0, 3, VIEWED), (0, 0, 6, TAKEN),  # taken within the period
            (0, 0, 8, VIEWED), (0, 0, 22, TAKEN),  # the view's is over after 14 days
            (0, 1, 30, TAKEN),
            (1, 0, 0, NOT_TAKEN), (1, 0, 40, VIEWED),  # the last is not over: nothing is newer
        ),
        14,
    )  # fmt: skip
    told = zip(*(part.tolist() for part in found.moments), found.taken.tolist(), strict=True)
    assert [(user, action, at // DAY, taken) for user, action, at, taken in told] == [
        (0, 0, 0, True),
        (0, 0, 8, False),
        (0, 0, 22, True),
        (0, 1, 30, True),
        (1, 0, 0, False),
        (1, 0, 40, False),
    ]
    age = np.array([40, 32, 18, 10, 40, 0])
    assert found.weights == pytest.approx(0.5 ** (age / 42) * np.array([1, 1, 1, 10 / 14, 1, 1 / 14]))


def test_the_newest_tenth_of_each_user_is_asked_for() -> None:
    users = np.array([0] * 20 + [1] * 3 + [5], np.int64)
    found = Episodes(Moments(users, users, np.arange(24)), np.ones(24, bool), np.ones(24))
    assert newest(found).moments.times.tolist() == [18, 19, 22, 23]


def test_area_and_threshold() -> None:
    taken = np.array([True, False, True, False])
    assert auc(np.array([0.9, 0.1, 0.8, 0.2]), taken) == 1.0
    assert auc(np.array([0.9, 0.95, 0.8, 0.2]), taken) == 0.5
    assert auc(np.full(4, 0.3), taken) == 0.5
    assert auc(np.array([0.9, 0.1]), np.array([True, True])) == 0.5
    assert best_threshold(np.array([0.9, 0.1, 0.8, 0.2]), taken) == 0.8
    assert best_threshold(np.array([0.9, 0.1]), np.array([False, False])) == 0.5


def test_which_actions_count() -> None:
    rows = [(n % 2, 0, 50, TAKEN if n < 50 else VIEWED) for n in range(100)]
    rows += [(n % 2, 1, 50, TAKEN) for n in range(99)]
    rows = sorted(rows)
    assert scored(acted(*rows)).tolist() == [True, False]
    old = [(user, action, day - 50 * (kind == VIEWED), kind) for user, action, day, kind in rows]
    assert scored(acted(*sorted(old))).tolist() == [False, False]  # the views are older than six weeks
    many = acted((0, 0, 1, TAKEN), (0, 1, 2, TAKEN), actions=MOST_ACTIONS + 1)
    assert np.flatnonzero(~considered(many)).tolist() == [0]  # all that are new, and the one with newer events


def test_weights_of_a_coin_are_its_odds() -> None:
    """One feature, a one: an action's chance is its share of takings, drawn to that of actions of its kind."""
    x, cells = np.ones((4000, 1), np.float32), np.array([[1, 1, 0], [1, 1, 0], [1, 0, 1]], np.float32)
    actions = np.repeat([0, 2], 2000)
    taken = np.concatenate((np.arange(2000) % 10 < 8, np.arange(2000) % 10 < 1))
    weights = fit_weights(x, actions, taken, np.ones(4000), cells, standard(x, ()), 1.0, lambda: None)
    chances = 1 / (1 + np.exp(-weights.of(cells)[:, 0]))
    assert chances[[0, 2]] == pytest.approx([0.8, 0.1], abs=0.01)
    assert 0.5 < chances[1] < 0.8  # without an event of its own: between its kind and all


def test_it_beats_popularity_where_people_differ(known: tuple[World, Path, dict[str, float]]) -> None:
    made, folder, metrics = known
    found = propensities(folder, len(made.chances))
    everybody = np.arange(len(found))
    best = made.chances.max(1).mean()
    popular = made.chances[:, made.chances.mean(0).argmax()].mean()
    mine = made.chances[everybody, found.argmax(1)].mean()
    assert mine > popular + 0.8 * (best - popular)
    assert metrics["auc"] > 0.8
    assert metrics["precision"] > 0.6
    assert metrics["recall"] > 0.6
    assert metrics["coverage"] == 1.0


def test_propensities_are_calibrated(tmp_path: Path) -> None:
    """Of what is said to be taken in one of ten cases, about one in ten is, by users who did not train."""
    made = world(tmp_path, users=1500, offers=6, seed=3)
    data = read_data(RECIPES[RECIPE], made.files, {})
    assert data.actions is not None
    testing = np.arange(len(data.interactions.user_ids)) % 4 == 0
    model = ActionModel(data, job(tmp_path / "scratch", RECIPE))
    model.fit(of_users(data, ~testing))
    asked = episodes(data.actions.of_users(testing), 14)
    asked = asked.select(asked.moments.times < NOW - 14 * DAY)  # those that are over
    chances = model.chances(data, asked.moments)
    for low, high in ((0.0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1.0)):
        some = (chances >= low) & (chances < high)
        assert some.sum() > 100
        assert asked.taken[some].mean() == pytest.approx(chances[some].mean(), abs=0.08)


def test_the_answer_knows_what_the_training_knew(known: tuple[World, Path, dict[str, float]]) -> None:
    """What serving makes of a user's stored events is what the training makes of the same."""
    made, folder, _ = known
    data = read_data(RECIPES[RECIPE], made.files, {})
    model = ActionModel(data, job(folder / "scratch", RECIPE))
    model.learn(data)
    _, answers = loaded(folder)
    newest_event = int(answers._tensors["newest_event"][0])
    users, count = [0, 7, 300], len(made.chances[0])
    moments = Moments(
        np.repeat(users, count), np.tile(np.arange(count), 3), np.full(3 * count, newest_event + 1)
    )
    x = model._features(data, moments)
    w = answers._tensors["action_weights"][moments.actions]
    trained = (1 / (1 + np.exp(-(x * w).sum(1)))).reshape(3, count)
    for user, chances in zip(users, trained, strict=True):
        asked = answers.chances(ActionQuery(user=user), answers.trained)
        assert asked == pytest.approx(chances, abs=2e-3)


def test_the_same_data_give_the_same_model(tmp_path: Path) -> None:
    made = world(tmp_path, users=120)
    for name in ("one", "other"):
        train(RECIPE, made.files, {}, tmp_path / name, lambda _: None, lambda: False)
    assert propensities(tmp_path / "one", 120) == pytest.approx(propensities(tmp_path / "other", 120), abs=2e-3)


def test_users_whom_only_actions_know(tmp_path: Path) -> None:
    """No item, no row: what they did with actions is enough."""
    made = world(tmp_path, users=300)
    rows = [
        (f"x{user:03}", f"a{user % 3:02}", NOW - (24 - 8 * n) * DAY, "Taken")
        for user in range(60)
        for n in range(3)
    ]
    more = part(tmp_path / "more.parquet", rows, ("USER_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE"))
    files = {**made.files, "ACTION_INTERACTIONS": [*made.files["ACTION_INTERACTIONS"], more]}
    train(RECIPE, files, {}, tmp_path / "model", lambda _: None, lambda: False)
    model, answers = loaded(tmp_path / "model")
    user = model.user_ids.find("x004")  # takes a01
    assert user is not None
    chances = answers.chances(ActionQuery(user=user), answers.trained)
    new = answers.chances(ActionQuery(), answers.trained)
    assert chances[4] > new[4] + 0.05  # likes what those like who take a01


def test_actions_are_needed(tmp_path: Path) -> None:
    made = world(tmp_path, users=60)
    with pytest.raises(TrainingFailed, match="needs data of type ACTIONS"):
        train(RECIPE, {"INTERACTIONS": made.files["INTERACTIONS"]}, {}, tmp_path / "m", lambda _: None, bool)
