"""What aws-trending-now answers: what rose most from the interval before last to the last one.

With b interactions in one interval and a in the next, an item's rise is

    sqrt(a + 3/8) - sqrt(b + 3/8)

The root gives counts the same spread, whatever their size (F. J. Anscombe, "The transformation of Poisson,
binomial and negative-binomial data", Biometrika 35, 1948), so a rise is measured by how unlikely chance alone
makes it: from 0 to 1 is next to nothing, from 100 to 150 a lot. Items that do not rise follow by popularity.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from pzdecl.engine.serving.popularity import best_of
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

INTERVALS = {"30 minutes": 1800, "1 hour": 3600, "2 hours": 7200, "3 hours": 10800, "1 day": 86400}
"""Seconds of each `trend_discovery_frequency`."""
OFTEN = 7200
"""A list is to be refreshed after its interval, and after so many seconds at the latest, as in the service."""


class TrendingAnswers:
    """The same items for everybody, without scores; no id is needed.

    `clock` says when now is, in seconds, for `refreshed`; unless given, it is the time of the newest event.
    """

    needs = ""

    def __init__(self, stored: Stored, clock: Callable[[], float] | None = None) -> None:
        self.stored = stored
        self.interval = INTERVALS[str(stored.facts["hyperparameters"]["trend_discovery_frequency"])]
        self.refresh_seconds = min(self.interval, OFTEN)
        self.clock = clock
        self.ranking: NDArray[np.int32] = stored.tensors["trending"]

    def answer(self, query: Query) -> Answer:
        """What rises most of what is allowed."""
        return Answer(best_of(self.ranking, query))

    def refreshed(self, items: NDArray[np.int32], timestamps: NDArray[np.int64]) -> TrendingAnswers:
        """What is answered with everybody's events since the training: no other training is needed for it.

        items       codes, in any order; -1 for items that are new since
        timestamps  seconds
        """
        import numpy as np

        tensors, known = self.stored.tensors, items >= 0
        items = np.concatenate((tensors["recent_items"], items[known]))
        timestamps = np.concatenate((tensors["recent_timestamps"], timestamps[known]))
        now = int(self.clock() if self.clock is not None else timestamps.max(initial=0))
        fresh = TrendingAnswers(self.stored, self.clock)
        fresh.ranking = ranking(items, timestamps, now, self.interval, tensors["popular"])
        return fresh


def ranking(
    items: NDArray[np.int32],
    timestamps: NDArray[np.int64],
    now: int,
    interval: int,
    popular: NDArray[np.int32],
) -> NDArray[np.int32]:
    """int32[N]: all items, those first that rose most in the `interval` seconds up to and with `now`.

    Later events do not count. `popular` int32[N] ranks equals, and what does not rise.
    """
    import numpy as np

    count = len(popular)
    back = now - timestamps
    last, before = (
        np.bincount(items[(back >= begin) & (back < begin + interval)], minlength=count)
        for begin in (0, interval)
    )
    rise = np.maximum(np.sqrt(last + 3 / 8) - np.sqrt(before + 3 / 8), 0)
    return np.asarray(popular[np.argsort(-rise[popular], kind="stable")])
