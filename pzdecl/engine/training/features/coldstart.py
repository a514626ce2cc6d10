"""Fits aws-hrnn-coldstart: aws-hrnn-metadata over the whole catalogue, answering with its cold items.

An item is cold when few have met it and it is young. Its age counts from CREATION_TIMESTAMP, else from its
oldest interaction, else from the newest interaction of all: of what is in the catalogue alone and has no date,
nothing says that it is not new.

Whom a new item suits is a matter of lasting taste more than of the moment: no history says what it comes after.
So what is expected of a user is, for the most part, the mean of all that was expected along the history.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.blend import best
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.features.hrnn import FeaturedNetwork, build
from pzdecl.engine.training.hrnn.fit import settings
from pzdecl.engine.training.model import Fit, Job, Recommender
from pzdecl.engine.training.novelty import births
from pzdecl.engine.training.protocol import measure_recommendations
from pzdecl.engine.training.sequence.fit import fit_sequences
from pzdecl.engine.training.sequence.sequences import Sequences

COLD = (100, 80_000)
"""How many cold items a training takes: the service's limits."""
DAY = 24 * 60 * 60
Clock = Callable[[], float]
"""Seconds since 1970."""
MOMENT = 0.2
"""Weight of what is expected now beside the mean along the history."""


class LastingNetwork(FeaturedNetwork):
    """What it expects of a user at the end of a history is for the most part what it expected all along."""

    def last_expectations(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Without contexts. Of those without events, what is expected of a new user."""
        asked = np.zeros(len(data.user_ids), bool)
        asked[users] = True
        theirs = data.of_users(asked)
        expected, rows = self.untold_expectations(theirs)
        total = np.zeros((len(asked), expected.shape[1]), np.float32)
        np.add.at(total, theirs.users[rows], expected)
        now = super().last_expectations(theirs, users)
        mean = total[users] / np.maximum(theirs.lengths[users], 1)[:, None]
        moment = np.where(theirs.lengths[users] > 0, MOMENT, 1)[:, None].astype(np.float32)
        return np.asarray(mean * (1 - moment) + now * moment, np.float32)


class ColdStart:
    """A `Recommender` of the items that `cold_of` finds cold."""

    def __init__(
        self, model: Sequences, fitted: TrainingData, cold_of: Callable[[TrainingData], NDArray[np.bool_]]
    ) -> None:
        self.model = model
        self.cold = np.flatnonzero(cold_of(fitted)).astype(np.int32)
        self._cold_of = cold_of

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """Of each epoch: `epoch`, `loss`, `validation_loss`."""
        return self.model.curve

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """The cold items that suit each user best after the events in `shown`."""
        found = [best(scores[:, self.cold], count) for scores in self.scores(shown, users)]
        lists = np.full((len(users), count), -1, np.int32)
        if found:
            places = np.concatenate(found)
            lists[:, : places.shape[1]] = self.cold[places]
        return lists

    def scores(self, shown: Interactions, users: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """float32[B, N] of all items: see `Sequences.scores`."""
        return self.model.scores(shown, users)

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """As `Sequences.finish`, and `cold` int32: the codes of the items that are recommended."""
        self.cold = np.flatnonzero(self._cold_of(data)).astype(np.int32)
        return {**self.model.finish(data), "cold": self.cold}

    def weights(self) -> dict[str, NDArray[Any]]:
        """What an update goes on from."""
        return self.model.weights()


def fit_coldstart(data: TrainingData, job: Job, clock: Clock = time.time) -> ColdStart:
    """Trains with the recipe's hyperparameters, or goes on from an earlier training."""
    if job.base is not None:  # nobody measures an update, so nobody else has checked
        check_cold(data, job.parameters, clock())
    model = fit_sequences(partial(build, kind=LastingNetwork), data, job, settings(job))
    return ColdStart(model, data, lambda known: cold_items(known, job.parameters, clock()))


def measure_coldstart(
    fit: Fit, data: TrainingData, job: Job, clock: Clock = time.time
) -> tuple[Recommender, dict[str, float]]:
    """As other recommendations are measured, once it is certain that there is something cold to recommend.

    Few of a test user's newest events are with items that hardly anybody met, so the metrics are near zero, as
    they are in the service: they say nothing of how well cold items are recommended.
    """
    check_cold(data, job.parameters, clock())
    return measure_recommendations(fit, data, job)


def check_cold(data: TrainingData, parameters: Mapping[str, Any], now: float) -> None:
    """Raises TrainingFailed without an Items dataset, or with too few or too many cold items."""
    if data.items is None:
        raise TrainingFailed(
            "aws-hrnn-coldstart needs an Items dataset: import one into the dataset group, or use aws-hrnn."
        )
    count = int(cold_items(data, parameters, now).sum())
    if not COLD[0] <= count <= COLD[1]:
        limit, days = parameters["cold_start_max_interactions"], parameters["cold_start_max_duration"]
        more, how = ("few", "Raise") if count < COLD[0] else ("many", "Lower")
        raise TrainingFailed(
            f"Too {more} cold items: {count:,} have fewer than {limit:,} interactions and are younger than "
            f"{days:g} days relative to {parameters['cold_start_relative_from']}; expected {COLD[0]:,} to "
            f"{COLD[1]:,}. {how} cold_start_max_interactions or cold_start_max_duration, or use "
            "aws-hrnn-metadata."
        )


def cold_items(data: TrainingData, parameters: Mapping[str, Any], now: float) -> NDArray[np.bool_]:
    """bool[N]: which items are cold by the recipe's three parameters; `now` in seconds."""
    events = data.interactions
    counts = np.bincount(events.items, minlength=len(events.item_ids))
    born = births(data)
    newest = now if parameters["cold_start_relative_from"] == "currentTime" else born.max(initial=0)
    young = newest - born < float(parameters["cold_start_max_duration"]) * DAY
    return np.asarray((counts < int(parameters["cold_start_max_interactions"])) & young)
