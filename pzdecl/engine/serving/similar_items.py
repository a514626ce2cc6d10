"""What aws-similar-items answers: what was counted, filled in by what the items' vectors lead to expect.

    relation(i -> j) = (closeness(i -> j) + PRIOR * expected(j | i)) / (1 + users(j)) ** discount
    expected(j | i)  ~ (1 + users(j)) * exp(leads(i) . follows(j) + ALIKE * data(i) . data(j)),   summing to 1

This is smoothing with a Dirichlet prior (C. Zhai and J. Lafferty, "A study of smoothing methods for language
models", ACM TOIS 22(2), 2004): where much was counted it decides, of items that nobody took up the vectors say
all. How they are made is told in `pzdecl.engine.training.similar_items`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.blend import best
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PRIOR = 20.0
"""What is expected weighs as much as that much closeness: as some five users do."""
ALIKE = 2.0


class SimilarItemsAnswers:
    """Items similar to an item, without scores; popular ones for an item that is not known."""

    needs = "item"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors
        self.discount = float(stored.facts["hyperparameters"]["popularity_discount_factor"])

    def answer(self, query: Query) -> Answer:
        """The most similar of what is allowed."""
        return Answer(similar(self.tensors, query.item, query.count, self.discount, query.allowed))


def similar(
    tensors: Mapping[str, NDArray[Any]],
    item: int | None,
    count: int,
    discount: float,
    allowed: NDArray[np.bool_] | None = None,
) -> NDArray[np.int32]:
    """Up to `count` items, most similar to `item` first; the most popular for None. Never the item itself."""
    import numpy as np

    if item is None:
        popular = tensors["popular"]
        return np.asarray((popular if allowed is None else popular[allowed[popular]])[:count])
    scores = relation(tensors, item, discount)
    out = np.zeros(len(scores), bool) if allowed is None else ~allowed
    out[item] = True
    scores[out] = -np.inf
    return best(scores, min(count, int((~out).sum())))


def relation(tensors: Mapping[str, NDArray[Any]], item: int, discount: float) -> NDArray[np.float32]:
    """float32[N]: `relation(item -> j)` for all items j."""
    import numpy as np

    users = 1.0 + tensors["users"].astype(np.float32)
    data = tensors["data"]
    logits = np.log(users) + tensors["follows"] @ tensors["leads"][item] + ALIKE * (data @ data[item])
    expected = np.exp(logits - logits.max())
    scores = expected * (PRIOR / expected.sum())
    part = slice(tensors["offsets"][item], tensors["offsets"][item + 1])
    scores[tensors["neighbours"][part]] += tensors["closeness"][part]
    return np.asarray(scores / users**discount, np.float32)
