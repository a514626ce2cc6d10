"""Going on from the weights of an earlier training when there are new items, users and events.

An item that is new begins where the items beside which it was taken up are: in histories, the vectors of
neighbours are alike. One epoch at a small learning rate then takes everything in (see `fit`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, from_numpy, nn, no_grad

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.blend import CONTEXT


@no_grad()
def restore(
    network: nn.Module,
    weights: Mapping[str, NDArray[Any]],
    item_ids: Sequence[str],
    data: Interactions,
    by_item: Sequence[str],
) -> None:
    """Gives `network` the weights of an earlier one, whose items were `item_ids`.

    by_item  the names of those with a row for each item: the rows go where the ids are now, and new items get
             the mean of their neighbours'
    """
    rows = {one: row for row, one in enumerate(item_ids)}
    places = np.array([rows.get(one, -1) for one in data.item_ids], np.int64)
    for name, tensor in network.state_dict().items():
        stored = from_numpy(np.array(weights[name]))
        tensor.copy_(_moved(stored, places, data) if name in by_item else stored)


def _moved(stored: Tensor, places: NDArray[np.int64], data: Interactions) -> Tensor:
    """The rows of `stored` at `places`; where there is none (-1), what the neighbours have."""
    from scipy import sparse

    new = places < 0
    moved = stored[from_numpy(np.maximum(places, 0))].numpy()
    if not new.any():
        return from_numpy(moved)
    count = len(places)
    beside = sparse.csr_matrix((count, count), dtype=np.float32)
    for gap in range(1, CONTEXT + 1):
        same = data.users[gap:] == data.users[:-gap]
        one, other = data.items[:-gap][same], data.items[gap:][same]
        for left, right in ((one, other), (other, one)):
            pairs = new[left] & ~new[right]
            weight = np.full(int(pairs.sum()), 1.0 / gap, np.float32)
            beside += sparse.csr_matrix((weight, (left[pairs], right[pairs])), shape=(count, count))
    mass = np.asarray(beside.sum(1)).ravel()
    flat = moved.reshape(count, -1)
    near = (beside @ flat) / np.maximum(mass, 1e-9)[:, None]
    near[mass == 0] = flat[~new].mean(0)  # nobody met it: an item like any other
    flat[new] = near[new]
    return from_numpy(moved)
