"""Promoted items among recommended ones: how many, and in which places."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RECIPES = (
    "aws-user-personalization",
    "aws-user-personalization-v2",
    "aws-similar-items",
    "aws-sims",
    "aws-trending-now",
    "aws-popularity-count",
)
"""The recipes whose campaigns promote items, as in the service."""


def promoted_count(count: int, percent: int) -> int:
    """How many of `count` items are promoted: the nearest whole number, at least one."""
    return max((count * percent + 50) // 100, 1) if count else 0


def promoted_places(promoted: int, others: int, seed: int) -> NDArray[np.bool_]:
    """bool[promoted + others]: which places promoted items get, at random; all that is random is in `seed`."""
    import numpy as np

    # Another stream than that of exploration, which has the same seed.
    random = np.random.default_rng([seed, 1])
    places = np.zeros(promoted + others, bool)
    places[random.choice(promoted + others, promoted, replace=False)] = True
    return places
