"""What models of sequences answer: aws-hrnn and its relatives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.serving.blend import best, blended, softmax
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SequenceAnswers:
    """Scores are the softmax over all items; where a query ranks a list, over the list."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors

    def answer(self, query: Query) -> Answer:
        """The likeliest items of what is allowed."""
        import numpy as np

        chances = self.chances(query.user)
        if query.among is not None:
            chances = chances[query.among] / max(float(chances[query.among].sum()), 1e-300)
        ranked = chances
        if query.allowed is not None:
            allowed = query.allowed if query.among is None else query.allowed[query.among]
            ranked = np.where(allowed, chances, -1.0)
        places = best(ranked, query.count)
        places = places[ranked[places] >= 0]
        return Answer(places if query.among is None else query.among[places], chances[places])

    def chances(self, user: int | None) -> NDArray[np.float64]:
        """float64[N]: the softmax over all items; for None, what a new user gets."""
        import numpy as np

        t = self.tensors
        if user is None:
            return np.asarray(t["new_user"], np.float64)
        had = t["seen_items"][t["seen_offsets"][user] : t["seen_offsets"][user + 1]]
        one = slice(user, user + 1)
        return np.asarray(softmax(blended(t, t["expected"][one], t["context"][one], [had]))[0])
