"""What models of sequences answer: aws-hrnn and its relatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pzdecl.engine.serving.blend import CONTEXT, best, blended, softmax
from pzdecl.engine.serving.explore import Novelty, explore, ignored_by
from pzdecl.engine.serving.features import Features
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


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
    """A user as the scores see him: what is expected float32[h], newest items int32[CONTEXT], those he had."""

    expected: NDArray[np.float32]
    newest: NDArray[np.int32]
    had: NDArray[np.int32]


class SequenceAnswers:
    """Scores are the softmax over all items; where a query ranks a list, over the list."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors
        self.features = Features(stored.tensors)
        self.reader = reader_of(stored.tensors)

    def answer(self, query: Query) -> Answer:
        """The likeliest items of what is allowed."""
        import numpy as np

        moment = self.moment(query)
        shift = self.features.context(query.context)
        if moment is None and query.user is not None:
            shift = shift + self.features.known_user(query.user)
        chances = self.chances(moment, shift)
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
            able[moment.had] = False
        scores = np.log(np.maximum(chances, 1e-300))
        ignored = ignored_by(query.events, len(chances))
        return explore(relevant, scores, able, Novelty.of(self.tensors), query.explore, ignored)

    def chances(self, moment: Moment | None, shift: NDArray[np.float32]) -> NDArray[np.float64]:
        """float64[N]: the softmax over all items; for None, what a new user gets.

        `shift` float32[h] is what the features of the request add to what is expected.
        """
        import numpy as np

        t = self.tensors
        if moment is None:
            chances = t["new_user"] * np.exp(t["items"] @ shift, dtype=np.float64)
            return np.asarray(chances / chances.sum() if shift.any() else t["new_user"], np.float64)
        expected = moment.expected + shift
        return np.asarray(softmax(blended(t, expected[None], moment.newest[None], [moment.had]))[0])

    def moment(self, query: Query) -> Moment | None:
        """Where the user is now, with what he did since the training; None for one without events."""
        import numpy as np

        t, user = self.tensors, query.user
        events = [event for event in query.events if event.item >= 0]
        newest, had = np.full(CONTEXT, -1, np.int32), np.zeros(0, np.int32)
        if user is not None:
            newest = t["context"][user]
            had = t["seen_items"][t["seen_offsets"][user] : t["seen_offsets"][user + 1]]
        if not events:
            return Moment(t["expected"][user], newest, had) if len(had) else None
        items = np.array([event.item for event in events], np.int32)
        times = np.array([event.timestamp for event in events], np.int64)
        given = np.stack([self.features.event(event.columns) for event in events])
        newest = np.concatenate((items[::-1], newest))[:CONTEXT]
        return Moment(self.reader.expect(user, items, times, given), newest, np.union1d(had, items))


def reader_of(tensors: Mapping[str, NDArray[Any]]) -> Reader:
    """The reader for the architecture whose tensors these are."""
    from pzdecl.engine.serving.recurrent import RecurrentReader
    from pzdecl.engine.serving.transformer import TransformerReader

    return TransformerReader(tensors) if "attention_shape" in tensors else RecurrentReader(tensors)
