"""The score of models of sequences: what the network expects, what usually follows, what was had, in one.

Each item has FEATURES: what the network says of it (expected . vector + bias), what the memory says (the log of
N times its chance), and, where the user had it before, a one, the log of how long ago and the log of how often.
Each moment has FACTS: a one, how long the history is, and how much the memory knows of the newest items. The
score is bilinear in both,

    score(item) = sum over facts f and features g of  fact_f * blend[f, g] * feature_g(item),

so the facts decide how far each feature is trusted: a gate, whose 15 numbers are learned (see
`pzdecl.engine.training.sequence.blend`). Facts beyond what they were learned from count as its bounds. Where
people rarely watch a thing twice, having had it counts far below zero; where they buy the same again, it counts
the more the newer and the more frequent it was.

The memory is a Markov chain over the CONTEXT newest items: how often an item was next to each of them, with
weight 1/gap. Recommended scores are the softmax over all items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CONTEXT = 10
"""Newest items that the memory looks at."""
DENSE = "memory_table"
DENSE_MOST = 8192
"""Items up to which the memory may be made a full table (256 MiB)."""
BLOCK = 16_384
"""Numbers of a long row that are worked on at a time, so that what comes between stays in the cache."""
MANY = 16
"""Remembered items of which one in so many of all are counted in a table of all."""
FEATURES = ("network", "memory", "had", "age", "times")
FACTS = ("one", "length", "known")
COLUMNS = (*FEATURES, "least", "most")
"""Of `blend` float32[FACTS, COLUMNS]: the gate, and the bounds of each fact."""


class Had(NamedTuple):
    """The k distinct items of a history, and of each the logs of 1 + its age in events and of its count."""

    items: NDArray[np.int32]
    age: NDArray[np.float32]
    times: NDArray[np.float32]


def network_logits(tensors: Mapping[str, NDArray[Any]], expected: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[B, N] of float32[B, h]: what the network alone says."""
    import numpy as np

    if len(expected) == 1:
        # No BLAS for one user: its threads wait for each other where many requests come at once, and of a large
        # table it is the slower, since memory is what is waited for.
        logits: NDArray[np.float32] = np.einsum("nh,h->n", tensors["items"], expected[0])[None]
    else:
        logits = expected @ tensors["items"].T
    logits += tensors["bias"]
    return logits


def newest(history: NDArray[np.int32]) -> NDArray[np.int32]:
    """int32[up to CONTEXT]: the newest items of a history (the oldest first), the newest first."""
    return history[-CONTEXT:][::-1]


@cache
def gap_weights() -> NDArray[np.float32]:
    """float32[CONTEXT], summing to one: how much the newest item counts, the one before it, ..."""
    import numpy as np

    weights = 1.0 / np.arange(1, CONTEXT + 1)
    return np.asarray(weights / weights.sum(), np.float32)


def remembered(tensors: Mapping[str, NDArray[Any]], history: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[N]: log(1 + N * chance) of each item to follow the newest of a history."""
    import numpy as np

    last, weights = newest(history), gap_weights()
    if DENSE in tensors:
        usual = weights[: len(last)] @ tensors[DENSE][last]
        return np.asarray(np.log1p(usual * np.float32(len(usual))))
    offsets, items, shares = (tensors[f"memory_{part}"] for part in ("offsets", "items", "shares"))
    usual = np.zeros(len(offsets) - 1, np.float32)
    for item, weight in zip(last, weights, strict=False):
        part = slice(offsets[item], offsets[item + 1])
        usual[items[part]] += weight * shares[part]
    return np.log1p(usual * np.float32(len(usual)), out=usual)


def _add_remembered(
    row: NDArray[np.float32],
    trusted: np.float32,
    tensors: Mapping[str, NDArray[Any]],
    history: NDArray[np.int32],
) -> None:
    """The same as `row += trusted * remembered(tensors, history)`, touching only items that are remembered."""
    import numpy as np

    last = newest(history)
    if not len(last):
        return
    offsets, items, shares = (tensors[f"memory_{part}"] for part in ("offsets", "items", "shares"))
    parts = [slice(offsets[item], offsets[item + 1]) for item in last]
    met = places = np.concatenate([items[part] for part in parts])
    weighed = np.concatenate(
        [shares[part] * weight for part, weight in zip(parts, gap_weights(), strict=False)]
    )
    if len(met) >= len(row):  # of few items the same ones are met again and again
        usual = np.bincount(met, weighed, len(row))
        row += trusted * np.log1p(usual * len(row)).astype(np.float32)
        return
    many = len(met) * MANY > len(row)
    if not many:
        met, places = np.unique(met, return_inverse=True)
    usual = np.bincount(places, weighed)
    # Among many, an item that is met twice is written twice, with the same value.
    row[met] += trusted * np.log1p((usual[met] if many else usual) * len(row)).astype(np.float32)


def dense_memory(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[np.float32]]:
    """The memory as one tensor more, float32[N, N], for scoring many; none of it where that would be large."""
    import numpy as np

    offsets, items, shares = (tensors[f"memory_{part}"] for part in ("offsets", "items", "shares"))
    count = len(offsets) - 1
    if count > DENSE_MOST:
        return {}
    table = np.zeros((count, count), np.float32)
    table[np.repeat(np.arange(count), np.diff(offsets)), items] = shares
    return {DENSE: table}


def had_before(history: NDArray[np.int32]) -> Had:
    """What a history says of the items in it."""
    import numpy as np

    items, last, times = np.unique(history[::-1], return_index=True, return_counts=True)
    return Had(items, np.log1p(last).astype(np.float32), np.log(times).astype(np.float32))


def facts(tensors: Mapping[str, NDArray[Any]], history: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[FACTS] of a moment."""
    import numpy as np

    mass = np.log1p(tensors["memory_mass"][newest(history)])
    return np.array([1, np.log1p(len(history)), mass @ gap_weights()[: len(mass)]], np.float32)


def trust(blend: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """float32[FEATURES]: how far each feature is trusted where these are the facts."""
    least, most = blend[:, -2], blend[:, -1]
    trusted: NDArray[np.float32] = known.clip(least, most) @ blend[:, : len(FEATURES)]
    return trusted


def blended(
    tensors: Mapping[str, NDArray[Any]],
    expected: NDArray[np.float32],
    histories: Sequence[NDArray[np.int32]],
) -> NDArray[np.float32]:
    """float32[B, N]: the score above, for B users at once. `expected` float32[B, h], histories oldest first."""
    scores = network_logits(tensors, expected)
    for place, history in enumerate(histories):
        row = scores[place]
        network, memory, *having = trust(tensors["blend"], facts(tensors, history))
        row *= network
        if DENSE in tensors:
            row += memory * remembered(tensors, history)
        else:
            _add_remembered(row, memory, tensors, history)
        had = had_before(history)
        row[had.items] += having[0] + having[1] * had.age + having[2] * had.times
    return scores


def softmax(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities over the last axis."""
    import numpy as np

    powers = np.exp(scores.astype(np.float64) - scores.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True))


def log_total(scores: NDArray[Any]) -> float:
    """The logarithm of the sum of exp(scores) over float[N]: what a score's chance is counted from.

    exp(score - log_total) is `softmax`, to the last digits, without a table of N chances.
    """
    import numpy as np

    top = float(scores.max())
    total = 0.0
    for start in range(0, len(scores), BLOCK):
        part = np.subtract(scores[start : start + BLOCK], top, dtype=np.float64)
        total += float(np.exp(part, out=part).sum())
    return top + float(np.log(total))


def best(scores: NDArray[Any], count: int) -> NDArray[np.int32]:
    """int32[B, count] or int32[count]: the indices of the highest of float[..., N]; of equals, the first."""
    import numpy as np

    items = scores.shape[-1]
    if not 0 < count < items:
        return np.argsort(-scores, axis=-1, kind="stable")[..., :count].astype(np.int32)
    rows = np.atleast_2d(scores)
    found = np.empty((len(rows), count), np.int32)
    for place, row in enumerate(rows):
        likely = np.flatnonzero(row >= _bound(row, count))
        values = row[likely]
        last = np.partition(values, len(values) - count)[len(values) - count]
        higher, equal = likely[values > last], likely[values == last]
        ordered = higher[np.argsort(-row[higher], kind="stable")]
        found[place] = np.concatenate((ordered, equal[: count - len(ordered)]))
    return found.reshape(*scores.shape[:-1], count)


def _bound(row: NDArray[Any], count: int) -> Any:
    """A value that at least `count` of a row reach, and few more; of a long row from its parts' highest."""
    import numpy as np

    size = len(row) // (4 * count)
    if size < 8:
        return np.partition(row, len(row) - count)[len(row) - count]
    highest = row[: len(row) // size * size].reshape(-1, size).max(1)
    return np.partition(highest, len(highest) - count)[len(highest) - count]
