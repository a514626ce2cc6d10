"""A user's states carried on by numpy are those that the network computes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.recurrent import RecurrentReader
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.sequence.sequences import of_users, tables
from tests.engine.training.worlds import interactions

GAP = 3600
USERS, ITEMS = 30, 20


def _network() -> Network:
    network = Network(ITEMS, 16, torch.Generator().manual_seed(1), gap=GAP)
    noise = torch.Generator().manual_seed(2)
    with torch.no_grad():
        for parameter in network.parameters():  # biases begin at zero: here they shall tell
            parameter.add_(torch.randn(parameter.shape, generator=noise), alpha=0.3)
    return network


def _histories() -> Interactions:
    rng = np.random.default_rng(3)
    data = interactions([rng.integers(ITEMS, size=rng.integers(2, 40)).tolist() for _ in range(USERS)], ITEMS)
    gaps = rng.choice([10, GAP, GAP + 1, 5 * GAP], size=len(data))
    times = np.concatenate([np.cumsum(gaps[a:b]) for a, b in zip(data.offsets, data.offsets[1:], strict=False)])
    return replace(data, timestamps=times.astype(np.int64))


def _stored(network: Network, known: Interactions) -> RecurrentReader:
    return RecurrentReader({**tables(network), **of_users(network, known), **network.tensors()})


def test_new_events_of_known_users_lead_where_the_network_leads() -> None:
    network, data = _network(), _histories()
    position = np.arange(len(data)) - data.offsets[data.users]
    known = data.select(position < data.lengths[data.users] // 2)
    reader = _stored(network, known)
    expected = network.last_expectations(data, np.arange(USERS))
    for user in range(USERS):
        later = slice(data.offsets[user] + known.lengths[user], data.offsets[user + 1])
        found = reader.expect(user, data.items[later], data.timestamps[later])
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected[user], atol=1e-5)


def test_new_users_begin_where_the_network_begins() -> None:
    network, data = _network(), _histories()
    reader = _stored(network, data.select(np.zeros(len(data), bool)))
    expected = network.last_expectations(data, np.arange(USERS))
    for user in range(USERS):
        events = slice(data.offsets[user], data.offsets[user + 1])
        for asked in (None, user):  # without an id, and as one that the training knew without events
            found = reader.expect(asked, data.items[events], data.timestamps[events])
            np.testing.assert_allclose(found, expected[user], atol=1e-5)


def test_without_new_events_nothing_changes() -> None:
    network, data = _network(), _histories()
    reader = _stored(network, data)
    nothing = np.zeros(0, np.int32), np.zeros(0, np.int64)
    np.testing.assert_allclose(reader.expect(4, *nothing), reader.tensors["expected"][4], atol=1e-6)
