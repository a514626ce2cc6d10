"""Exploration: who is shown, with which chance, and what it costs and brings where tastes are known."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from pzdecl.engine.serving.explore import DAY, Novelty, chances_in_list, explore, ignored_by
from pzdecl.engine.serving.offpolicy import evaluate_policy
from pzdecl.engine.serving.query import Answer, Event, Exploration
from tests.engine.serving.simulator import PLACES, Season, Shop, epsilon_greedy, season, thompson

WEIGHTS = (0.0, 0.1, 0.3, 0.6, 1.0)
SEEDS = (1, 2, 3)
ITEMS, LISTED, OLD = 60, 10, 40
SCORES = np.linspace(-1, -7, ITEMS)
"""Falling: the first ten items are the list, the last twenty are new."""
NEW = Novelty(
    created=np.where(np.arange(ITEMS) < OLD, 10, 99) * DAY,
    events=np.where(np.arange(ITEMS) < OLD, 500, 0).astype(np.int32),
    ignored=np.zeros(ITEMS, np.int32),
    newest=100 * DAY,
)
RELEVANT = Answer(np.arange(LISTED, dtype=np.int32), np.exp(SCORES[:LISTED]))


def _answer(
    weight: float = 0.5,
    seed: int = 0,
    *,
    novelty: Novelty = NEW,
    cut_off: float = 30.0,
    able: NDArray[np.bool_] | None = None,
    by_user: NDArray[np.int64] | None = None,
) -> Answer:
    able = np.ones(ITEMS, bool) if able is None else able
    return explore(RELEVANT, SCORES, able, novelty, Exploration(weight, cut_off, seed), by_user)


def _shares(draws: int = 150, **more: Any) -> NDArray[np.float64]:
    """float64[ITEMS]: how often each was shown."""
    shown = np.concatenate([_answer(seed=seed, **more).items for seed in range(draws)])
    return np.bincount(shown, minlength=ITEMS) / draws


def test_weight_zero_is_relevance_itself() -> None:
    assert _answer(weight=0.0) is RELEVANT


def test_only_what_is_new_and_able_is_explored() -> None:
    able = np.ones(ITEMS, bool)
    able[[41, 43]] = False
    shares = _shares(able=able, weight=1.0)
    assert not shares[LISTED:OLD].any()
    assert not shares[[41, 43]].any()
    assert (np.delete(shares[OLD:], [1, 3]) > 0).all()


def test_the_cut_off_counts_back_from_the_newest_event() -> None:
    created = np.zeros(ITEMS, np.int64)
    created[50], created[51] = 93 * DAY, 93 * DAY - 1
    novelty = NEW._replace(created=created)
    shares = _shares(novelty=novelty, cut_off=7.0, weight=1.0)
    assert shares[50] > 0
    assert shares[51] == 0
    nothing = _answer(novelty=novelty, cut_off=6.0)
    assert nothing.items.tolist() == RELEVANT.items.tolist()
    assert nothing.propensities is not None
    assert nothing.propensities.tolist() == [1.0] * LISTED


def test_items_are_listed_once_with_the_scores_of_relevance() -> None:
    answer = _answer(weight=1.0, seed=5)
    assert answer.explored is not None
    assert answer.scores is not None
    assert len(set(answer.items.tolist())) == LISTED
    assert answer.explored.any()
    assert (answer.items[answer.explored] >= OLD).all()
    kept = answer.items[~answer.explored].tolist()
    assert kept == list(range(len(kept)))  # what is dropped are the last ones; the order stays
    np.testing.assert_allclose(answer.scores, np.exp(SCORES[answer.items]))


def test_one_seed_gives_one_answer() -> None:
    one, same = _answer(seed=3), _answer(seed=3)
    for field in ("items", "scores", "propensities", "explored"):
        np.testing.assert_array_equal(getattr(one, field), getattr(same, field))
    assert any(_answer(seed=seed).items.tolist() != one.items.tolist() for seed in range(4, 9))


@pytest.mark.parametrize("met", ["events", "ignored", "by_user"])
def test_what_was_met_is_explored_less(met: str) -> None:
    much = np.where((np.arange(ITEMS) >= OLD) & (np.arange(ITEMS) < 50), 60, 0).astype(np.int32)
    before = _shares(weight=0.3)
    if met == "by_user":
        shares = _shares(weight=0.3, by_user=much.astype(np.int64))
    else:
        shares = _shares(weight=0.3, novelty=NEW._replace(**{met: getattr(NEW, met) + much}))
    assert shares[OLD:50].sum() < 0.6 * before[OLD:50].sum()


def test_exploration_ends_where_everything_is_known() -> None:
    known = NEW._replace(events=np.full(ITEMS, 100_000, np.int32))
    assert _shares(novelty=known, weight=1.0)[OLD:].sum() < 0.01


def test_of_very_many_new_items_all_have_a_chance_that_is_known() -> None:
    """What is shown, each counted by one over its chance, adds up to all there are."""
    count = LISTED + 5_000
    scores = np.concatenate((SCORES[:LISTED], np.full(count - LISTED, -5.0)))
    nothing = np.zeros(count, np.int32)
    novelty = Novelty(np.full(count, 99 * DAY), nothing, nothing, 100 * DAY)
    total = 0.0
    for seed in range(150):
        answer = explore(RELEVANT, scores, np.ones(count, bool), novelty, Exploration(0.8, seed=seed))
        assert answer.propensities is not None
        assert answer.explored is not None
        total += (1 / answer.propensities[answer.explored]).sum() / 150
    assert total == pytest.approx(count - LISTED, rel=0.2)


def test_impressions_of_events_count_what_was_not_taken() -> None:
    events = (Event(3, 0, impressions=(1, 3, 4)), Event(-1, 1, impressions=(1, -1)), Event(2, 2))
    found = ignored_by(events, 6)
    assert found is not None
    assert found.tolist() == [0, 2, 0, 0, 1, 0]
    assert ignored_by((Event(2, 2),), 6) is None


def test_equal_scores_are_not_washed_away() -> None:
    flat = np.full(ITEMS, -4.0)
    shown = [
        explore(RELEVANT, flat, np.ones(ITEMS, bool), NEW, Exploration(0.3, seed=seed)).explored
        for seed in range(300)
    ]
    assert np.mean([one for one in shown if one is not None]) == pytest.approx(0.3 / 2, abs=0.03)


@pytest.mark.parametrize(
    ("places", "candidates", "spread"), [(1, 3, 1.0), (5, 8, 1.0), (10, 40, 0.6), (8, 150, 0.5)]
)
def test_chances_are_those_of_many_draws(places: int, candidates: int, spread: float) -> None:
    rng = np.random.default_rng(places)
    listed = -np.sort(-rng.normal(0, 1.5, places))
    centres = listed[-1] - rng.gamma(2, 1, candidates) - 0.1
    spreads = spread * rng.uniform(0.3, 1, candidates)
    draws = 20_000
    values = rng.logistic(size=(draws, candidates)) * spreads + centres
    everything = np.concatenate((np.broadcast_to(listed, (draws, places)), values), 1)
    top = np.argpartition(-everything, places - 1, 1)[:, :places]
    counted = np.bincount(top.ravel(), minlength=places + candidates) / draws
    stay, come = chances_in_list(listed, centres, spreads, np.arange(candidates))
    np.testing.assert_allclose(np.concatenate((stay, come)), counted, atol=0.015)
    assert stay.sum() + come.sum() == pytest.approx(places, abs=0.005)


@functools.cache
def _season(seed: int, weight: float) -> Season:
    return season(thompson(weight), seed)


def test_new_items_gain_exposure_with_the_weight() -> None:
    for seed in SEEDS[:2]:
        explored = [_season(seed, weight).explored for weight in WEIGHTS]
        exposure = [_season(seed, weight).exposure for weight in WEIGHTS]
        assert explored == sorted(explored)
        assert exposure == sorted(exposure)
        assert explored[0] == 0 < explored[1]
        assert 0.2 < explored[-1] <= 0.5
    shop = Shop(0)
    relevant = shop.relevant()
    assert thompson(0.0)(shop, relevant, 7) is relevant


def test_regret_is_below_that_of_epsilon_greedy_at_equal_share() -> None:
    ours = [_season(seed, 0.3) for seed in SEEDS]
    greedy = [season(epsilon_greedy(one.explored), seed) for seed, one in zip(SEEDS, ours, strict=True)]
    for one, other in zip(ours, greedy, strict=True):
        assert other.explored == pytest.approx(one.explored, abs=0.02)
        assert one.regret < other.regret


@pytest.mark.slow
def test_exploration_pays_in_the_long_run() -> None:
    regrets = [sum(season(thompson(weight), seed, 80).regret for seed in SEEDS) for weight in (0.0, 0.3)]
    assert regrets[1] < 0.8 * regrets[0]


def test_a_log_tells_what_relevance_alone_and_other_policies_are_worth() -> None:
    """Explored lists are clicked less; their log says how often relevance alone would have been clicked."""
    rng = np.random.default_rng(0)
    tastes = np.exp(SCORES / 3) * 0.6
    answers = [_answer(0.8, seed) for seed in range(700)]
    items = np.concatenate([answer.items for answer in answers])
    lists = np.repeat(np.arange(len(answers)), LISTED)
    propensities = np.concatenate([np.asarray(answer.propensities) for answer in answers])
    clicks = (rng.random(len(items)) < tastes[items]).astype(float)
    truth = tastes[:LISTED].sum()
    assert clicks.sum() / len(answers) < truth - 0.3
    found = evaluate_policy(clicks, propensities, (items < LISTED).astype(float), lists)
    assert found.ips == pytest.approx(truth, abs=4 * found.ips_error)
    assert found.snips == pytest.approx(truth, abs=0.15)
    assert 0.05 * len(items) < found.effective_size < len(items)
    same = evaluate_policy(clicks, propensities, propensities, lists)
    assert same.ips == same.snips == pytest.approx(clicks.sum() / len(answers))
    assert same.effective_size == pytest.approx(len(items))
    clipped = evaluate_policy(clicks, propensities, (items < LISTED).astype(float), lists, clip=1.5)
    assert clipped.ips < found.ips


def test_a_log_without_chances_is_refused() -> None:
    one = np.ones(1)
    with pytest.raises(ValueError, match="above zero"):
        evaluate_policy(one, np.zeros(1), one, np.zeros(1, np.int64))
    with pytest.raises(ValueError, match="at least one"):
        evaluate_policy(one[:0], one[:0], one[:0], np.zeros(0, np.int64))


def test_the_simulator_clicks_as_it_says() -> None:
    log = _season(1, 0.0).log
    shop = Shop(1)
    expected = sum(shop.tastes[answer.items].sum() for answer, _ in log)
    assert sum(clicked.sum() for _, clicked in log) == pytest.approx(expected, rel=0.2)
    assert all(len(answer.items) == PLACES for answer, _ in log)
