"""What aws-popularity-count answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class PopularityAnswers:
    """The same items for everybody, most popular first, without scores."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.popular: NDArray[np.int32] = stored.tensors["popular"]

    def answer(self, query: Query) -> Answer:
        """The most popular of what is allowed."""
        return Answer(best_of(self.popular, query))


def best_of(ranking: NDArray[np.int32], query: Query) -> NDArray[np.int32]:
    """The first `query.count` items of a ranking of all that the query lets through."""
    import numpy as np

    if query.among is not None:
        places = np.empty(len(ranking), np.int64)
        places[ranking] = np.arange(len(ranking))
        ranking = query.among[np.argsort(places[query.among], kind="stable")]
    if query.allowed is not None:
        size = 8 * max(query.count, 1)
        while True:  # the first ones are mostly enough; the rest isn't looked at
            first = ranking[:size]
            first = first[query.allowed[first]]
            if len(first) >= query.count or size >= len(ranking):
                ranking = first
                break
            size *= 8
    return np.asarray(ranking[: query.count])
