"""The memory, and the gate that mixes it with the network."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.blend import (
    FACTS,
    FEATURES,
    blended,
    facts,
    had_before,
    remembered,
    softmax,
    trust,
)
from pzdecl.engine.training.sequence import blend
from tests.engine.training.worlds import interactions

RNG = np.random.default_rng


def network(items: int) -> dict[str, NDArray[np.float32]]:
    return {"items": np.zeros((items, 2), np.float32), "bias": np.zeros(items, np.float32)}


def fitted(data: Interactions) -> tuple[dict[str, NDArray[np.float32]], NDArray[np.float32]]:
    tensors = {**network(len(data.item_ids)), **blend.memory(data)}
    rows = np.arange(len(data))
    return tensors, blend.fit_blend(tensors, data, rows, np.zeros((len(rows), 2), np.float32), RNG(0))


def row(tensors: dict[str, NDArray[np.float32]], item: int) -> dict[int, float]:
    part = slice(int(tensors["memory_offsets"][item]), int(tensors["memory_offsets"][item + 1]))
    return dict(zip(tensors["memory_items"][part].tolist(), tensors["memory_shares"][part], strict=True))


def test_the_memory_counts_neighbours_those_that_follow_most() -> None:
    tensors = blend.memory(interactions([[0, 1, 2], [0, 1, 3]], 4))
    assert row(tensors, 0) == pytest.approx({1: 2 / 3, 2: 1 / 6, 3: 1 / 6})
    assert tensors["memory_mass"][0] == 3
    back = blend.BACKWARD
    assert row(tensors, 1) == pytest.approx(
        {0: 2 * back / (2 + 2 * back), 2: 1 / (2 + 2 * back), 3: 1 / (2 + 2 * back)}
    )


def test_the_memory_keeps_the_likeliest_followers(monkeypatch: pytest.MonkeyPatch) -> None:
    data = interactions([[0, 1], [0, 1], [0, 2], [0, 3], [0, 3]], 4)
    monkeypatch.setattr(blend, "FOLLOWERS", 2)
    assert row(blend.memory(data), 0) == pytest.approx({1: 0.4, 3: 0.4})


def test_the_newest_items_count_most_in_what_is_remembered() -> None:
    tensors = blend.memory(interactions([[0, 1], [2, 3]], 4))
    usual = remembered(tensors, np.array([0, 2], np.int32))
    assert usual[3] > usual[1] > 0


def test_having_had_it_is_told_with_how_long_ago_and_how_often() -> None:
    had = had_before(np.array([5, 7, 5, 9], np.int32))
    assert had.items.tolist() == [5, 7, 9]
    assert np.expm1(had.age).tolist() == pytest.approx([1, 2, 0])
    assert np.exp(had.times).tolist() == pytest.approx([2, 1, 1])


@pytest.mark.parametrize("sampled", [4096, 12])
def test_the_gate_learns_whether_things_are_had_again(sampled: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also from a sample of the items."""
    monkeypatch.setattr(blend, "SAMPLED", sampled)
    rng = RNG(0)
    once = interactions([rng.permutation(20)[:12].tolist() for _ in range(30)], 20)
    again = interactions([rng.choice(rng.permutation(20)[:3], 12).tolist() for _ in range(30)], 20)
    worth = []
    for data in (once, again):
        tensors, gate = fitted(data)
        history = data.items[:8]
        scores = blended({**tensors, "blend": gate}, np.zeros((1, 2), np.float32), [history])[0]
        chances = softmax(scores)
        worth.append(float(chances[np.unique(history)].sum()))
    assert worth[0] < 0.05
    assert worth[1] > 0.8


def test_the_gate_trusts_the_memory_where_it_knows_much() -> None:
    """Items below 30 are met often and the next always follows; the others are rare and anything does."""
    rng = RNG(1)
    histories = []
    for user in range(120):
        start = user % 30
        sure = [(start + t) % 30 for t in range(12)]
        histories += [sure, rng.integers(30, 300, 6).tolist()]
    data = interactions(histories, 300)
    half = data.of_users(np.arange(240) < 160)
    tensors = {**network(300), **blend.memory(half)}
    rows = np.flatnonzero(data.users >= 160)
    gate = blend.fit_blend(tensors, data, rows, np.zeros((len(rows), 2), np.float32), RNG(0))
    trusted = [
        float(trust(gate, facts(tensors, np.full(6, item, np.int32)))[FEATURES.index("memory")])
        for item in (3, int(np.argmin(np.where(tensors["memory_mass"] > 0, tensors["memory_mass"], 1e9))))
    ]
    assert trusted[0] > trusted[1]


def test_newton_ends_where_no_step_is_better() -> None:
    """The fitted gate's loss is below that of every gate near it: the problem is convex."""
    rng = RNG(2)
    data = interactions([rng.integers(0, 15, 20).tolist() for _ in range(20)], 15)
    tensors = {**network(15), **blend.memory(data)}
    tensors["bias"] = rng.normal(size=15).astype(np.float32)
    cells = blend._cells(tensors, data, np.arange(len(data)), np.zeros((len(data), 2), np.float32), rng)
    gate = blend._newton(cells, np.zeros((len(FACTS), len(FEATURES))))
    least = blend._chances(cells, gate)[0]
    for _ in range(30):
        nearby = gate + rng.normal(size=gate.shape) * 0.05
        assert blend._chances(cells, nearby)[0] > least - 1e-5


def test_without_validation_events_the_network_speaks_alone() -> None:
    tensors = {**network(4), **blend.memory(interactions([[0, 1]], 4))}
    gate = blend.fit_blend(
        tensors, interactions([[]], 4), np.zeros(0, np.int64), np.zeros((0, 2), np.float32), RNG(0)
    )
    assert trust(gate, np.array([1, 5, 5], np.float32)).tolist() == [1, 0, 0, 0, 0]


def test_facts_beyond_what_was_learned_from_count_as_its_bounds() -> None:
    tensors, gate = fitted(interactions([[0, 1, 2, 3, 4, 5]] * 20, 6))
    beyond = facts(tensors, np.array([0, 1, 2, 3, 4] * 2000, np.int32))
    assert trust(gate, beyond)[0] == pytest.approx(trust(gate, np.minimum(beyond, gate[:, -1]))[0])
