"""Fits aws-sims: items related by how often, and how closely, users took up both.

The service does not publish its formula. This one is the item-based top-N method of Deshpande and Karypis
("Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004), made aware of the sequence:

    relation(i -> j) = (users(i, j) + CLOSENESS * near(i, j)) / users(j) ** discount

users(i, j) are the users who had both, users(j) those who had j; near(i, j) sums DECAY ** gap over all events
of the two in one history that lie at most WINDOW events apart, in either order. `discount` is
popularity_discount_factor: at 0 popular items win, at 1 the popular ones have no advantage. Pairs with users(i,
j) < min_cointeraction_count are unrelated.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.sims import related
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.popularity import by_popularity, unique_users
from pzdecl.engine.training.split import within_percentiles

CLOSENESS = 5.0
DECAY = 0.9
WINDOW = 50
NEIGHBOURS = 1000
"""Kept for each item: twice what a request may ask for, so that filters leave enough."""
BLOCK_PAIRS = 20_000_000
"""Pairs of events that are held at one time."""


class Sims:
    """Neighbour lists, and the popular items for whoever has none."""

    def __init__(self, data: Interactions, job: Job) -> None:
        self.job = job
        self.tensors = {"popular": by_popularity(data), **neighbours(data, job)}

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What is related to the newest item that each user was shown."""
        newest = shown.items[shown.offsets[users + 1] - 1]
        lists = np.full((len(users), count), -1, np.int32)
        for row, item in enumerate(newest):
            found = related(self.tensors, int(item), count)
            lists[row, : len(found)] = found
        return lists

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """Counts again, over everybody."""
        return Sims(data.interactions, self.job).tensors


def fit_sims(data: TrainingData, job: Job) -> Sims:
    """Counts pairs, a block of items at a time."""
    return Sims(data.interactions, job)


def neighbours(data: Interactions, job: Job) -> dict[str, NDArray[Any]]:
    """Up to NEIGHBOURS related items of each item, most related first.

    Returns `offsets` int64[N + 1] and `neighbours` int32[...]: those of item i are `offsets[i]:offsets[i + 1]`.
    """
    from scipy import sparse

    p = job.parameters
    chosen = within_percentiles(
        data.lengths, p["min_user_history_length_percentile"], p["max_user_history_length_percentile"]
    )
    data = data.of_users(chosen)
    count = len(data.item_ids)
    events = np.bincount(data.items, minlength=count)
    allowed = within_percentiles(
        events, p["min_item_interaction_count_percentile"], p["max_item_interaction_count_percentile"]
    )
    data = data.select(allowed[data.items])
    discount = np.maximum(unique_users(data), 1.0) ** p["popularity_discount_factor"]
    ones = np.ones(len(data), np.float32)
    histories = sparse.csc_matrix((ones, (data.users, data.items)), shape=(len(data.user_ids), count))
    histories.data[:] = 1
    by_item = np.argsort(data.items, kind="stable")
    places = np.concatenate(([0], np.cumsum(np.bincount(data.items, minlength=count))))
    lists: list[NDArray[np.int32]] = []
    for first, last in _blocks(places):
        if job.cancelled():
            raise TrainingCancelled
        common = (histories[:, first:last].T @ histories).tocsr()
        common.data[common.data < p["min_cointeraction_count"]] = 0
        common.eliminate_zeros()
        near = _near(data, by_item[places[first] : places[last]], first, last)
        score = common + CLOSENESS * near.multiply(common.sign())
        score = score.multiply(1.0 / discount).tocsr()
        lists.extend(_best(score, first))
        job.report(Progress("items", last, count))
    lengths = [len(found) for found in lists]
    return {
        "offsets": np.concatenate(([0], np.cumsum(lengths))).astype(np.int64),
        "neighbours": np.concatenate(lists) if lists else np.zeros(0, np.int32),
    }


def _blocks(places: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of items whose events make about BLOCK_PAIRS pairs."""
    most = BLOCK_PAIRS // (2 * WINDOW)
    edges = [0]
    while edges[-1] < len(places) - 1:
        start = edges[-1]
        edges.append(max(start + 1, int(np.searchsorted(places, places[start] + most, "right")) - 1))
    return list(pairwise(edges))


def _near(data: Interactions, rows: NDArray[np.int64], first: int, last: int) -> Any:
    """Closeness of the items first:last to all, as a sparse (last - first, N)."""
    from scipy import sparse

    shape = (last - first, len(data.item_ids))
    total = sparse.csr_matrix(shape, dtype=np.float32)
    for gap in range(1, WINDOW + 1):
        weight = np.float32(DECAY**gap)
        for step in (gap, -gap):
            inside = rows[(rows + step >= 0) & (rows + step < len(data))]
            inside = inside[data.users[inside] == data.users[inside + step]]
            pairs = (data.items[inside] - first, data.items[inside + step])
            total = total + sparse.csr_matrix((np.full(len(inside), weight), pairs), shape=shape)
    return total


def _best(scores: Any, first: int) -> list[NDArray[np.int32]]:
    """The row's columns by falling score; of equals, the first. An item is not its own neighbour."""
    lists = []
    for row in range(scores.shape[0]):
        part = slice(scores.indptr[row], scores.indptr[row + 1])
        columns, values = scores.indices[part], scores.data[part]
        kept = (columns != first + row) & (values > 0)
        columns, values = columns[kept], values[kept]
        lists.append(columns[np.lexsort((columns, -values))][:NEIGHBOURS].astype(np.int32))
    return lists
