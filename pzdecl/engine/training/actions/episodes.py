"""From events with actions to questions whose answers are known: was it taken within the period?

An episode begins with a user's first event with an action and lasts the recipe's `action_optimization_period`,
or until the action is taken; the next event after that begins the next. So many views in a row are one
question, not many, and a propensity is the chance that an episode ends with a taking.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.actions import TAKEN, Actions
from pzdecl.engine.serving.action_features import DAY, Moments

HALF_LIFE = 6 * 7
"""Days after which an episode counts half: six weeks, the time from which the service takes its counts."""


@dataclass(frozen=True, slots=True)
class Episodes:
    """n episodes, sorted by user, then by when they began.

    moments  user, action and beginning
    taken    bool[n]
    weights  float64[n]: newer ones count more, and one that is not over yet by how much of it has passed
    """

    moments: Moments
    taken: NDArray[np.bool_]
    weights: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.taken)

    def select(self, keep: NDArray[np.bool_]) -> Episodes:
        """Those where `keep` (bool[n]) is true."""
        return Episodes(Moments(*(part[keep] for part in self.moments)), self.taken[keep], self.weights[keep])


def episodes(actions: Actions, period: int) -> Episodes:
    """All episodes of `period` days."""
    events = actions.events
    users, things = events.users.astype(np.int64), events.items.astype(np.int64)
    order = np.lexsort((actions.types == TAKEN, events.timestamps, things, users))
    users, things = users[order], things[order]
    times, types = events.timestamps[order], actions.types[order]
    begins, taken = _walked(users, things, times, types, period * DAY)
    newest = int(times.max(initial=0))
    age = (newest - times[begins]) / DAY
    over = np.minimum(age / period, 1.0)
    # Whatever came of it: to count what was taken at once fully, and what may still be taken less, would make
    # everything look likelier than it is.
    weights = 0.5 ** (age / HALF_LIFE) * np.maximum(over, 1 / period)
    moments = Moments(users[begins], things[begins], times[begins])
    sorted_ = np.lexsort((moments.actions, moments.times, moments.users))
    found = Episodes(moments, taken, weights)
    return Episodes(
        Moments(*(part[sorted_] for part in found.moments)), found.taken[sorted_], found.weights[sorted_]
    )


def _walked(
    users: NDArray[np.int64],
    things: NDArray[np.int64],
    times: NDArray[np.int64],
    types: NDArray[np.int8],
    length: int,
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """The events that begin an episode, and whether it ends with a taking."""
    begins: list[int] = []
    taken: list[bool] = []
    pair, until = (-1, -1), -1
    rows = zip(users.tolist(), things.tolist(), times.tolist(), types.tolist(), strict=True)
    for place, (user, thing, at, type) in enumerate(rows):
        if pair != (user, thing) or at >= until:
            pair, until = (user, thing), at + length
            begins.append(place)
            taken.append(False)
        if type == TAKEN:
            taken[-1], until = True, -1
    return np.array(begins, np.int64), np.array(taken, bool)
