"""A fitted encoder with its memory: what it recommends, and the tensors that serving needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.blend import best, blended, network_logits, softmax
from pzdecl.engine.serving.objective import FAVOUR
from pzdecl.engine.training.objective import Objective
from pzdecl.engine.training.sequence import blend
from pzdecl.engine.training.sequence.encoder import Encoder
from pzdecl.engine.training.sequence.threads import one_thread

USERS_AT_ONCE = 256
CELLS = 2**24
"""Users x items whose scores exist at one time at most: 64 MiB."""
NEW_USER_POPULARITY = 0.5
"""Where recent events weigh more: the share of what is popular of late in the answer without a history."""


class Sequences:
    """A `Recommender`. `finish` is called with all events to train the last epoch; it returns those it used.

    curve      of each epoch: `epoch`, `loss`, `validation_loss`
    objective  what items earn, where the solution asks for more than relevance
    """

    def __init__(
        self,
        encoder: Encoder,
        gate: NDArray[np.float32],
        fitted: Interactions,
        finish: Callable[[Interactions], Interactions],
        *,
        popular: bool,
        curve: Sequence[Mapping[str, float]] = (),
        objective: Objective | None = None,
    ) -> None:
        self.encoder = encoder
        self.gate = gate
        self.fitted = fitted
        self._finish = finish
        self.curve = curve
        self.objective = objective
        self._popular = popular

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What each user takes up next after the events in `shown`; items they had may be among it."""
        lists = np.full((len(users), count), -1, np.int32)
        start = 0
        for scores in self.scores(shown, users):
            found = best(scores if self.objective is None else scores + self.objective.favour, count)
            lists[start : start + len(scores), : found.shape[1]] = found
            start += len(scores)
        return lists

    def scores(self, shown: Interactions, users: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """float32[B, N] for some users after the others: see `pzdecl.engine.serving.blend`."""
        known = {**tables(self.encoder), **blend.memory(self.fitted), "blend": self.gate}
        at_once = max(1, min(USERS_AT_ONCE, CELLS // len(shown.item_ids)))
        for start in range(0, len(users), at_once):
            some = users[start : start + at_once]
            with one_thread():
                expected = self.encoder.last_expectations(shown, some)
            yield blended(
                known,
                expected,
                [shown.items[shown.offsets[user] : shown.offsets[user + 1]] for user in some],
            )

    @one_thread()
    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """One more epoch over everybody, then the state of every user.

        Returns `items` float32[N, h], `bias` float32[N], `blend` float32[FACTS, COLUMNS]: see
        `pzdecl.engine.serving.blend`; `memory_*`: see `blend.memory`; those of `of_users`; `new_user`
        float32[N]: the answer without a history; and what the encoder needs to carry a state on.
        """
        events = data.interactions
        self.fitted = self._finish(events)
        known = tables(self.encoder)
        return {
            **known,
            **blend.memory(self.fitted),
            "blend": self.gate,
            **of_users(self.encoder, events),
            "new_user": self._new_user(events, known),
            **({FAVOUR: self.objective.favour} if self.objective else {}),
            **self.encoder.tensors(),
        }

    def weights(self) -> dict[str, NDArray[Any]]:
        """What a `Base` holds: the encoder's weights, and the gate."""
        return {**self.encoder.weights(), "blend": self.gate}

    def _new_user(self, data: Interactions, known: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Chances of each item for a user of whom nothing is known."""
        nobody = data.select(np.zeros(len(data), bool))
        first = self.encoder.last_expectations(nobody, np.full(1, -1))  # no one, of whom no features are known
        chances = softmax(network_logits(known, first))[0]
        if self._popular:
            late = np.quantile(data.timestamps, 0.75)
            counts = np.bincount(data.items[data.timestamps >= late], minlength=len(data.item_ids))
            chances += NEW_USER_POPULARITY * (counts / counts.sum() - chances)
        return np.asarray(chances, np.float32)


def of_users(encoder: Encoder, events: Interactions) -> dict[str, NDArray[Any]]:
    """Where each user is after `events`, for serving.

    `history_offsets` int64[U + 1] and `history_items` int32[n]: all that each had, the oldest first; `expected`
    float32[U, h] and what else the encoder has `carried` so far.
    """
    return {
        "history_offsets": events.offsets.astype(np.int64),
        "history_items": events.items.astype(np.int32),
        **encoder.carried(events, np.arange(len(events.user_ids))),
    }


def tables(encoder: Encoder) -> dict[str, NDArray[Any]]:
    """`items` and `bias` as the encoder has them now."""
    with torch.no_grad():
        items, bias = encoder.table()
    return {"items": items.detach().cpu().numpy(), "bias": bias.detach().cpu().numpy()}
