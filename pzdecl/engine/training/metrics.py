"""Offline metrics: how well what a model answered matches what test users did next.

The definitions are those that Amazon Personalize documents for GetSolutionMetrics; docs/evaluation.md has them
in words. Each is a mean over what was tested, and the single values are kept: versions are compared by them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LIST_LENGTH = 25
CUTOFFS = (5, 10, 25)
NDCG = "normalized_discounted_cumulative_gain"
WEIGHTED_NDCG = f"{NDCG}_with_event_weights"
SEGMENT_SHARE = 100
"""Segments are measured at one user in a hundred."""


class Evaluation(dict[str, float]):
    """Offline metrics by name, rounded to 4 decimals.

    ids     what was tested: T ids of users; for segments, of items or attribute expressions
    each    float64[T] for each metric that is a mean over them; NaN where it has no meaning
    """

    def __init__(
        self,
        metrics: Mapping[str, float],
        ids: Sequence[str] = (),
        values: Mapping[str, NDArray[np.float64]] | None = None,
    ) -> None:
        super().__init__({name: round(float(metrics[name]), 4) for name in sorted(metrics)})
        self.ids = list(ids)
        self.each = dict(values or {})

    def with_values(self, values: Mapping[str, NDArray[np.float64]]) -> Evaluation:
        """The same with more metrics, which are the means of `values`."""
        means = {name: mean(single) for name, single in values.items()}
        return Evaluation({**self, **means}, self.ids, {**self.each, **values})


def mean(values: NDArray[np.float64]) -> float:
    """The mean of those that have a meaning; 0 without any."""
    import numpy as np

    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def evaluate(
    lists: NDArray[np.int32], truths: Sequence[NDArray[np.int32]], catalogue: int, ids: Sequence[str] = ()
) -> Evaluation:
    """The eight metrics of recipes that recommend items.

    lists      int32[T, 25], distinct items for each of T test users, best first; -1 where nothing was left
    truths     for each test user the items taken up later
    catalogue  number of items that could be recommended
    ids        of the test users
    """
    import numpy as np

    hits = hits_of(lists[:, :LIST_LENGTH], truths)
    values = {"mean_reciprocal_rank_at_25": reciprocal_rank(hits)}
    for k in CUTOFFS:
        values[f"{NDCG}_at_{k}"] = ndcg(hits[:, :k])
        values[f"precision_at_{k}"] = hits[:, :k].mean(1)
    coverage = len(np.unique(lists[lists >= 0])) / max(catalogue, 1)
    return Evaluation({"coverage": coverage}, ids).with_values(values)


def evaluate_segments(
    segments: NDArray[np.int32], truths: Sequence[NDArray[np.int32]], users: int, ids: Sequence[str] = ()
) -> Evaluation:
    """The three metrics of user segmentation.

    segments  int32[T, segment_size(users)]: for each of T items (or expressions) the likeliest users
    truths    for each the users who took it up later, at least one
    users     number of all users
    ids       of the items, or the expressions
    """
    import numpy as np

    counts = np.array(
        [np.isin(found, truth).sum() for found, truth in zip(segments, truths, strict=True)], np.float64
    )
    possible = np.array([len(truth) for truth in truths], np.float64)
    coverage = len(np.unique(segments[segments >= 0])) / max(users, 1)
    return Evaluation({"coverage": coverage}, ids).with_values(
        {"hits_at_1_percent": counts, "recall_at_1_percent": counts / possible}
    )


def segment_size(users: int) -> int:
    """How many of `users` are the top 1%: rounded up, so never none."""
    return max(1, -(-users // SEGMENT_SHARE))


def hits_of(lists: NDArray[np.int32], truths: Sequence[NDArray[np.int32]]) -> NDArray[np.bool_]:
    """bool[T, 25] or longer: which places of the lists hold what was taken up."""
    import numpy as np

    hits = np.zeros((len(lists), max(LIST_LENGTH, lists.shape[1])), bool)
    for row, (given, truth) in enumerate(zip(lists, truths, strict=True)):
        hits[row, : len(given)] = np.isin(given, truth) & (given >= 0)
    return hits


def reciprocal_rank(hits: NDArray[np.bool_]) -> NDArray[np.float64]:
    """For each row of bool[T, k]: 1 / rank of the first hit, counting from 1; 0 without one."""
    import numpy as np

    return np.where(hits.any(1), 1.0 / (hits.argmax(1) + 1), 0.0)


def ndcg(gains: NDArray[Any]) -> NDArray[np.float64]:
    """For each row of bool or float[T, k]: discounted gain over that of the same gains in the best order.

    A hit gains 1, or its reward. The discount of position p (from 1) is 1 / log(1 + p): hits at 2 and 5 give
    0.6241.
    """
    import numpy as np

    discounts = 1.0 / np.log(np.arange(2, gains.shape[1] + 2))
    gained = gains @ discounts
    ideal = -np.sort(-gains.astype(np.float64), axis=1) @ discounts
    return np.asarray(np.divide(gained, ideal, out=np.zeros_like(gained), where=ideal > 0))


def weighted_ndcg(
    lists: NDArray[np.int32], truths: Sequence[Mapping[int, float]], mean_weight: float
) -> dict[str, NDArray[np.float64]]:
    """NDCG in which a hit gains the weight of its event over the mean weight: for 0.3 and 0.1, 1.5 and 0.5.

    truths       for each test user the weight of each item taken up, of its heaviest event
    mean_weight  of the event types in the solution's `eventsConfig`
    """
    import numpy as np

    gains = np.zeros((len(lists), LIST_LENGTH))
    for row, (given, weights) in enumerate(zip(lists[:, :LIST_LENGTH], truths, strict=True)):
        gains[row, : len(given)] = [weights.get(int(item), 0.0) / mean_weight for item in given]
    return {f"{WEIGHTED_NDCG}_at_{k}": ndcg(gains[:, :k]) for k in CUTOFFS}


def rewards(
    lists: NDArray[np.int32], truths: Sequence[NDArray[np.int32]], reward: NDArray[np.float64]
) -> NDArray[np.float64]:
    """float64[T]: of the reward of what a user took up of the recommendations, the share of the first 25.

    lists   int32[T, n] with n above 25, by relevance and reward; -1 for none
    reward  float64[N], of each item, not negative

    NaN for a user who took up nothing that earns anything.
    """
    import numpy as np

    earned = np.where(hits_of(lists, truths)[:, : lists.shape[1]], reward[lists], 0.0)
    total = earned.sum(1)
    first = earned[:, :LIST_LENGTH].sum(1)
    return np.asarray(np.divide(first, total, out=np.full_like(first, np.nan), where=total > 0))
