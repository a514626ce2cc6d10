"""Fits user segmentation: a sequence model, and the factors that make its users comparable.

The sequence model, that of aws-hrnn-metadata, says what each user is likely to take up next. For one item that
is not yet an order of the users: some do ten times as much as others, and what a user does over weeks is less
sharp than what comes next. So the score of a user is a weighted sum of what the network says, how related the
item is to what the user had, and how much the user does (`pzdecl.engine.serving.segments`). The weights are
fitted on the users who validated the network: shown the oldest 80% of their events, whose are the newest 20%?
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.hrnn_metadata import HRNN_METADATA
from pzdecl.engine.serving.blend import best
from pzdecl.engine.serving.segments import had_chance, totals
from pzdecl.engine.training.affinity.factors import fit_factors
from pzdecl.engine.training.affinity.histories import histories
from pzdecl.engine.training.affinity.questions import AttributeQuestions, ItemQuestions, Question, Questions
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.features.hrnn import fit_hrnn_metadata
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence.sequences import Sequences, tables
from pzdecl.engine.training.sequence.threads import one_thread
from pzdecl.engine.training.split import halves, split

CELLS = 2_000_000
"""Users x questions that the factors are fitted on, at most."""
STRONGEST = 12.0
"""Bound of the bias of items that were had, either way."""

Tensors = dict[str, NDArray[Any]]


@dataclass
class Affinity:
    """A fitted model: `data` is what it was fitted to; `seen` and `factors` as `serving.segments` has them."""

    network: Sequences
    asking: Callable[[TrainingData], Questions]
    data: TrainingData
    seen: float = 0.0
    factors: NDArray[np.float32] = field(default_factory=lambda: np.zeros(0, np.float32))

    @property
    def curve(self) -> Sequence[Mapping[str, float]]:
        """The network's."""
        return self.network.curve

    def answers(
        self, newest: Interactions, size: int, most: int
    ) -> tuple[list[str], list[NDArray[np.int32]], NDArray[np.int32]]:
        """For up to `most` of the questions that `newest` answers: their text, who it was, who was found.

        Returns T texts, for each the users (codes), and int32[T, size], the users found, best first.
        """
        events = self.data.interactions
        asking = self.asking(self.data)
        known = {**self.state(events), **asking.tensors(histories(events))}
        asked = sorted(chosen(asking.all(), newest, most), key=lambda question: question.text)
        found = [best(self.factors @ asking.features(known, question), size) for question in asked]
        return (
            [question.text for question in asked],
            [question.takers(newest) for question in asked],
            np.stack(found) if found else np.zeros((0, size), np.int32),
        )

    def finish(self, data: TrainingData) -> Tensors:
        """The network's finishing epoch over everybody, then what `serving.segments` reads, of all users."""
        events = data.interactions
        asking = self.asking(data)
        network = self.network.finish(data)
        had = histories(events)
        return {**self.state(events, network), **asking.tensors(had), "factors": self.factors}

    def state(self, events: Interactions, network: Mapping[str, NDArray[Any]] | None = None) -> Tensors:
        """What the network expects of each user after `events`, what they had, and the items' tables."""
        if network is None:
            encoder, everybody = self.network.encoder, np.arange(len(events.user_ids))
            with one_thread():
                network = {**tables(encoder), "expected": encoder.last_expectations(events, everybody)}
        known = {
            **{name: network[name] for name in ("items", "bias", "expected")},
            **histories(events),
            "seen": np.array([self.seen], np.float32),
        }
        return {**known, "totals": totals(known)}


def fit_item_affinity(data: TrainingData, job: Job) -> Affinity:
    """For aws-item-affinity."""
    return _fit(ItemQuestions, data, job)


def fit_attribute_affinity(data: TrainingData, job: Job) -> Affinity:
    """For aws-item-attribute-affinity. Raises TrainingFailed where times or attributes tell nothing apart."""
    times = data.interactions.timestamps
    if len(times) and times.min() == times.max():
        raise TrainingFailed(
            "All interactions have the same TIMESTAMP: expected times that say which events came later."
        )
    AttributeQuestions(data)
    return _fit(AttributeQuestions, data, job)


def _fit(asking: Callable[[TrainingData], Questions], data: TrainingData, job: Job) -> Affinity:
    width = {"hidden_dimension": job.parameters["hidden_dimension"]}
    everybody = {"max_user_history_length_percentile": 1.0}
    network = replace(job, parameters={**HRNN_METADATA.parameters({}), **everybody, **width})
    model = Affinity(fit_hrnn_metadata(data, network), asking, data)
    _calibrate(model, job)
    return model


def _calibrate(model: Affinity, job: Job) -> None:
    """Fits `seen`, then `factors`, on the users whom the network did not train on."""
    events = model.data.interactions
    users = split(events, job.seed + 1).test_users  # as `fit_sequences` draws them
    validating = np.zeros(len(events.user_ids), bool)
    validating[users] = True
    older, newer = halves(events.of_users(validating))
    asking = model.asking(model.data)
    model.factors = np.array(asking.prior, np.float32)
    asked = chosen(asking.all(), newer, max(1, CELLS // len(users)))
    if not asked:  # none of them has five events, or what they took up has no attributes
        return
    known = model.state(older)
    model.seen = _seen_bias(known, newer)
    known |= {"seen": np.array([model.seen], np.float32)}
    known |= {"totals": totals(known), **asking.tensors(histories(events.of_users(~validating)))}
    features, counts = [], []
    for question in asked:
        if job.cancelled():
            raise TrainingCancelled
        features.append(asking.features(known, question)[:, users])
        counts.append(np.isin(users, question.takers(newer)).astype(np.float32))
    model.factors = fit_factors(np.stack(features, 2), np.stack(counts, 1), model.factors)


def _seen_bias(known: Mapping[str, NDArray[Any]], newer: Interactions) -> float:
    """The bias of items that were had with which their chance is the share of events that repeat one."""
    had = known["had_offsets"]
    users = np.unique(newer.users)
    again = sum(
        int(np.isin(_of(newer, user), known["had_items"][had[user] : had[user + 1]]).sum()) for user in users
    )
    share = (again + 0.5) / (len(newer) + 1.0)
    expected = float(np.average(had_chance(known)[users], weights=newer.lengths[users]))
    bias = _log_odds(share) - _log_odds(expected)
    return float(np.clip(bias, -STRONGEST, STRONGEST))


def _of(events: Interactions, user: int) -> NDArray[np.int32]:
    return events.items[events.offsets[user] : events.offsets[user + 1]]


def _log_odds(share: float) -> float:
    bounded = min(max(share, 1e-9), 1 - 1e-9)
    return float(np.log(bounded / (1 - bounded)))


def chosen(questions: Iterable[Question], events: Interactions, most: int) -> list[Question]:
    """Up to `most` of the questions that somebody answers in `events`; which, a hash of their text decides."""
    active = np.zeros(len(events.item_ids), bool)
    active[events.items] = True
    asked = [question for question in questions if active[question.items].any()]
    return sorted(asked, key=lambda question: zlib.crc32(question.text.encode()))[:most]
