"""What models of sequences answer: aws-hrnn and its relatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pzdecl.engine.serving.blend import best, blended, dense_memory, softmax
from pzdecl.engine.serving.explore import Novelty, explore, ignored_by
from pzdecl.engine.serving.features import Features
from pzdecl.engine.serving.objective import favoured
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MANY = 64
"""Users that are worth the full table of the memory."""


class Reader(Protocol):
    """Carries a user's history on, with the stored tensors of one architecture."""

    def expect(
        self,
        user: int | None,
        items: NDArray[np.int32],
        timestamps: NDArray[np.int64],
        given: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """float32[h]: what is expected of a user (None: a new one) after further events, the oldest first.

        `given` float32[n, h] is what the events' own features add to the vectors of their items.
        """
        ...


class Moment(NamedTuple):
    """A user as the scores see him: what is expected float32[h], what he had int32[n], the oldest first."""

    expected: NDArray[np.float32]
    history: NDArray[np.int32]


class SequenceAnswers:
    """Scores are the softmax over all items; where a query ranks a list, over the list."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors
        self.features = Features(stored.tensors)
        self.reader = reader_of(stored.tensors)

    def answer(self, query: Query) -> Answer:
        """The likeliest items of what is allowed."""
        return self.answer_many([query])[0]

    def answer_many(self, queries: Sequence[Query]) -> list[Answer]:
        """The likeliest items for each query; all users are scored together."""
        import numpy as np

        moments = [self.moment(query) for query in queries]
        shifts = [self._shift(query, moment) for query, moment in zip(queries, moments, strict=True)]
        known = [(moment, shift) for moment, shift in zip(moments, shifts, strict=True) if moment is not None]
        scored: Iterator[NDArray[np.float64]] = iter(())
        if known:
            tensors = self.tensors if len(known) < MANY else {**self.tensors, **self.dense}
            expected = np.stack([moment.expected + shift for moment, shift in known])
            scored = iter(softmax(blended(tensors, expected, [moment.history for moment, _ in known])))
        return [
            self._best(query, moment, self.new_user(shift) if moment is None else next(scored))
            for query, moment, shift in zip(queries, moments, shifts, strict=True)
        ]

    @cached_property
    def dense(self) -> dict[str, NDArray[np.float32]]:
        """The memory as a full table, where it is small: looked up quicker, worth making for many answers."""
        return dense_memory(self.tensors)

    def _shift(self, query: Query, moment: Moment | None) -> NDArray[np.float32]:
        """float32[h]: what the features of the request add to what is expected."""
        shift = self.features.context(query.context)
        if moment is None and query.user is not None:
            shift = shift + self.features.known_user(query.user)
        return shift

    def _best(self, query: Query, moment: Moment | None, chances: NDArray[np.float64]) -> Answer:
        """The answer from float64[N], the softmax over all items."""
        import numpy as np

        chances = favoured(self.tensors, chances)
        if query.among is not None:
            chances = chances[query.among] / max(float(chances[query.among].sum()), 1e-300)
        ranked = chances
        if query.allowed is not None:
            allowed = query.allowed if query.among is None else query.allowed[query.among]
            ranked = np.where(allowed, chances, -1.0)
        places = best(ranked, query.count)
        places = places[ranked[places] >= 0]
        if query.among is not None:
            return Answer(query.among[places], chances[places])
        relevant = Answer(places, chances[places])
        if query.explore is None:
            return relevant
        able = np.ones(len(chances), bool) if query.allowed is None else query.allowed.copy()
        if moment is not None:
            able[moment.history] = False
        scores = np.log(np.maximum(chances, 1e-300))
        ignored = ignored_by(query.events, len(chances))
        return explore(relevant, scores, able, Novelty.of(self.tensors), query.explore, ignored)

    def new_user(self, shift: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[N]: the softmax over all items for somebody without a history."""
        import numpy as np

        t = self.tensors
        if not shift.any():
            return np.asarray(t["new_user"], np.float64)
        chances = t["new_user"] * np.exp(t["items"] @ shift, dtype=np.float64)
        return np.asarray(chances / chances.sum())

    def moment(self, query: Query) -> Moment | None:
        """Where the user is now, with what he did since the training; None for one without events."""
        import numpy as np

        t, user = self.tensors, query.user
        events = [event for event in query.events if event.item >= 0]
        history = np.zeros(0, np.int32)
        if user is not None:
            history = t["history_items"][t["history_offsets"][user] : t["history_offsets"][user + 1]]
        if not events:
            return Moment(t["expected"][user], history) if len(history) else None
        items = np.array([event.item for event in events], np.int32)
        times = np.array([event.timestamp for event in events], np.int64)
        given = np.stack([self.features.event(event.columns) for event in events])
        return Moment(self.reader.expect(user, items, times, given), np.concatenate((history, items)))


def reader_of(tensors: Mapping[str, NDArray[Any]]) -> Reader:
    """The reader for the architecture whose tensors these are."""
    from pzdecl.engine.serving.recurrent import RecurrentReader
    from pzdecl.engine.serving.transformer import TransformerReader

    return TransformerReader(tensors) if "attention_shape" in tensors else RecurrentReader(tensors)
