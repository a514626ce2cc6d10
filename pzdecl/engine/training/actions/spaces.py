"""Where items and actions lie: near to those that the same people take up."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, eye_array, hstack

from pzdecl.engine.data.actions import TAKEN, Actions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.action_features import Log, Space
from pzdecl.engine.training.features.design import cells_of, side_design
from pzdecl.engine.training.related.factors import factors

TASTES, KINSHIPS = 24, 8
"""Dimensions of both spaces."""
PRIOR = 10.0
"""Events that an action's share of takings is smoothed with."""


def space(data: TrainingData, period: int, seed: int, alive: Callable[[], None]) -> Space:
    """Fitted to the events of `data`."""
    actions = data.actions
    assert actions is not None
    base = base_rates(actions)
    return Space(base, _kin(actions, base, seed, alive), _items(data, seed, alive), float(period))


def base_rates(actions: Actions) -> NDArray[np.float64]:
    """float64[A]: takings over events, drawn to those of all actions where events are few."""
    count = len(actions.ids)
    events = np.bincount(actions.events.items, minlength=count)
    taken = np.bincount(actions.events.items[actions.types == TAKEN], minlength=count)
    everywhere = taken.sum() / max(int(events.sum()), 1)
    return np.asarray((taken + PRIOR * everywhere) / (events + PRIOR))


def logs(data: TrainingData) -> tuple[Log, Log]:
    """What users did with actions, and with items."""
    actions, events = data.actions, data.interactions
    assert actions is not None
    acted = actions.events
    return (
        Log(acted.offsets, acted.items, acted.timestamps, actions.types),
        Log(events.offsets, events.items, events.timestamps, np.zeros(0, np.int8)),
    )


def _kin(
    actions: Actions, base: NDArray[np.float64], seed: int, alive: Callable[[], None]
) -> NDArray[np.float32]:
    """float32[A, r]: factors of who took what more often than expected."""
    events, count = actions.events, len(actions.ids)
    if len(events) == 0 or count < 2:
        return np.zeros((count, 0), np.float32)
    surprise = ((actions.types == TAKEN) - base[events.items]).astype(np.float32)
    matrix = csr_array((surprise, (events.users, events.items)), shape=(len(events.user_ids), count))
    matrix.sum_duplicates()
    vectors = factors(matrix, min(KINSHIPS, count - 1), seed, alive)[1]
    return _of_length_one(vectors)


def _items(data: TrainingData, seed: int, alive: Callable[[], None]) -> NDArray[np.float32]:
    """float32[I, t]: factors of who had what, and what the Items dataset says of it; rare things count more."""
    events, count = data.interactions, len(data.interactions.item_ids)
    had = csr_array(
        (np.ones(len(events), np.float32), (events.users, events.items)), shape=(len(events.user_ids), count)
    )
    had.sum_duplicates()
    had.data[:] = 1
    parts = [csr_array(eye_array(count, dtype=np.float32))]
    design = side_design(data.items)
    if data.items is not None and design.width:
        cells = cells_of(design, data.items.rows)
        parts.append(csr_array((cells.weights, cells.columns, cells.offsets), shape=(count, design.width)))
    described = hstack(parts, format="csr")
    met = np.asarray((had @ described > 0).sum(0)).ravel()
    rarity = np.log((1 + had.shape[0]) / (1 + met)).astype(np.float32)
    described = csr_array(described.multiply(rarity[None, :]))
    profiles = csr_array(had @ described)
    length = np.sqrt(np.asarray(profiles.multiply(profiles).sum(1)).ravel())
    profiles = csr_array(profiles.multiply(1 / np.maximum(length, 1e-6)[:, None]), dtype=np.float32)
    vectors = factors(profiles, min(TASTES, *profiles.shape), seed, alive)[1]
    return np.asarray(described @ vectors, np.float32)


def _of_length_one(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(np.divide(vectors, length, out=np.zeros_like(vectors), where=length > 1e-9))
