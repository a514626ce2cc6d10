"""What users had, with recent events counting more, and which items are had by the same users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions

FADE = 0.98
"""By which an event counts less than the one after it."""
NEWEST = 500
"""Distinct items of a user that make pairs: a user with 10,000 would make a hundred million."""
NEIGHBOURS = 1000
"""Related items that are kept of each."""
BLOCK = 1024


def histories(data: Interactions) -> dict[str, NDArray[Any]]:
    """The distinct items of each user, with weights that sum to one.

    Returns `had_offsets` int64[U + 1], `had_items` int32, `had_weights` float32 and `events` float32[U], the
    number of each user's events, at least 1.
    """
    age = data.offsets[data.users + 1] - 1 - np.arange(len(data))
    weights = np.power(FADE, age, dtype=np.float64)
    pairs, which = np.unique(data.users.astype(np.int64) * len(data.item_ids) + data.items, return_inverse=True)
    users, items = np.divmod(pairs, max(len(data.item_ids), 1))
    summed = np.bincount(which, weights, minlength=len(pairs))
    each = np.bincount(users, summed, minlength=len(data.user_ids))
    return {
        "had_offsets": np.searchsorted(users, np.arange(len(data.user_ids) + 1)).astype(np.int64),
        "had_items": items.astype(np.int32),
        "had_weights": (summed / each[users]).astype(np.float32),
        "events": np.maximum(data.lengths, 1).astype(np.float32),
    }


def related(had: Mapping[str, NDArray[Any]], count: int) -> dict[str, NDArray[Any]]:
    """The cosine of the items' sets of users: `related_offsets` int64[N + 1], `related_items`,
    `related_values`.

    An item is not related to itself. Of a user's items the NEWEST with most weight count.
    """
    from scipy import sparse

    users, items = _strongest(had)
    ones = np.ones(len(items), np.float32)
    taken = sparse.csr_matrix((ones, (users, items)), shape=(len(had["had_offsets"]) - 1, count))
    norms = np.sqrt(np.maximum(np.bincount(items, minlength=count), 1)).astype(np.float32)
    scaled = (taken @ sparse.diags(1 / norms)).tocsr()
    across = scaled.T.tocsr()
    offsets, found, values = [0], [], []
    for start in range(0, count, BLOCK):
        block = (across[start : start + BLOCK] @ scaled).tocsr()
        for row in range(block.shape[0]):
            part = slice(block.indptr[row], block.indptr[row + 1])
            others, strength = block.indices[part], block.data[part]
            keep = others != start + row
            others, strength = others[keep], strength[keep]
            if len(others) > NEIGHBOURS:
                best = np.sort(np.argpartition(-strength, NEIGHBOURS)[:NEIGHBOURS])
                others, strength = others[best], strength[best]
            found.append(others)
            values.append(strength)
            offsets.append(offsets[-1] + len(others))
    return {
        "related_offsets": np.array(offsets, np.int64),
        "related_items": np.concatenate([np.zeros(0, np.int32), *found]).astype(np.int32),
        "related_values": np.concatenate([np.zeros(0, np.float32), *values]).astype(np.float32),
    }


def _strongest(had: Mapping[str, NDArray[Any]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    lengths = np.diff(had["had_offsets"])
    users = np.repeat(np.arange(len(lengths)), lengths)
    if not len(lengths) or lengths.max() <= NEWEST:
        return users, had["had_items"]
    order = np.lexsort((-had["had_weights"], users))
    rank = np.arange(len(order)) - had["had_offsets"][users[order]]
    kept = np.sort(order[rank < NEWEST])
    return users[kept], had["had_items"][kept]
