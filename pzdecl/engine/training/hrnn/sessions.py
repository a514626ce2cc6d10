"""Where sessions begin: after a gap whose length the data decide.

Half an hour, the custom of web analytics, is a session of clicks; it would make a session of every film that is
watched. So the gap is the one that parts the gaps of the data best into short and long ones (N. Otsu, "A
Threshold Selection Method from Gray-Level Histograms", IEEE Transactions on Systems, Man, and Cybernetics 9(1),
1979), on a logarithmic scale, between half an hour and a day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions

GAPS = (30 * 60, 24 * 60 * 60)
"""Seconds between which the gap lies."""
BIN = 0.25
"""Width of the histogram's bins, as a power of two."""


def session_gap(data: Interactions) -> int:
    """Seconds without an event after which a new session begins; the least without any gap."""
    gaps = np.diff(data.timestamps)[data.users[1:] == data.users[:-1]]
    gaps = gaps[gaps > 0]
    if not len(gaps):
        return GAPS[0]
    counts, edges = np.histogram(np.log2(gaps), bins=np.arange(0, 64, BIN))
    middles = (edges[1:] + edges[:-1]) / 2
    below, sums = np.cumsum(counts)[:-1], np.cumsum(counts * middles)
    distance = sums[-1] * below / len(gaps) - sums[:-1]
    spread = distance**2 / np.maximum(below * (len(gaps) - below), 1)
    cuts = np.exp2(edges[1:-1])
    allowed = (cuts >= GAPS[0]) & (cuts <= GAPS[1])
    return round(float(cuts[allowed][np.argmax(spread[allowed])]))


def session_starts(data: Interactions, gap: int) -> NDArray[np.bool_]:
    """bool[n]: events that begin a session other than a user's first."""
    later = np.zeros(len(data), bool)
    same_user = data.users[1:] == data.users[:-1]
    later[1:] = same_user & (np.diff(data.timestamps) > gap)
    return later
