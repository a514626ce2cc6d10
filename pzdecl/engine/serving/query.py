"""What a model is asked, and what it answers: the seam between `ServedModel` and the recipes' answerers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.serving.files import Ids
    from pzdecl.engine.serving.update import MoreIds


class Event(NamedTuple):
    """Something a user did after the training. `item` is its code, or -1 for an item that is new since.

    `impressions` are the codes of what was shown when it happened.
    """

    item: int
    timestamp: int
    columns: Mapping[str, str] = {}
    impressions: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Exploration:
    """A campaign's `itemExplorationConfig`.

    weight   0 for pure relevance, 1 for the most exploration
    cut_off  days before the newest event in the data; older items are not explored
    seed     everything random of one answer follows from it
    """

    weight: float = 0.3
    cut_off: float = 30.0
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Query:
    """One request, in the codes of the model.

    user, item    codes; None where the id was not given or is not known
    count         how many items at most
    among         int32 codes: only these are ranked (GetPersonalizedRanking)
    allowed       bool[N]: items that filters let through; None lets all
    context       values by the names of Interactions columns
    events        what the user did after the training, the oldest first
    explore       None: pure relevance
    """

    user: int | None = None
    item: int | None = None
    count: int = 25
    among: NDArray[np.int32] | None = None
    allowed: NDArray[np.bool_] | None = None
    context: Mapping[str, str] = field(default_factory=dict)
    events: tuple[Event, ...] = ()
    explore: Exploration | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Items, best first.

    scores        float64[k], or None for recipes that give none
    propensities  float64[k]: the chance of each item to be in this list, where exploration had a say; or None
    explored      bool[k]: which items are there by exploration, or None
    """

    items: NDArray[np.int32]
    scores: NDArray[np.float64] | None = None
    propensities: NDArray[np.float64] | None = None
    explored: NDArray[np.bool_] | None = None


class Stored(NamedTuple):
    """A model's files: facts, mapped tensors, and its ids."""

    facts: Mapping[str, Any]
    tensors: Mapping[str, NDArray[Any]]
    user_ids: Ids
    item_ids: Ids | MoreIds


class Answerer(Protocol):
    """Answers from a model's files; several threads may ask it at once, so nothing in it changes.

    `needs` is the id without which a question is refused: "user", "item", or "" where none is needed.
    """

    needs: str

    def __init__(self, stored: Stored) -> None: ...

    def answer(self, query: Query) -> Answer:
        """The best items for the query."""
        ...
