"""What models of sequences answer: aws-hrnn and its relatives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pzdecl.engine.serving.blend import best, blended, dense_memory, log_total
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
        scored: Iterator[NDArray[Any]] = iter(())
        if known:
            tensors = self.tensors if len(known) < MANY else {**self.tensors, **self.dense}
            expected = np.stack([moment.expected + shift for moment, shift in known])
            scored = iter(blended(tensors, expected, [moment.history for moment, _ in known]))
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

    def _best(self, query: Query, moment: Moment | None, scores: NDArray[Any]) -> Answer:
        """The answer from float[N], whose softmax is the chances of all items.

        What N numbers are needed for is kept short: of a large catalogue each of their passes costs.
        """
        import numpy as np

        scores = favoured(self.tensors, scores)
        allowed = query.allowed
        if query.among is not None:
            scores = scores[query.among]
            allowed = None if allowed is None else allowed[query.among]
        total = log_total(scores)
        if allowed is None:
            places = best(scores, query.count)
        else:
            passing = np.flatnonzero(allowed).astype(np.int32)
            places = passing[best(scores[passing], query.count)]
        chances = np.exp(scores[places].astype(np.float64) - total)
        if query.among is not None:
            return Answer(query.among[places], chances)
        relevant = Answer(places, chances)
        if query.explore is None:
            return relevant
        able = np.ones(len(scores), bool) if allowed is None else allowed.copy()
        if moment is not None:
            able[moment.history] = False
        ignored = ignored_by(query.events, len(scores))
        logs = np.subtract(scores, total, dtype=np.float64)
        return explore(relevant, logs, able, Novelty.of(self.tensors), query.explore, ignored)

    def new_user(self, shift: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[N], whose softmax is the chances of all items for somebody without a history."""
        return self._nobody + self.tensors["items"] @ shift if shift.any() else self._nobody

    @cached_property
    def _nobody(self) -> NDArray[np.float64]:
        """float64[N]: the logarithms of the chances for a user of whom nothing is known."""
        import numpy as np

        return np.asarray(np.log(np.maximum(self.tensors["new_user"], 1e-300, dtype=np.float64)))

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
