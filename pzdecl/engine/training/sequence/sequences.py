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
from pzdecl.engine.training.sequence import blend
from pzdecl.engine.training.sequence.encoder import Encoder

USERS_AT_ONCE = 256
NEW_USER_POPULARITY = 0.5
"""Where recent events weigh more: the share of what is popular of late in the answer without a history."""


class Sequences:
    """A `Recommender`. `finish` is called with all events to train the last epoch; it returns those it used.

    curve  of each epoch: `epoch`, `loss`, `validation_loss`
    """

    def __init__(
        self,
        encoder: Encoder,
        factors: NDArray[np.float32],
        fitted: Interactions,
        finish: Callable[[Interactions], Interactions],
        *,
        popular: bool,
        curve: Sequence[Mapping[str, float]] = (),
    ) -> None:
        self.encoder = encoder
        self.factors = factors
        self.fitted = fitted
        self._finish = finish
        self.curve = curve
        self._popular = popular

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What each user takes up next after the events in `shown`; items they had may be among it."""
        lists = np.full((len(users), count), -1, np.int32)
        start = 0
        for scores in self.scores(shown, users):
            found = best(scores, count)
            lists[start : start + len(scores), : found.shape[1]] = found
            start += len(scores)
        return lists

    def scores(self, shown: Interactions, users: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
        """float32[B, N] for some users after the others: see `pzdecl.engine.serving.blend`."""
        known = {**tables(self.encoder), **blend.memory(self.fitted), "blend": self.factors}
        for start in range(0, len(users), USERS_AT_ONCE):
            some = users[start : start + USERS_AT_ONCE]
            ends = shown.offsets[some + 1]
            yield blended(
                known,
                self.encoder.last_expectations(shown, some),
                blend.context(shown, ends, some),
                blend.seen(shown, ends, some),
            )

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """One more epoch over everybody, then the state of every user.

        Returns `items` float32[N, h], `bias` float32[N], `blend` float32[3]: see `pzdecl.engine.serving.blend`;
        `memory_*`: see `blend.memory`; `expected` float32[U, h], `context` int32[U, CONTEXT], `seen_offsets`
        int64[U + 1] and `seen_items` int32: one row a user; `new_user` float32[N]: the answer without a
        history; and what the encoder needs to carry a state on.
        """
        events = data.interactions
        self.fitted = self._finish(events)
        users = np.arange(len(events.user_ids))
        had = blend.seen(events, events.offsets[1:], users)
        known = tables(self.encoder)
        return {
            **known,
            **blend.memory(self.fitted),
            "blend": self.factors,
            **self.encoder.carried(events, users),
            "context": blend.context(events, events.offsets[1:], users),
            "seen_offsets": np.concatenate(([0], np.cumsum([len(items) for items in had]))).astype(np.int64),
            "seen_items": np.concatenate([np.zeros(0, np.int32), *had]).astype(np.int32),
            "new_user": self._new_user(events, known),
            **self.encoder.tensors(),
        }

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


def tables(encoder: Encoder) -> dict[str, NDArray[Any]]:
    """`items` and `bias` as the encoder has them now."""
    with torch.no_grad():
        items, bias = encoder.table()
    return {"items": items.detach().numpy(), "bias": bias.detach().numpy()}
