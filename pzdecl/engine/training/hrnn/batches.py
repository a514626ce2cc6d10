"""Histories as lanes: B of them side by side, one event a step, so that a step is one product for all.

Training cuts one long stream of all users into lanes of equal length (the user-parallel mini-batches of Hidasi
et al., ICLR 2016): no event is padding, and every event is trained on. Serving states come from one user a
lane.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.hrnn.sessions import session_starts


class Chunk(NamedTuple):
    """T events in B lanes.

    items     int64[T, B]
    weights   float32[T, B], of each event in the loss; 0 where a lane's event is not to be predicted
    users     for each of T steps the lanes (int64) where a user's history begins, or None
    sessions  likewise where a later session of the same user begins
    rows      int64[T, B], the events' rows in the data, -1 for padding
    """

    items: Tensor
    weights: Tensor
    users: list[Tensor | None]
    sessions: list[Tensor | None]
    rows: Tensor

    def to(self, device: torch.device) -> Chunk:
        """The same on another device."""
        users, sessions = (
            [None if lanes is None else lanes.to(device) for lanes in some] for some in self[2:4]
        )
        items, weights, rows = (part.to(device) for part in (self.items, self.weights, self.rows))
        return Chunk(items, weights, users, sessions, rows)


def training_chunks(
    data: Interactions, weights: NDArray[np.float32], gap: int, width: int, steps: int, rng: np.random.Generator
) -> Iterator[Chunk]:
    """All events in chunks of `steps` x `width`; each chunk goes on where the one before ended in each lane.

    The users' order is drawn anew. Where the cut between two lanes falls into a history, the second lane begins
    it without what came before, so that its first event is not held against the model.
    """
    order = rng.permutation(np.flatnonzero(data.lengths))
    rows = np.concatenate([np.arange(data.offsets[user], data.offsets[user + 1]) for user in order])
    length = -(-len(rows) // width)
    rows = np.concatenate((rows, np.full(length * width - len(rows), -1))).reshape(width, length).T
    filled = rows >= 0
    first = (rows == data.offsets[data.users[rows]]) & filled
    weight = np.where(filled, weights[rows], 0).astype(np.float32)
    weight[0] *= first[0]
    first[0] = True
    sessions = session_starts(data, gap)[rows] & ~first & filled
    weight *= filled.sum() / weight.sum()
    for start in range(0, length, steps):
        part = slice(start, start + steps)
        items = data.items[rows[part]].astype(np.int64)
        yield Chunk(
            torch.from_numpy(items),
            torch.from_numpy(weight[part]),
            _lanes(first[part]),
            _lanes(sessions[part]),
            torch.from_numpy(rows[part].copy()),
        )


def history_chunks(
    data: Interactions, users: NDArray[np.int64], gap: int, steps: int
) -> Iterator[tuple[Chunk, NDArray[np.int64]]]:
    """The whole histories of some users, a lane each, ending together, in chunks of up to `steps` events.

    With each comes int64[T, B], the events' rows, or -1. Lanes of shorter histories begin with padding, whose
    effect ends where the history begins.
    """
    lengths = data.lengths[users]
    longest = int(lengths.max(initial=0))
    for newest in range(longest, 0, -steps):
        back = np.arange(newest, max(newest - steps, 0), -1)[:, None]
        real = back <= lengths
        rows = np.where(real, data.offsets[users + 1] - back, -1)
        later = (back < lengths) & (data.timestamps[rows] - data.timestamps[rows - 1] > gap)
        chunk = Chunk(
            torch.from_numpy(np.where(real, data.items[rows], 0).astype(np.int64)),
            torch.from_numpy(real.astype(np.float32)),
            _lanes(back == lengths),
            _lanes(later),
            torch.from_numpy(rows),
        )
        yield chunk, rows


def _lanes(flags: NDArray[np.bool_]) -> list[Tensor | None]:
    return [torch.from_numpy(np.flatnonzero(row)) if row.any() else None for row in flags]
