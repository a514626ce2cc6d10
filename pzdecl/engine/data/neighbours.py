"""What is beside an item in histories: where something new belongs while nothing else is known of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.data.interactions import Interactions

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def beside(
    values: NDArray[np.float32], new: NDArray[np.bool_], data: Interactions, reach: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """For each new item, the mean of what its neighbours have, and their weight; both for the new ones alone.

    values  float32[N, h]; those of new items are not looked at
    new     bool[N]
    reach   events that a neighbour may be away; it counts with 1 / distance

    Returns float32[new, h] and float32[new]: a weight of 0 is an item that nobody met beside a known one.
    """
    import numpy as np
    from scipy import sparse

    count = len(new)
    row = np.cumsum(new) - 1
    shape = (int(new.sum()), count)
    table = sparse.csr_matrix(shape, dtype=np.float32)
    for gap in range(1, reach + 1):
        same = data.users[gap:] == data.users[:-gap]
        one, other = data.items[:-gap][same], data.items[gap:][same]
        for left, right in ((one, other), (other, one)):
            pairs = new[left] & ~new[right]
            weight = np.full(int(pairs.sum()), 1.0 / gap, np.float32)
            table += sparse.csr_matrix((weight, (row[left[pairs]], right[pairs])), shape=shape)
    mass = np.asarray(table.sum(1)).ravel()
    return np.asarray(table @ values) / np.maximum(mass, 1e-9)[:, None], mass
