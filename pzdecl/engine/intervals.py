"""How sure a mean over test users is: percentile bootstrap (Efron and Tibshirani, 1993, chapter 13).

The users are drawn again, with replacement, as often as there are; the spread of the means of many such draws
is the uncertainty that comes from whom the test happened to ask. What comes from the seed of a training is not
in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RESAMPLES = 2000
LEVEL = 0.95
CELLS = 4_000_000
"""Drawn users that are held at one time."""


def intervals(values: NDArray[np.float64], *, level: float = LEVEL, seed: int = 0) -> NDArray[np.float64]:
    """float64[2, M]: the lower and upper end of the interval of each of M means over T users.

    values  float64[T, M], T at least 1; NaN counts for nothing. All M are drawn together, so that one user's
            values stay together; equal values and an equal seed give equal intervals.
    """
    import numpy as np

    users = len(values)
    rng = np.random.default_rng(seed)
    known = ~np.isnan(values)
    filled, weights = np.where(known, values, 0.0), known.astype(np.float64)
    means = np.empty((RESAMPLES, values.shape[1]))
    step = max(1, CELLS // users)
    for start in range(0, RESAMPLES, step):
        some = min(step, RESAMPLES - start)
        drawn = rng.integers(users, size=(some, users)) + users * np.arange(some)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=some * users).reshape(some, users).astype(np.float64)
        total = counts @ weights
        means[start : start + some] = np.divide(
            counts @ filled, total, out=np.full_like(total, np.nan), where=total > 0
        )
    tail = (1 - level) / 2
    return np.asarray(np.nanquantile(means, [tail, 1 - tail], axis=0))
