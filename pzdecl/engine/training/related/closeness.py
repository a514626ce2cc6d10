"""How close items stand in the histories of users: the count behind aws-sims and aws-similar-items.

    closeness(i -> j) = the sum, over the users who had j at most WINDOW items from i, of
                        1 / gap where j came after i, and BACKWARDS / gap where it came before

A history holds every item once, where its user had it last (`histories.distinct`), so that nobody counts twice
for a pair. Of n events at most 2 * WINDOW * n pairs are looked at: a history's length alone makes none.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.related.histories import by_item

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WINDOW = 10
BACKWARDS = 0.5
BLOCK_PAIRS = 4_000_000
"""Pairs that are held at one time, at twelve bytes each."""


class Block(NamedTuple):
    """What is near to the items `first:last`, as a scipy CSR matrix (last - first, N), columns in no order.

    `near.data` is complex: closeness is its real part, how many users had both its imaginary part. An item
    is not near to itself.
    """

    first: int
    last: int
    near: Any


def blocks(histories: Interactions) -> Iterator[Block]:
    """All pairs of histories without repetitions, a block of items at a time."""
    import numpy as np

    count = len(histories.item_ids)
    around, centres = _padded(histories)
    order = by_item(histories)
    edges = np.concatenate(([0], np.cumsum(np.bincount(histories.items, minlength=count))))
    for first, last in _ranges(edges):
        near = None
        for start, end in _pieces(int(edges[first]), int(edges[last])):
            windows = around[centres[order[start:end]] - WINDOW]
            part = _near(windows, np.clip(edges[first : last + 1], start, end) - start, count)
            near = part if near is None else near + part
        yield Block(first, last, near)


def _padded(histories: Interactions) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Windows of 2 * WINDOW + 1 items that never reach into another history, and where each event is in them.

    Between histories stand WINDOW times the code N, which is no item. Window w is centred on place w + WINDOW.
    """
    import numpy as np
    from numpy.lib.stride_tricks import sliding_window_view

    gaps = WINDOW * (len(histories.user_ids) + 1) + 1  # one more, for there is a window where nobody has events
    padded = np.full(len(histories) + gaps, len(histories.item_ids), np.int32)
    centres = np.arange(len(histories)) + WINDOW * (histories.users.astype(np.int64) + 1)
    padded[centres] = histories.items
    return sliding_window_view(padded, 2 * WINDOW + 1), centres


def _near(windows: NDArray[np.int32], edges: NDArray[np.int64], count: int) -> Any:
    """Adds up windows, sorted by the item in their middle; those of item i are `edges[i]:edges[i + 1]`."""
    import numpy as np
    from scipy import sparse

    events, width = windows.shape
    values = np.tile(_weights(), events)
    columns = windows.ravel()
    rows = np.arange(0, events * width + 1, width, dtype=np.int32)
    around = sparse.csr_matrix((values, columns, rows), shape=(events, count + 1))
    ones, numbers = np.ones(events, np.complex64), np.arange(events, dtype=np.int32)
    of_item = sparse.csr_matrix((ones, numbers, edges.astype(np.int32)), shape=(len(edges) - 1, events))
    near = of_item @ around
    near.data[near.indices == count] = 0
    near.eliminate_zeros()
    return sparse.csr_matrix((near.data, near.indices, near.indptr), shape=(near.shape[0], count))


def _weights() -> NDArray[np.complex64]:
    """complex64[2 * WINDOW + 1]: what a window adds for the item in its middle, which is nothing to itself."""
    import numpy as np

    gaps = np.arange(1, WINDOW + 1)
    return np.concatenate((BACKWARDS / gaps[::-1] + 1j, [0], 1 / gaps + 1j)).astype(np.complex64)


def _ranges(edges: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ranges of items whose events make about BLOCK_PAIRS pairs."""
    import numpy as np

    found = [0]
    while found[-1] < len(edges) - 1:
        start = found[-1]
        found.append(max(start + 1, int(np.searchsorted(edges, edges[start] + _most(), "right")) - 1))
    return list(pairwise(found))


def _pieces(start: int, end: int) -> list[tuple[int, int]]:
    """Ranges of a block's events: one, unless an item alone has too many for it."""
    return [(first, min(first + _most(), end)) for first in range(start, end, _most())] or [(start, end)]


def _most() -> int:
    """Events whose windows make about BLOCK_PAIRS pairs."""
    return max(1, BLOCK_PAIRS // (2 * WINDOW + 1))
