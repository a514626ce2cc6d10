"""What aws-sims answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class SimsAnswers:
    """Items related to an item, without scores; popular ones for an item that is not known."""

    needs = "item"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors

    def answer(self, query: Query) -> Answer:
        """The most related of what is allowed; popular items fill up."""
        if query.allowed is None:
            return Answer(related(self.tensors, query.item, query.count))
        ranking = related(self.tensors, query.item, len(self.tensors["popular"]))
        return Answer(ranking[query.allowed[ranking]][: query.count])


def related(tensors: Mapping[str, NDArray[Any]], item: int | None, count: int) -> NDArray[np.int32]:
    """Up to `count` items related to `item`; popular items fill up, and are all there is for an unknown one."""
    import numpy as np

    popular = tensors["popular"]
    if item is None:
        return np.asarray(popular[:count])
    offsets = tensors["offsets"]
    found = tensors["neighbours"][offsets[item] : offsets[item + 1]][:count]
    if len(found) < count:
        rest = popular[: count + len(found) + 1]
        rest = rest[~np.isin(rest, found) & (rest != item)]
        found = np.concatenate((found, rest))[:count]
    return np.asarray(found)
