"""What models of sequences answer: aws-hrnn and its relatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pzdecl.engine.serving.blend import CONTEXT, best, blended, softmax
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Reader(Protocol):
    """Carries a user's history on, with the stored tensors of one architecture."""

    def expect(
        self, user: int | None, items: NDArray[np.int32], timestamps: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """float32[h]: what is expected of a user (None: a new one) after further events, the oldest first."""
        ...


class Moment(NamedTuple):
    """A user as the scores see him: what is expected float32[h], newest items int32[CONTEXT], those he had."""

    expected: NDArray[np.float32]
    newest: NDArray[np.int32]
    had: NDArray[np.int32]


class SequenceAnswers:
    """Scores are the softmax over all items; where a query ranks a list, over the list."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors
        self.reader = reader_of(stored.tensors)

    def answer(self, query: Query) -> Answer:
        """The likeliest items of what is allowed."""
        import numpy as np

        chances = self.chances(query)
        if query.among is not None:
            chances = chances[query.among] / max(float(chances[query.among].sum()), 1e-300)
        ranked = chances
        if query.allowed is not None:
            allowed = query.allowed if query.among is None else query.allowed[query.among]
            ranked = np.where(allowed, chances, -1.0)
        places = best(ranked, query.count)
        places = places[ranked[places] >= 0]
        return Answer(places if query.among is None else query.among[places], chances[places])

    def chances(self, query: Query) -> NDArray[np.float64]:
        """float64[N]: the softmax over all items."""
        import numpy as np

        moment = self.moment(query)
        if moment is None:
            return np.asarray(self.tensors["new_user"], np.float64)
        scores = blended(self.tensors, moment.expected[None], moment.newest[None], [moment.had])
        return np.asarray(softmax(scores)[0])

    def moment(self, query: Query) -> Moment | None:
        """Where the user is now, with what he did since the training; None for one of whom nothing is known."""
        import numpy as np

        t, user = self.tensors, query.user
        events = [event for event in query.events if event.item >= 0]
        if user is None and not events:
            return None
        newest, had = np.full(CONTEXT, -1, np.int32), np.zeros(0, np.int32)
        if user is not None:
            newest = t["context"][user]
            had = t["seen_items"][t["seen_offsets"][user] : t["seen_offsets"][user + 1]]
            if not events:
                return Moment(t["expected"][user], newest, had)
        items = np.array([event.item for event in events], np.int32)
        times = np.array([event.timestamp for event in events], np.int64)
        expected = self.reader.expect(user, items, times)
        newest = np.concatenate((items[::-1], newest))[:CONTEXT]
        return Moment(expected, newest, np.union1d(had, items))


def reader_of(tensors: Mapping[str, NDArray[Any]]) -> Reader:
    """The reader for the architecture whose tensors these are."""
    from pzdecl.engine.serving.recurrent import RecurrentReader
    from pzdecl.engine.serving.transformer import TransformerReader

    if "attention_shape" in tensors:
        return TransformerReader(tensors)
    return RecurrentReader(tensors)
