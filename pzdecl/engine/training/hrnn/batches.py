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

SESSION_GAP = 30 * 60
"""Seconds without an event after which a new session begins."""


class Chunk(NamedTuple):
    """T events in B lanes.

    items     int64[T, B]
    weights   float32[T, B], of each event in the loss; 0 where a lane's event is not to be predicted
    users     for each of T steps the lanes (int64) where a user's history begins, or None
    sessions  likewise where a later session of the same user begins
    """

    items: Tensor
    weights: Tensor
    users: list[Tensor | None]
    sessions: list[Tensor | None]


def session_starts(data: Interactions) -> NDArray[np.bool_]:
    """bool[n]: events that begin a session other than a user's first."""
    later = np.zeros(len(data), bool)
    same_user = data.users[1:] == data.users[:-1]
    later[1:] = same_user & (np.diff(data.timestamps) > SESSION_GAP)
    return later


def recency_weights(data: Interactions) -> NDArray[np.float32]:
    """float32[n], from 1/2 for the oldest event to 1 for the newest, by rank in time: outliers do no harm."""
    rank = np.empty(len(data))
    rank[np.argsort(data.timestamps, kind="stable")] = np.arange(len(data))
    return np.exp2(rank / max(len(data) - 1, 1) - 1).astype(np.float32)


def training_chunks(
    data: Interactions, weights: NDArray[np.float32], width: int, steps: int, rng: np.random.Generator
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
    sessions = session_starts(data)[rows] & ~first & filled
    weight *= filled.sum() / weight.sum()
    for start in range(0, length, steps):
        part = slice(start, start + steps)
        items = data.items[rows[part]].astype(np.int64)
        yield Chunk(
            torch.from_numpy(items), torch.from_numpy(weight[part]), _lanes(first[part]), _lanes(sessions[part])
        )


def history_chunk(data: Interactions, users: NDArray[np.int64]) -> tuple[Chunk, NDArray[np.int64]]:
    """The whole histories of some users, a lane each, ending together; and int64[T, B], each event's row or -1.

    Lanes of shorter histories begin with padding, whose effect ends where the history begins.
    """
    lengths = data.lengths[users]
    back = np.arange(int(lengths.max(initial=0)), 0, -1)[:, None]
    real = back <= lengths
    rows = np.where(real, data.offsets[users + 1] - back, -1)
    chunk = Chunk(
        torch.from_numpy(np.where(real, data.items[rows], 0).astype(np.int64)),
        torch.from_numpy(real.astype(np.float32)),
        _lanes(back == lengths),
        _lanes(session_starts(data)[rows] & real),
    )
    return chunk, rows


def _lanes(flags: NDArray[np.bool_]) -> list[Tensor | None]:
    return [torch.from_numpy(np.flatnonzero(row)) if row.any() else None for row in flags]
