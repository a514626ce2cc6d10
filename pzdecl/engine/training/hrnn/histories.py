"""What the network makes of whole histories: before each event, and after the last.

Users are taken in the order of their lengths, so that the lanes beside each other hardly need padding, and in
blocks of BLOCK events, so that memory does not grow with the longest history.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.hrnn.batches import history_chunks

if TYPE_CHECKING:
    from pzdecl.engine.training.hrnn.network import Network

LANES = 256
BLOCK = 64


def expectations(network: Network, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """float32[n, h], what the network expects before each event, and int64[n], those events' rows."""
    expected, rows = [np.zeros((0, network.hidden), np.float32)], [np.zeros(0, np.int64)]
    users = np.flatnonzero(data.lengths)
    for chosen in _by_length(data, users):
        for before, _, _, places in _run(network, data, users[chosen]):
            expected.append(before.cpu().numpy()[places >= 0])
            rows.append(places[places >= 0])
    return np.concatenate(expected), np.concatenate(rows)


def last_states(network: Network, data: Interactions, users: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """The states s and c (U, h) of each of `users` after their events in `data`.

    Of those without any, the ones with which a new user begins.
    """
    sessions, levels = network.blank(len(users))
    for places in _by_length(data, users):
        state, level = network.blank(len(places))
        for _, state, level, _ in _run(network, data, users[places]):  # noqa: B007 - the last ones are wanted
            pass
        with torch.no_grad():
            none = torch.from_numpy(data.lengths[users[places]] == 0).to(network.device)
            state[none], level[none] = network.begin(), network.start
            sessions[places], levels[places] = state, level
    return sessions, levels


def last_expectations(network: Network, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
    """float32[U, h]: what the network expects of each of `users` after their events in `data`.

    Of those without any, what it expects of a new user.
    """
    with torch.no_grad():
        return np.asarray(network.expect(last_states(network, data, users)[0]).cpu().numpy())


def _by_length(data: Interactions, users: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Places in `users`, at most LANES at a time, those with short histories first."""
    order = np.argsort(data.lengths[users], kind="stable")
    for start in range(0, len(order), LANES):
        yield order[start : start + LANES]


def _run(
    network: Network, data: Interactions, users: NDArray[np.int64]
) -> Iterator[tuple[Tensor, Tensor, Tensor, NDArray[np.int64]]]:
    """Of each block: what is expected before each event (T, B, h), s and c after it, the events' rows."""
    state, user = network.blank(len(users))
    for chunk, places in history_chunks(data, users, network.gap, BLOCK):
        with torch.no_grad():
            before, state, user = network(chunk.to(network.device), state, user)
        yield before, state, user, places
