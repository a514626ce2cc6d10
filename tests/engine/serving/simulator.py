"""A shop with known tastes: new items arrive, and people click by chances that only the shop knows.

The shop's recommender counts clicks and showings. That is all it knows of an item, so an item that is never
shown stays where its first guess put it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.serving.blend import best
from pzdecl.engine.serving.explore import DAY, Novelty, explore
from pzdecl.engine.serving.query import Answer, Exploration

OLD, NEW, PLACES, DAYS, VISITS = 60, 40, 10, 10, 12
"""Established items, items that come later, places in a list, days, visits a day."""
GUESS = (1.0, 30.0)
"""Clicks and showings with which the estimate of each item begins: 1 in 30."""

Policy = Callable[["Shop", Answer, int], Answer]
"""From the shop, the list by relevance alone and a seed to the list that is shown."""


@dataclass
class Shop:
    """The state of the world and what the recommender has counted."""

    seed: int
    tastes: NDArray[np.float64] = field(init=False)
    born: NDArray[np.int64] = field(init=False)
    clicks: NDArray[np.int64] = field(init=False)
    shown: NDArray[np.int64] = field(init=False)
    now: int = 100 * DAY

    def __post_init__(self) -> None:
        rng = np.random.default_rng((self.seed, 1))
        self.tastes = rng.beta(1.2, 12, OLD + NEW)
        self.born = np.where(np.arange(OLD + NEW) < OLD, 0, 100 * DAY)
        self.born[OLD:] += rng.integers(0, DAYS // 2, NEW) * DAY
        self.shown = np.where(np.arange(OLD + NEW) < OLD, 300, 0)
        self.clicks = rng.binomial(self.shown, self.tastes)

    @property
    def scores(self) -> NDArray[np.float64]:
        """Logarithms of the estimated chances, of what is there by now; the others have none."""
        estimates = (self.clicks + GUESS[0]) / (self.shown + GUESS[1])
        return np.asarray(np.log(estimates / estimates.sum()))

    @property
    def there(self) -> NDArray[np.bool_]:
        return self.born <= self.now

    @property
    def novelty(self) -> Novelty:
        ignored = (self.shown - self.clicks).astype(np.int32)
        return Novelty(self.born, self.clicks.astype(np.int32), ignored, self.now)

    def relevant(self) -> Answer:
        scores = np.where(self.there, self.scores, -np.inf)
        items = best(scores, PLACES)
        return Answer(items, np.exp(scores[items]))


@dataclass
class Season:
    """What came of it: regret in expected clicks, the share of places that went to explored items, a log."""

    regret: float = 0.0
    explored: float = 0.0
    exposure: float = 0.0
    log: list[tuple[Answer, NDArray[np.bool_]]] = field(default_factory=list)


def season(policy: Policy, seed: int, visits: int = VISITS) -> Season:
    """Runs the days. Luck is an item's, drawn for each visit, so that two policies meet the same."""
    shop, result = Shop(seed), Season()
    for day in range(DAYS):
        shop.now = (100 + day) * DAY
        for visit in range(visits):
            luck = np.random.default_rng((seed, 2, day, visit)).random(OLD + NEW)
            answer = policy(shop, shop.relevant(), hash((seed, day, visit)) % 2**32)
            clicked = luck[answer.items] < shop.tastes[answer.items]
            best_possible = np.sort(np.where(shop.there, shop.tastes, 0))[-PLACES:].sum()
            result.regret += best_possible - shop.tastes[answer.items].sum()
            explored = answer.explored if answer.explored is not None else np.zeros(PLACES, bool)
            result.explored += explored.mean() / (DAYS * visits)
            result.exposure += (answer.items >= OLD).mean() / (DAYS * visits)
            result.log.append((answer, clicked))
            shop.shown[answer.items] += 1
            shop.clicks[answer.items[clicked]] += 1
    return result


def thompson(weight: float, cut_off: float = 30.0) -> Policy:
    """The engine's policy."""

    def policy(shop: Shop, relevant: Answer, seed: int) -> Answer:
        settings = Exploration(weight, cut_off, seed)
        return explore(relevant, shop.scores, shop.there, shop.novelty, settings)

    return policy


def epsilon_greedy(share: float) -> Policy:
    """Each place goes, with a fixed chance, to any new item that is not in the list."""

    def policy(shop: Shop, relevant: Answer, seed: int) -> Answer:
        rng = np.random.default_rng(seed)
        new = np.setdiff1d(np.flatnonzero(shop.there & (np.arange(OLD + NEW) >= OLD)), relevant.items)
        places = np.flatnonzero(rng.random(PLACES) < share)[: len(new)]
        items = relevant.items.copy()
        items[places] = rng.choice(new, len(places), replace=False)
        explored = np.zeros(PLACES, bool)
        explored[places] = True
        return Answer(items, explored=explored)

    return policy
