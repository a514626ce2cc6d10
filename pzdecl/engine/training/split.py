"""Who trains and who tests, and which histories are left out of training."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.errors import TrainingFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MIN_INTERACTIONS = 1000
MIN_USERS = 25
SELDOM = 100
"""One user in so many must have two events at least: the rest says nothing of what follows what."""
TEST_SHARE = 10
"""One user in ten tests; one in ten of a test user's events, the newest, is the truth."""
NEWEST_SHARE = 5
"""For segments, one in five of each user's events, the newest, is the truth."""


@dataclass(frozen=True, slots=True)
class Split:
    """90% of the users train; of the others, the oldest 90% of events are shown, the newest 10% are the truth.

    `truths` has one array of distinct items for each of `test_users` (int64[T], indices of users); `newest` are
    the events that they come from.
    """

    training: Interactions
    shown: Interactions
    test_users: NDArray[np.int64]
    truths: list[NDArray[np.int32]]
    newest: Interactions


def check_minimum(data: Interactions, event_type: str | None) -> None:
    """Raises TrainingFailed if there is too little to learn from, mostly in the service's words."""
    if len(data) < MIN_INTERACTIONS:
        after = f" after filtering by event type: {event_type}" if event_type else ""
        raise TrainingFailed(f"Dataset has fewer than {MIN_INTERACTIONS} interactions{after}.")
    with_two, active = (int((data.lengths >= least).sum()) for least in (2, 1))
    if with_two < MIN_USERS:
        raise TrainingFailed(f"Dataset has fewer than {MIN_USERS} users with at least 2 interactions each.")
    if with_two * SELDOM < active:
        raise TrainingFailed(
            f"Dataset has fewer than {100 // SELDOM}% of users with at least 2 interactions each: "
            f"{with_two:,} of {active:,}."
        )


def split(data: Interactions, seed: int = 0) -> Split:
    """Draws the test users among those with two events or more.

    The draw goes by a hash of the user's id, so that most test users stay test users when data is added and the
    metrics of two versions are about the same people.
    """
    import numpy as np

    able = np.flatnonzero(data.lengths >= 2)
    marks = np.array([zlib.crc32(f"{seed}:{data.user_ids[int(user)]}".encode()) for user in able])
    test = np.sort(able[np.argsort(marks, kind="stable")[: max(1, len(able) // TEST_SHARE)]])
    testing = np.zeros(len(data.user_ids), bool)
    testing[test] = True
    lengths = data.lengths
    position = np.arange(len(data)) - data.offsets[data.users]
    shown = position < lengths[data.users] * (TEST_SHARE - 1) // TEST_SHARE
    truth = data.select(testing[data.users] & ~shown)
    return Split(
        training=data.of_users(~testing),
        shown=data.select(testing[data.users] & shown),
        test_users=test,
        truths=[np.unique(truth.items[truth.offsets[user] : truth.offsets[user + 1]]) for user in test],
        newest=truth,
    )


def halves(data: Interactions) -> tuple[Interactions, Interactions]:
    """Of each user the oldest 80% of the events, rounded up, and the newest 20%."""
    import numpy as np

    position = np.arange(len(data)) - data.offsets[data.users]
    older = position < data.lengths[data.users] - data.lengths[data.users] // NEWEST_SHARE
    return data.select(older), data.select(~older)


def within_percentiles(counts: NDArray[np.int64], low: float, high: float) -> NDArray[np.bool_]:
    """Which of `counts` lie between two percentiles (0 to 1, both inclusive) of those that are above zero."""
    import numpy as np

    present = counts > 0
    if not present.any():
        return present
    bounds = np.quantile(counts[present], [low, high])
    return np.asarray(present & (counts >= bounds[0]) & (counts <= bounds[1]))
