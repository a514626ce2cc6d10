"""Fits aws-sims: items related by how many users took up both, and how close to each other.

The service does not publish its formula. This one is the item-based top-N method of Deshpande and Karypis
("Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004), made aware of the sequence:

    relation(i -> j) = closeness(i -> j) / users(j) ** popularity_discount_factor

`closeness` is explained in `related/closeness.py`; users(j) are those who had j. At a discount of 0 popular
items win, at 1 they have no advantage. Pairs that fewer than min_cointeraction_count users had close to each
other are unrelated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.sims import related
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.popularity import by_popularity
from pzdecl.engine.training.related.closeness import blocks
from pzdecl.engine.training.related.histories import distinct, newest_items, within_limits
from pzdecl.engine.training.related.lists import Lists


class Sims:
    """Neighbour lists, and the popular items for whoever has none."""

    def __init__(self, data: Interactions, job: Job) -> None:
        self.job = job
        self.tensors = {"popular": by_popularity(data), **neighbours(data, job)}

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What is related to the newest item that each user was shown; popular items without one."""
        lists = np.full((len(users), count), -1, np.int32)
        for row, item in enumerate(newest_items(shown, users).tolist()):
            found = related(self.tensors, item if item >= 0 else None, count)
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
    parameters = job.parameters
    histories = distinct(within_limits(data, parameters))
    count = len(data.item_ids)
    users = np.bincount(histories.items, minlength=count)
    discount = np.maximum(users, 1).astype(np.float32) ** np.float32(parameters["popularity_discount_factor"])
    lists = Lists()
    for _, last, near in blocks(histories):
        if job.cancelled():
            raise TrainingCancelled
        near.data[near.data.imag < parameters["min_cointeraction_count"]] = 0
        near.eliminate_zeros()
        scores = near.real
        scores.data /= discount[scores.indices]
        lists.add(scores)
        job.report(Progress("items", last, count))
    tensors = lists.tensors()
    return {name: tensors[name] for name in ("offsets", "neighbours")}
