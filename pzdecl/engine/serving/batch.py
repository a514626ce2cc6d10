"""Answers for many users (or items) at once: whole blocks go through the network's matrices together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pzdecl.engine.serving.query import Answer, Answerer, Query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.serving.served import ServedModel

CELLS = 1 << 20
"""Queries x items that are scored at one time: the scores of some megabytes."""

MOST = 512
"""Queries at one time, however few items there are."""


@runtime_checkable
class ManyAnswerer(Protocol):
    """What an answerer has that scores several queries faster together than one by one."""

    def answer_many(self, queries: Sequence[Query]) -> list[Answer]:
        """The answers in the order of the queries, each as `answer` gives it (up to rounding)."""
        ...


def recommend_all(
    model: ServedModel, ids: Iterable[str], count: int = 25, allowed: NDArray[np.bool_] | None = None
) -> Iterator[tuple[str, Answer]]:
    """Each id with its best items, in order; a block is worked on when it is asked for.

    ids      users; for recipes that are asked with an item: items. Unknown ones get what new users get
    allowed  bool[N]: items that a filter lets through; None lets all

    `model.listed(answer)` gives ids and scores.
    """
    of_items = model.answers.needs == "item"
    codes = model.item_ids if of_items else model.user_ids
    rest = iter(ids)
    size = min(max(CELLS // max(len(model.item_ids), 1), 1), MOST)
    while block := list(islice(rest, size)):
        found = [codes.find(one) for one in block]
        queries = [
            Query(
                user=None if of_items else code, item=code if of_items else None, count=count, allowed=allowed
            )
            for code in found
        ]
        yield from zip(block, answers(model.answers, queries), strict=True)


def answers(answerer: Answerer, queries: Sequence[Query]) -> list[Answer]:
    """All answers, together where the answerer can."""
    if isinstance(answerer, ManyAnswerer):
        return answerer.answer_many(queries)
    return [answerer.answer(query) for query in queries]
