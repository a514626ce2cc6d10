"""Fits aws-trending-now, which counts, and measures whether what it finds goes on rising."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.trending import INTERVALS, ranking
from pzdecl.engine.training.errors import TrainingCancelled
from pzdecl.engine.training.metrics import LIST_LENGTH
from pzdecl.engine.training.model import Fit, Job
from pzdecl.engine.training.popularity import by_popularity
from pzdecl.engine.training.protocol import catalogue

TRAINING_SHARE = 0.9
"""The oldest nine tenths of all events are trained on, the newest test; one interval at least."""
MOST_INTERVALS = 1000
"""Intervals of the test time that are looked at: the first ones."""


class Trending:
    """What is popular, and the rest is counted when it is asked for."""

    def __init__(self, data: Interactions, interval: int) -> None:
        self.popular = by_popularity(data)
        self.interval = interval

    def rank(self, data: Interactions, now: int) -> NDArray[np.int32]:
        """int32[N]: all items by what rises at `now`."""
        return ranking(data.items, data.timestamps, now, self.interval, self.popular)

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """Counts over everybody.

        `popular` and `trending` int32[N], all items; `recent_items` int32[m] and `recent_timestamps` int64[m],
        the events that intervals after the training still reach.
        """
        events = data.interactions
        self.popular = by_popularity(events)
        now = int(events.timestamps.max(initial=0))
        recent = events.timestamps > now - 2 * self.interval
        return {
            "popular": self.popular,
            "trending": self.rank(events, now),
            "recent_items": events.items[recent],
            "recent_timestamps": events.timestamps[recent],
        }


def fit_trending(data: TrainingData, job: Job) -> Trending:
    """Counts, in one pass."""
    model = Trending(data.interactions, INTERVALS[str(job.parameters["trend_discovery_frequency"])])
    job.report(Progress("rows", len(data.interactions), len(data.interactions)))
    return model


def measure_trending(fit: Fit, data: TrainingData, job: Job) -> tuple[Trending, dict[str, float]]:
    """Fits to the oldest events and goes through the newest, an interval at a time: do risers go on rising?

    At the end of each interval of the test time 25 items are recommended, from what was known then. They are
    right if the next interval is above the one in which the rise began:

        growth(item)              = interactions of the next interval - those of the interval before last
        trend_prediction_accuracy = growth of the recommended items / that of the 25 items that grew most

    both summed over the intervals, and 0 where what was recommended fell. From the last interval alone growth
    would be no measure: much of a rise is chance, so whatever rose falls back a little, and a list of what fell
    would be best. `coverage` is the share of all items that were recommended at some time.
    """
    events = data.interactions
    order = np.argsort(events.timestamps, kind="stable")
    items, timestamps = events.items[order], events.timestamps[order]
    interval = INTERVALS[str(job.parameters["trend_discovery_frequency"])]
    end = int(timestamps[-1]) + 1
    begin = min(int(timestamps[int(len(timestamps) * TRAINING_SHARE)]), end - interval)
    model: Trending = fit(data.with_interactions(events.select(events.timestamps < begin)), job)
    edges = np.arange(begin, end - interval + 1, interval)[:MOST_INTERVALS]

    def counts(start: int) -> NDArray[np.int64]:
        """Interactions of each item in the interval that begins at `start`."""
        first, last = np.searchsorted(timestamps, (start, start + interval))
        return np.bincount(items[first:last], minlength=len(events.item_ids))

    gained = possible = 0
    recommended = np.zeros(len(events.item_ids), bool)
    for number, edge in enumerate(edges):
        if job.cancelled():
            raise TrainingCancelled
        known = slice(*np.searchsorted(timestamps, (edge - 2 * interval, edge)))
        ranked = ranking(items[known], timestamps[known], int(edge) - 1, interval, model.popular)
        found = ranked[:LIST_LENGTH]
        recommended[found] = True
        growth = counts(int(edge)) - counts(int(edge) - 2 * interval)
        gained += int(growth[found].sum())
        possible += int(np.sort(growth)[-LIST_LENGTH:].clip(0).sum())
        job.report(Progress("intervals", number + 1, len(edges)))
    return model, {
        "coverage": round(int(recommended.sum()) / max(catalogue(data), 1), 4),
        "trend_prediction_accuracy": round(max(gained, 0) / max(possible, 1), 4),
    }
