"""Fits aws-popularity-count: counts the unique users of each item."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.related.histories import unique_users


class Popularity:
    """The items by unique users, most first; of equals, the one whose id comes first."""

    def __init__(self, data: Interactions) -> None:
        self.ranking = by_popularity(data)

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """The same for everybody, whatever was shown."""
        del shown
        return np.tile(self.ranking[:count], (len(users), 1))

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """Counts again, over everybody: `popular` int32[N]."""
        return {"popular": by_popularity(data.interactions)}


def fit_popularity(data: TrainingData, job: Job) -> Popularity:
    """Counts, in one pass."""
    model = Popularity(data.interactions)
    job.report(Progress("rows", len(data.interactions), len(data.interactions)))
    return model


def by_popularity(data: Interactions) -> NDArray[np.int32]:
    """int32[N]: the items, those with most unique users first."""
    return np.argsort(-unique_users(data), kind="stable").astype(np.int32)
