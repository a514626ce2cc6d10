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
from pzdecl.engine.data.neighbours import beside
from pzdecl.engine.serving.blend import CONTEXT
from pzdecl.engine.training.errors import TrainingFailed


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

    Raises TrainingFailed where all items are new.
    """
    rows = {one: row for row, one in enumerate(item_ids)}
    places = np.array([rows.get(one, -1) for one in data.item_ids], np.int64)
    if (places < 0).all():
        raise TrainingFailed(
            "No item of the solution version to update from is left: train one with trainingMode FULL."
        )
    for name, tensor in network.state_dict().items():
        stored = from_numpy(np.array(weights[name]))
        tensor.copy_(_moved(stored, places, data) if name in by_item else stored)


def _moved(stored: Tensor, places: NDArray[np.int64], data: Interactions) -> Tensor:
    """The rows of `stored` at `places`; where there is none (-1), what the neighbours have."""
    new = places < 0
    moved = stored[from_numpy(np.maximum(places, 0))].numpy()
    if new.any():
        flat = moved.reshape(len(places), -1)
        near, mass = beside(flat, new, data, CONTEXT)
        near[mass == 0] = flat[~new].mean(0)  # nobody met it: an item like any other
        flat[new] = near
    return from_numpy(moved)
