"""Histories as windows: what a transformer reads at one time.

A history is cut from its end backwards, so that the newest events stand in a full window. All events are
trained on once: a window's first events, which the window before has trained on, are only read, so that what is
expected has something to go by. Padding stands at the end, where nobody looks: attention goes back in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.transformer import START, gap_codes

ROUND = 8
"""What the number of places in a window is a multiple of."""


class Cut(NamedTuple):
    """W windows of the data's rows: each reads `reads:ends` and expects `begins:ends`. int64[W] each."""

    reads: NDArray[np.int64]
    begins: NDArray[np.int64]
    ends: NDArray[np.int64]


class Inputs(NamedTuple):
    """What is read in B windows of T places, int64[B, T] each.

    items  of the events; START where a history begins
    gaps   how long before each the one before it was: see `gap_codes`
    rows   the events' rows in the data; -1 where there is none
    """

    items: Tensor
    gaps: Tensor
    rows: Tensor


class Windows(NamedTuple):
    """B windows of T places; what is read up to a place expects the event at `rows`.

    inputs   what is read
    targets  int64[B, T], the items that came next
    weights  float32[B, T], of those events in the loss; 0 for what is only read
    rows     int64[B, T], those events' rows in the data; -1 for padding
    """

    inputs: Inputs
    targets: Tensor
    weights: Tensor
    rows: Tensor


def cut(data: Interactions, length: int, overlap: int) -> Cut:
    """All events in windows of up to `length`; each but a history's first begins with `overlap` read ones."""
    new = length - overlap
    sizes = data.lengths
    later = np.maximum(-(-(sizes - length) // new), 0)
    counts = np.where(sizes > 0, later + 1, 0)
    users = np.repeat(np.arange(len(sizes)), counts)
    place = np.arange(len(users)) - np.repeat(np.cumsum(counts) - counts, counts)
    ends = data.offsets[users + 1] - new * place
    first = place == later[users]
    starts = data.offsets[users]
    begins = np.where(first, starts, ends - new)
    return Cut(np.where(first, starts, np.maximum(begins - overlap, starts)), begins, ends)


def batches(found: Cut, places: int, rng: np.random.Generator | None = None) -> list[NDArray[np.int64]]:
    """Indices of windows of about the same length, up to `places` a batch with padding; shuffled by `rng`."""
    lengths = found.ends - found.reads
    order = np.argsort(-(lengths if rng is None else lengths + rng.random(len(lengths))), kind="stable")
    parts, start = [], 0
    while start < len(order):
        stop = start + max(1, places // _rounded(int(lengths[order[start]])))
        parts.append(order[start:stop])
        start = stop
    return parts if rng is None else [parts[place] for place in rng.permutation(len(parts))]


def filled(
    data: Interactions, found: Cut, chosen: NDArray[np.int64], weights: NDArray[np.float32] | None = None
) -> Windows:
    """The windows `chosen` of `found`, padded to the longest. `weights` float32[n]; None: one for all."""
    reads, begins, ends = (part[chosen, None] for part in found)
    rows = reads + np.arange(_rounded(int((ends - reads).max())))
    rows = np.where(rows < ends, rows, -1)
    first = rows == data.offsets[data.users[reads]]
    counted = rows >= begins
    weight = counted if weights is None else np.where(counted, weights[rows], 0)
    return Windows(
        _inputs(data, np.where(first | (rows < 0), 0, rows - 1), first),
        torch.from_numpy(data.items[rows].astype(np.int64)),
        torch.from_numpy(weight.astype(np.float32)),
        torch.from_numpy(rows),
    )


def newest(
    data: Interactions, users: NDArray[np.int64], length: int, places: int
) -> Iterator[tuple[NDArray[np.int64], Inputs, Tensor]]:
    """The newest `length` events of each of `users`, who have some; START is before them where those are all.

    In batches: which of `users`, what is read, and the place int64[B] of each one's newest event.
    """
    starts, ends = data.offsets[users], data.offsets[users + 1]
    reads = np.maximum(starts - 1, ends - length)  # the row before the first event stands for START
    for chosen in batches(Cut(reads, reads, ends), places):
        rows = reads[chosen, None] + np.arange(_rounded(int((ends - reads)[chosen].max())))
        first = rows < starts[chosen, None]
        rows = np.where(first, 0, np.minimum(rows, ends[chosen, None] - 1))
        yield chosen, _inputs(data, rows, first), torch.from_numpy((ends - reads)[chosen] - 1)


def _rounded(length: int) -> int:
    """Windows of few different lengths: for each, oneDNN keeps compiled products."""
    return -(-length // ROUND) * ROUND


def _inputs(data: Interactions, rows: NDArray[np.int64], first: NDArray[np.bool_]) -> Inputs:
    """Reads the events at `rows` (int64[B, T]); a START where `first`."""
    items = np.where(first, START, data.items[rows])
    alone = first | (rows == data.offsets[data.users[rows]])
    passed = data.timestamps[rows] - data.timestamps[np.maximum(rows - 1, 0)]
    gaps = np.where(alone, 0, gap_codes(passed))
    rows = np.where(first, -1, rows)
    return Inputs(*(torch.from_numpy(part.astype(np.int64)) for part in (items, gaps, rows)))
