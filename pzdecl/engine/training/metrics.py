"""Offline metrics: how well the recommended lists match what test users did next.

The definitions are those that Amazon Personalize documents for GetSolutionMetrics.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIST_LENGTH = 25
CUTOFFS = (5, 10, 25)


def evaluate(lists: NDArray[np.int32], truths: Sequence[NDArray[np.int32]], catalogue: int) -> dict[str, float]:
    """The eight metrics, rounded to 4 decimals.

    lists      int32[T, 25], distinct items for each of T test users, best first; -1 where nothing was left
    truths     for each test user the items taken up later
    catalogue  number of items that could be recommended
    """
    import numpy as np

    hits = np.zeros((len(lists), LIST_LENGTH), bool)
    for row, (given, truth) in enumerate(zip(lists, truths, strict=True)):
        hits[row, : len(given)] = np.isin(given, truth) & (given >= 0)
    metrics = {
        "coverage": len(np.unique(lists[lists >= 0])) / max(catalogue, 1),
        "mean_reciprocal_rank_at_25": float(reciprocal_rank(hits).mean()),
    }
    for k in CUTOFFS:
        metrics[f"normalized_discounted_cumulative_gain_at_{k}"] = float(ndcg(hits[:, :k]).mean())
        metrics[f"precision_at_{k}"] = float(hits[:, :k].mean())
    return {name: round(value, 4) for name, value in sorted(metrics.items())}


def reciprocal_rank(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each row of bool[T, k]: 1 / rank of the first hit, counting from 1; 0 without one."""
    import numpy as np

    return np.where(hits.any(1), 1.0 / (hits.argmax(1) + 1), 0.0)


def ndcg(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each row of bool[T, k]: discounted gain of the hits over that of as many hits placed first.

    The discount of position p (from 1) is 1 / log(1 + p): hits at 2 and 5 give 0.6241.
    """
    import numpy as np

    gains = 1.0 / np.log(np.arange(2, hits.shape[1] + 2))
    ideal = np.concatenate(([0.0], np.cumsum(gains)))[hits.sum(1)]
    gained = hits @ gains
    return np.asarray(np.divide(gained, ideal, out=np.zeros_like(gained), where=ideal > 0))
