"""What an automatic update makes of a trained model and the data of today, without torch.

A new item begins where the items beside which it was taken up are, and where its metadata puts it: the more
events it has, the more they say, in the proportion in which a training weighs an item's own vector.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.neighbours import beside
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.blend import CONTEXT
from pzdecl.engine.serving.features import Features
from pzdecl.engine.serving.files import Ids
from pzdecl.engine.serving.objective import FAVOUR
from pzdecl.engine.serving.query import Stored
from pzdecl.engine.serving.sequences import reader_of
from pzdecl.engine.serving.update import MORE
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.novelty import novelty
from pzdecl.engine.training.objective import objective_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FEW = 2.0
"""Events at which an item's neighbours say as much as its metadata: as in `training.features.featured`."""
EMPTY = ("memory_mass", "item_ignored", "item_events", "item_created")
"""Tensors with a number for each item: nothing is known yet of a new one."""

Tensors = dict[str, Any]


def update(stored: Stored, data: TrainingData, config: Mapping[str, Any]) -> Tensors:
    """The tensors in which a model of sequences that explores differs with `data` from its training.

    stored  as it was trained, without an earlier update
    config  the version's `solutionConfig`
    """
    import numpy as np

    tensors, ids = stored.tensors, data.interactions.item_ids
    known = len(stored.item_ids)
    place = {one: code for code, one in enumerate(stored.item_ids)}
    codes = np.array([place.get(one, -1) for one in ids], np.int64)
    new = codes < 0
    codes[new] = known + np.arange(int(new.sum()))
    more = int(new.sum())
    vectors, bias = _vectors(tensors, data, codes, new)
    found: Tensors = {
        **Ids.pack(MORE, [ids[code] for code in np.flatnonzero(new).tolist()]),
        "items": np.concatenate((tensors["items"], vectors)),
        "bias": np.concatenate((tensors["bias"], bias)),
        "new_user": _new_user(tensors, vectors, bias),
        "memory_offsets": np.concatenate(
            (tensors["memory_offsets"], np.repeat(tensors["memory_offsets"][-1], more))
        ),
    }
    for name in EMPTY:
        found[name] = np.concatenate((tensors[name], np.zeros(more, tensors[name].dtype)))
    for name, values in novelty(data).items():
        if name in found:
            found[name][codes] = values
        else:
            found[name] = values
    if FAVOUR in tensors:
        found[FAVOUR] = _favour(tensors[FAVOUR], data, config, codes, more)
    return found


def _vectors(
    tensors: Mapping[str, NDArray[Any]], data: TrainingData, codes: NDArray[np.int64], new: NDArray[np.bool_]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """float32[k, h] and float32[k] of the k new items."""
    import numpy as np

    both = np.concatenate((tensors["items"], tensors["bias"][:, None]), 1)
    if not new.any():
        return both[:0, :-1], both[:0, -1]
    ordinary = both.mean(0)
    beside_new, mass = beside(both[np.where(new, 0, codes)], new, data.interactions, CONTEXT)
    features = Features(tensors)
    if data.items is not None and "items" in features.designs and features.designs["items"].columns:
        rows = data.items.rows.take(np.flatnonzero(new)).to_pylist()
        described = np.stack([np.append(*features.item(row)) for row in rows])
        met = np.bincount(data.interactions.items, minlength=len(new))[new]
        share = np.where(mass > 0, met / (met + FEW), 0.0)[:, None]
        found = share * beside_new + (1 - share) * described
    else:
        found = np.where(mass[:, None] > 0, beside_new, ordinary)
    found = found.astype(np.float32)
    return found[:, :-1], found[:, -1]


def _new_user(
    tensors: Mapping[str, NDArray[Any]], vectors: NDArray[np.float32], bias: NDArray[np.float32]
) -> NDArray[np.float32]:
    """float32[N + k]: the chances for somebody without a history, new items by what the network says."""
    import numpy as np

    expected = reader_of(tensors).expect(None, np.zeros(0, np.int32), np.zeros(0, np.int64))
    before = (tensors["items"] @ expected + tensors["bias"]).astype(np.float64)
    after = (vectors @ expected + bias).astype(np.float64)
    highest = max(before.max(initial=-np.inf), after.max(initial=-np.inf))
    chances = np.exp(after - highest) / np.exp(before - highest).sum()
    together = np.concatenate((tensors["new_user"].astype(np.float64), chances))
    return np.asarray(together / together.sum(), np.float32)


def _favour(
    before: NDArray[np.float32],
    data: TrainingData,
    config: Mapping[str, Any],
    codes: NDArray[np.int64],
    more: int,
) -> NDArray[np.float32]:
    """float32[N + k]: what items earn; where that can't be told, a new one earns as much as most."""
    import numpy as np

    found = np.concatenate((before, np.full(more, np.median(before), np.float32)))
    try:
        objective = objective_of(data, config)
    except TrainingFailed:
        return found
    if objective is not None:
        found[codes] = objective.favour
    return found
