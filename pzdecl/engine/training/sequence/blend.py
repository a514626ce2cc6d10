"""The memory of what usually follows what, and the factors with which it joins the network.

The factors are fitted on validation users, whom neither the network nor the memory has seen, so both are
weighed by what they are worth for new histories. Three factors and a convex loss: Newton's method ends in a few
steps.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.blend import CONTEXT, network_logits, remembered, softmax

MOST_CELLS = 3_000_000
"""Events x items that are looked at when fitting the factors."""
NEWTON_STEPS = 12
RIDGE = 1e-4


def memory(data: Interactions) -> dict[str, NDArray[Any]]:
    """How often each item followed each other within CONTEXT events, weight 1/gap, rows summing to one.

    Returns `memory_offsets` int64[N + 1], `memory_items` int32, `memory_shares` float32 (a sparse matrix by
    rows).
    """
    from scipy import sparse

    count = len(data.item_ids)
    total = sparse.csr_matrix((count, count), dtype=np.float32)
    for gap in range(1, CONTEXT + 1):
        same = data.users[gap:] == data.users[:-gap]
        before, after = data.items[:-gap][same], data.items[gap:][same]
        weight = np.full(len(before), 1.0 / gap, np.float32)
        total = total + sparse.csr_matrix((weight, (before, after)), shape=(count, count))
    mass = np.maximum(np.asarray(total.sum(1)).ravel(), 1e-9)
    shares = total.data / np.repeat(mass, np.diff(total.indptr))
    return {
        "memory_offsets": total.indptr.astype(np.int64),
        "memory_items": total.indices.astype(np.int32),
        "memory_shares": shares.astype(np.float32),
    }


def context(data: Interactions, rows: NDArray[np.int64], users: NDArray[np.int64]) -> NDArray[np.int32]:
    """int32[B, CONTEXT]: the items before each row (of those users), newest first, -1 where there is none."""
    back = rows[:, None] - np.arange(1, CONTEXT + 1)
    known = back >= data.offsets[users][:, None]
    return np.where(known, data.items[np.where(known, back, 0)], -1).astype(np.int32)


def seen(data: Interactions, rows: NDArray[np.int64], users: NDArray[np.int64]) -> list[NDArray[np.int32]]:
    """For each row the distinct items that its user had before it."""
    return [np.unique(data.items[start:row]) for start, row in zip(data.offsets[users], rows, strict=True)]


def fit_blend(
    tensors: dict[str, NDArray[Any]], data: Interactions, rows: NDArray[np.int64], expected: NDArray[np.float32]
) -> NDArray[np.float32]:
    """The factors (scale, memory, seen) that make the validation events `rows` of `data` most likely.

    expected float32[B, h]: what the network expected before each of the rows.
    """
    users = data.users[rows].astype(np.int64)
    had = np.zeros((len(rows), len(data.item_ids)), np.float32)
    for row, items in enumerate(seen(data, rows, users)):
        had[row, items] = 1
    features = (network_logits(tensors, expected), remembered(tensors, context(data, rows, users)), had)
    targets = data.items[rows][:, None]
    reached = np.array([np.take_along_axis(f, targets, 1).mean() for f in features])
    factors = np.array([1.0, 0.0, 0.0])
    best_loss, best_factors = np.inf, factors
    for _ in range(NEWTON_STEPS):
        scores = sum(f * np.float32(factor) for f, factor in zip(features, factors, strict=True))
        chances = softmax(np.asarray(scores))
        loss = -np.log(np.maximum(np.take_along_axis(chances, targets, 1), 1e-30)).mean()
        if not loss < best_loss - 1e-7:
            break
        best_loss, best_factors = loss, factors
        means = np.stack([np.einsum("ij,ij->i", chances, f) for f in features])
        gradient = means.mean(1) - reached + RIDGE * factors
        curvature = np.array([[np.einsum("ij,ij,ij->", chances, f, g) for g in features] for f in features])
        hessian = curvature / len(rows) - means @ means.T / len(rows) + RIDGE * np.eye(3)
        step = np.linalg.solve(hessian, gradient)
        factors = factors - step * min(1.0, 4.0 / max(float(np.abs(step).max()), 1e-9))
    return best_factors.astype(np.float32)
