"""What is known of a user and an action at a moment, as numbers: the same code for training and for answers.

    7 basic     1; how often this user met this action before, how often it was taken, how fresh the last taking
                is; how far the user takes more than others do; how much is done with items, and how lately
    r kinship   the actions taken, more than expected, in the space of actions that the same people take
    t taste     the newest items, in the space of items that the same people take up
    c cells     what the Users dataset says

Only events before the moment count, so a feature never knows what it is to foretell.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.data.actions import TAKEN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.serving.features import Cells

BASIC = 7
NEWEST = 100
"""Events with items that make a user's taste."""
STEADY = 5.0
"""Events at which a user's own leaning counts half."""
DAY = 24 * 60 * 60
BLOCK = 200_000
"""Events with items whose vectors are summed at one time."""


class Log(NamedTuple):
    """Events sorted by user, then time: `offsets[u]:offsets[u + 1]` are those of user u.

    things  int32[n]: actions or items; -1 for one that the training did not know
    types   int8[n]: TAKEN, NOT_TAKEN, VIEWED; of item events empty
    """

    offsets: NDArray[np.int64]
    things: NDArray[np.int32]
    times: NDArray[np.int64]
    types: NDArray[np.int8]


class Moments(NamedTuple):
    """n questions: would this user take this action at this time (seconds)? int64 each."""

    users: NDArray[np.int64]
    actions: NDArray[np.int64]
    times: NDArray[np.int64]


class Space(NamedTuple):
    """What a training learned of actions and items.

    base    float64[A]: the share of an action's events that are takings
    kin     float32[A, r]: actions that the same people take are near each other
    items   float32[I, t]: items likewise
    fresh   days after which a taking is half forgotten
    """

    base: NDArray[np.float64]
    kin: NDArray[np.float32]
    items: NDArray[np.float32]
    fresh: float


def features(
    moments: Moments, acted: Log, did: Log, space: Space, cells: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[n, 7 + r + t + c]. `cells` float32[n, c]: of each moment's user."""
    import numpy as np

    basic = np.ones((len(moments.users), 1), np.float32)
    own, kinship = _with_actions(moments, acted, space)
    busy, taste = _with_items(moments, did, space)
    return np.concatenate((basic, own, busy, kinship, taste, cells), 1, dtype=np.float32)


def dense(cells: Cells, kept: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32[n, c]: sparse rows as dense ones, of the `kept` columns (rising) only."""
    import numpy as np

    out = np.zeros((len(cells), len(kept)), np.float32)
    if len(kept):
        place = np.minimum(np.searchsorted(kept, cells.columns), len(kept) - 1)
        fits = kept[place] == cells.columns
        rows = np.repeat(np.arange(len(cells)), np.diff(cells.offsets))
        np.add.at(out, (rows[fits], place[fits]), cells.weights[fits])
    return out


def _with_actions(moments: Moments, log: Log, space: Space) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32[n, 4]: met, taken, fresh, leaning; and float32[n, r]: kinship."""
    import numpy as np

    place = Places(log, moments)
    known = log.things >= 0
    taken = (log.types == TAKEN) & known
    surprise = np.where(known, taken - space.base[log.things], 0.0) if len(space.base) else np.zeros(len(known))
    count = place.count
    leaning = place.sums(surprise) / (STEADY + count)
    pulls = np.where(known, surprise, 0.0)[:, None] * space.kin[log.things] if len(space.kin) else None
    kinship = (
        np.zeros((len(count), space.kin.shape[1]))
        if pulls is None
        else place.sums(pulls) / np.sqrt(1.0 + count)[:, None]
    )
    met, took, last = _pairs(moments, log, place)
    age = np.maximum(moments.times - last, 0) / DAY
    fresh = np.where(took > 0, 0.5 ** (age / space.fresh), 0.0)
    own = np.stack((np.log1p(met), np.log1p(took), fresh, leaning), 1)
    return own.astype(np.float32), kinship.astype(np.float32)


def _pairs(
    moments: Moments, log: Log, place: Places
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Of the same user and action before the moment: events, takings, and the time of the last taking."""
    import numpy as np

    width = int(max(log.things.max(initial=0), moments.actions.max(initial=0))) + 2
    pair = place.users * width + log.things + 1
    order = np.lexsort((log.times, pair))
    keys = pair[order] * place.ticks + place.rank[order]
    asked = (moments.users * width + moments.actions + 1) * place.ticks
    begin, end = np.searchsorted(keys, asked), np.searchsorted(keys, asked + place.moment)
    took = log.types[order] == TAKEN
    total = np.concatenate(([0], np.cumsum(took)))
    newest = np.maximum.accumulate(np.where(took, np.arange(len(took)), -1)) if len(took) else took
    taken = total[end] - total[begin]
    last = np.zeros(len(asked), np.int64)
    some = taken > 0
    last[some] = log.times[order][newest[end[some] - 1]]
    known = moments.actions >= 0
    return (end - begin) * known, taken * known, last


def _with_items(moments: Moments, log: Log, space: Space) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32[n, 2]: how much and how lately; and float32[n, t]: taste, of length one where there is any."""
    import numpy as np

    place = Places(log, moments)
    some = place.count > 0
    age = np.zeros(len(some))
    age[some] = (moments.times[some] - log.times[place.end[some] - 1]) / DAY
    late = np.where(some, 0.5 ** (age / space.fresh), 0.0)
    busy = np.stack((np.log1p(np.minimum(place.count, NEWEST)) / STEADY, late), 1).astype(np.float32)
    taste = np.zeros((len(some), space.items.shape[1]), np.float32)
    if len(space.items) and taste.shape[1]:
        begin = np.maximum(place.begin, place.end - NEWEST)
        for rows in _blocks(place.begin):
            low, high = int(place.begin[rows].min()), int(place.end[rows].max())
            things = log.things[low:high]
            vectors = np.where((things >= 0)[:, None], space.items[things], 0).astype(np.float64)
            total = np.concatenate((np.zeros((1, taste.shape[1])), np.cumsum(vectors, 0)))
            taste[rows] = total[place.end[rows] - low] - total[begin[rows] - low]
    length = np.linalg.norm(taste, axis=1, keepdims=True)
    return busy, np.divide(taste, length, out=np.zeros_like(taste), where=length > 1e-6)


def _blocks(begin: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Moments whose users' events lie in the same stretch of BLOCK events."""
    import numpy as np

    block = begin // BLOCK
    order = np.argsort(block, kind="stable")
    yield from (part for part in np.split(order, np.flatnonzero(np.diff(block[order])) + 1) if len(part))


class Places:
    """Where the events before each moment lie: `begin[i]:end[i]`, `count` of them.

    Times are taken by their ranks, so that user and time fit into one number.
    """

    def __init__(self, log: Log, moments: Moments) -> None:
        import numpy as np

        times = np.unique(log.times)
        self.ticks = len(times) + 1
        self.rank = np.searchsorted(times, log.times)
        self.moment = np.searchsorted(times, moments.times)
        self.users = np.repeat(np.arange(len(log.offsets) - 1), np.diff(log.offsets))
        self.begin = log.offsets[moments.users]
        keys = self.users * self.ticks + self.rank
        self.end = np.searchsorted(keys, moments.users * self.ticks + self.moment)
        self.count = self.end - self.begin

    def sums(self, values: NDArray[Any]) -> NDArray[np.float64]:
        """The sum over each moment's events, of numbers [events, ...]."""
        import numpy as np

        total = np.concatenate((np.zeros((1, *values.shape[1:])), np.cumsum(values, 0, np.float64)))
        return np.asarray(total[self.end] - total[self.begin])
