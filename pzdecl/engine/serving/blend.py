"""The score of models of sequences: what the network expects, what usually follows, what was had, in one.

    score(item) = scale * (expected . vector(item) + bias(item))
                + memory * log(1 + N * usual(item | newest items))
                + seen * [the user has had the item]

`expected` is the network's state after the user's newest event. `usual` is a Markov chain over the CONTEXT
newest items: how often an item followed each of them, with weight 1/gap. The three factors are learned (see
`pzdecl.engine.training.sequence.blend`), so where people rarely watch a thing twice, `seen` is far below zero;
where they buy the same again, it is above. Recommended scores are the softmax over all items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONTEXT = 5
"""Newest items that the memory looks at."""


def network_logits(tensors: Mapping[str, NDArray[Any]], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[B, N] of float32[B, h]: what the network alone says."""
    logits: NDArray[np.float32] = expected @ tensors["items"].T + tensors["bias"]
    return logits


def remembered(tensors: Mapping[str, NDArray[Any]], context: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[B, N]: log(1 + N * usual). `context` int32[B, CONTEXT]: the newest first; -1: none."""
    import numpy as np

    offsets, items, shares = (tensors[f"memory_{part}"] for part in ("offsets", "items", "shares"))
    usual = np.zeros((len(context), len(offsets) - 1), np.float32)
    weights = (1.0 / np.arange(1, CONTEXT + 1)).astype(np.float32)
    weights /= weights.sum()
    for row, newest in enumerate(context):
        for item, weight in zip(newest, weights, strict=True):
            if item >= 0:
                part = slice(offsets[item], offsets[item + 1])
                usual[row, items[part]] += weight * shares[part]
    return np.log1p(usual * usual.shape[1])


def blended(
    tensors: Mapping[str, NDArray[Any]],
    expected: NDArray[np.float32],
    context: NDArray[np.int32],
    seen: list[NDArray[np.int32]],
) -> NDArray[np.float32]:
    """float32[B, N]: the score above, for B users at once."""
    scale, memory, penalty = (float(factor) for factor in tensors["blend"])
    scores = scale * network_logits(tensors, expected) + memory * remembered(tensors, context)
    for row, items in enumerate(seen):
        scores[row, items] += penalty
    return scores


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    import numpy as np

    powers = np.exp(scores.astype(np.float64) - scores.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def best(scores: NDArray[Any], count: int) -> NDArray[np.int32]:
    """int32[B, count] or int32[count]: the indices of the highest of float[..., N]; of equals, the first."""
    import numpy as np

    items = scores.shape[-1]
    if not 0 < count < items:
        return np.argsort(-scores, axis=-1, kind="stable")[..., :count].astype(np.int32)
    rows = np.atleast_2d(scores)
    bounds = np.partition(rows, items - count, axis=-1)[:, items - count]
    found = np.empty((len(rows), count), np.int32)
    for place, (row, bound) in enumerate(zip(rows, bounds, strict=True)):
        high = np.flatnonzero(row >= bound)  # few; only equals of the last make them more than `count`
        found[place] = high[np.argsort(-row[high], kind="stable")[:count]]
    return found.reshape(*scores.shape[:-1], count)
