"""Where sessions begin, what they do, and histories in blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.hrnn import histories
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.hrnn.sessions import GAPS, session_gap, session_starts
from tests.engine.training.worlds import HOUR, fitted, interactions, job

DAY = 24 * HOUR


def timed(gaps: list[int]) -> Interactions:
    """One user, so many seconds apart."""
    data = interactions([[0] * (len(gaps) + 1)], 1)
    return replace(data, timestamps=np.cumsum([0, *gaps]).astype(np.int64))


def test_a_gap_begins_a_session() -> None:
    data = interactions([[0, 1, 2], [0, 1]], 3)
    late = data.timestamps + np.array([0, 0, GAPS[0] + 1, 0, GAPS[0] - 60])
    assert session_starts(replace(data, timestamps=late), GAPS[0]).tolist() == [
        False,
        False,
        True,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("short", "long", "between"),
    [
        (60, 3 * DAY, (GAPS[0], 2 * DAY)),
        (2 * HOUR, 3 * DAY, (2 * HOUR, 3 * DAY)),
        (20, 600, (GAPS[0], GAPS[0] * 1.2)),
        (5 * DAY, 90 * DAY, GAPS),
    ],
    ids=["clicks", "films", "all within minutes", "all over days"],
)
def test_the_data_decide_on_the_gap(short: int, long: int, between: tuple[float, float]) -> None:
    rng = np.random.default_rng(0)
    gaps = np.where(rng.random(500) < 0.3, long, short) * rng.uniform(0.7, 1.4, 500)
    assert between[0] <= session_gap(timed(gaps.astype(int).tolist())) <= between[1]


def test_without_time_there_are_no_sessions() -> None:
    data = timed([0] * 20)
    assert session_gap(data) == GAPS[0]
    assert not session_starts(data, GAPS[0]).any()


def turning(users: int = 70, sessions: int = 12, items: int = 10) -> tuple[Interactions, NDArray[np.bool_]]:
    """Users on a ring who turn round in each session, at its second event; and which events these are.

    When somebody turns is to be seen from the pause alone, for a session's first event goes on as before; which
    way they turn, only from the session before.
    """
    rng = np.random.default_rng(1)
    walks, times, turns = [], [], []
    for user in range(users):
        place, way, now = int(rng.integers(items)), 1 if user % 2 else -1, 0
        walks.append([])
        for _ in range(sessions):
            for step in range(int(rng.integers(3, 7))):
                way = -way if step == 1 else way
                place = (place + way) % items
                now += 60
                walks[-1].append(place)
                times.append(now)
                turns.append(step == 1)
            now += DAY
    data = interactions(walks, items)
    return replace(data, timestamps=np.array(times, np.int64)), np.array(turns)


def test_the_network_knows_when_a_session_begins_and_what_the_last_one_was(tmp_path: Path) -> None:
    data, turns = turning()
    right = []
    for name, one in (("pauses", data), ("none", replace(data, timestamps=np.arange(len(data)) * 60))):
        model = fitted("aws-hrnn", one, job(tmp_path / name, hidden_dimension=32))
        expected, rows = model.encoder.expectations(one)
        guesses = (expected @ model.encoder.items.detach().numpy().T).argmax(1)
        late = turns[rows] & (rows - one.offsets[one.users[rows]] > 6)
        right.append((guesses == one.items[rows])[late].mean())
    assert right[0] > 0.9
    assert right[1] < 0.6


def test_blocks_and_lanes_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    data = interactions([rng.integers(0, 9, n).tolist() for n in (3, 70, 1, 20, 0, 33)], 9)
    data = replace(data, timestamps=data.timestamps + (np.arange(len(data)) // 4) * DAY)
    network = Network(9, 8, torch.Generator().manual_seed(0))
    users = np.array([4, 1, 0, 5, 3, 2])
    before, rows = histories.expectations(network, data)
    after = histories.last_expectations(network, data, users)
    monkeypatch.setattr(histories, "BLOCK", 7)
    monkeypatch.setattr(histories, "LANES", 2)
    again, places = histories.expectations(network, data)
    np.testing.assert_allclose(before[np.argsort(rows)], again[np.argsort(places)], atol=1e-5)
    np.testing.assert_allclose(after, histories.last_expectations(network, data, users), atol=1e-5)
    assert sorted(rows) == list(range(len(data)))
    np.testing.assert_allclose(after[0], network.expect(network.begin())[0].detach(), atol=1e-5)
