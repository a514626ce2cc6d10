"""The softmax over a sample of the items, and steps that move only the rows that they touch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.blend import FEATURES
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.sequence import optimiser, softmax
from pzdecl.engine.training.sequence.encoder import Expected
from pzdecl.engine.training.sequence.loss import cross_entropy
from pzdecl.engine.training.sequence.optimiser import AdamW
from pzdecl.engine.training.sequence.softmax import Softmax
from tests.engine.training.worlds import fitted, interactions, job

ITEMS, WIDTH, EVENTS = 30, 8, 12


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def world(seed: int = 0) -> Interactions:
    rng = np.random.default_rng(seed)
    return interactions([(rng.random(20) ** 2 * ITEMS).astype(int).tolist() for _ in range(10)], ITEMS)


def read(seed: int = 0) -> Expected:
    g = generator(seed)
    states = torch.randn(EVENTS, WIDTH, generator=g).requires_grad_()
    targets = torch.randint(0, ITEMS, (EVENTS,), generator=g)
    return Expected(states, targets, torch.rand(EVENTS, generator=g), torch.arange(EVENTS), None)


def sampled(monkeypatch: pytest.MonkeyPatch, negatives: int) -> Softmax:
    monkeypatch.setattr(softmax, "LARGE", 1)
    monkeypatch.setattr(softmax, "NEGATIVES", negatives)
    monkeypatch.setattr(softmax, "product_dtype", lambda _: torch.float32)
    return Softmax(Network(ITEMS, WIDTH, generator()), world())


def test_the_sampled_loss_and_its_gradients_equal_torchs(monkeypatch: pytest.MonkeyPatch) -> None:
    made, one = sampled(monkeypatch, 5), read()
    nn.init.normal_(made.encoder.bias, generator=generator(1))
    loss = made.loss(one, np.random.default_rng(3))
    found = torch.autograd.grad(loss, (one.states, made.encoder.items, made.encoder.bias))
    codes, places, lowered = made.sample(one.targets, np.random.default_rng(3))
    assert len(codes) < ITEMS
    logits = one.states @ made.encoder.items[codes].t() + made.encoder.bias[codes] - lowered
    own = places[:EVENTS]
    logits = logits + F.one_hot(own, len(codes)) * lowered[own][:, None]
    plain = (F.cross_entropy(logits, own, reduction="none") * one.weights).sum() / EVENTS
    torch.testing.assert_close(loss, plain)
    expected = torch.autograd.grad(plain, (one.states, made.encoder.items, made.encoder.bias))
    for mine, other in zip(found, expected, strict=True):
        torch.testing.assert_close(mine.to_dense(), other)


def test_with_everything_in_the_sample_it_is_the_full_softmax(monkeypatch: pytest.MonkeyPatch) -> None:
    made, one = sampled(monkeypatch, 20_000), read()
    _, _, lowered = made.sample(one.targets, np.random.default_rng(0))
    assert len(lowered) == ITEMS
    assert lowered.abs().max() < 1e-6
    items, bias = made.encoder.table()
    full = cross_entropy(one.states, items, bias, one.targets, one.weights / EVENTS, torch.float32)
    torch.testing.assert_close(made.loss(one, np.random.default_rng(0)), full)


def test_the_sum_over_samples_stands_for_the_sum_over_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Popular items are drawn more often and lowered for it: on average nothing is off."""
    made, one = sampled(monkeypatch, 6), read()
    none = one._replace(targets=one.targets[:0])
    exact = (made.encoder.items @ one.states[0]).detach()
    sums = []
    for seed in range(2000):
        codes, _, lowered = made.sample(none.targets, np.random.default_rng(seed))
        sums.append(float((exact[codes] - lowered).exp().sum()))
    assert np.mean(sums) == pytest.approx(float(exact.exp().sum()), rel=0.02)


def test_a_sampled_step_gives_the_table_a_sparse_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    made = sampled(monkeypatch, 4)
    made.loss(read(), np.random.default_rng(0)).backward()  # type: ignore[no-untyped-call]
    assert made.encoder.items.grad is not None
    assert made.encoder.items.grad.is_sparse


def test_rows_move_by_adagrad_and_others_stay() -> None:
    table = nn.Parameter(torch.randn(6, 3, generator=generator()))
    before, dense = table.detach().clone(), nn.Parameter(torch.ones(2))
    steps = AdamW([table, dense], decay=0.1, clip=1e9, by_rows=[table])
    squares = torch.zeros(6)
    wanted = before.clone()
    for number in range(3):
        rows = torch.tensor([1, 4, 1]) if number else torch.tensor([1, 2, 1])
        values = torch.randn(3, 3, generator=generator(number))
        table.grad = torch.sparse_coo_tensor(rows[None], values, table.shape, check_invariants=True)
        steps.step(0.01)
        whole = torch.zeros(6, 3).index_add_(0, rows, values)
        squares += whole.square().mean(1)
        touched = rows.unique()
        wanted[touched] *= 1 - 0.01 * 0.1
        wanted[touched] -= 0.01 * optimiser.ROW_RATE * whole[touched] / squares[touched].sqrt()[:, None]
    torch.testing.assert_close(table.detach(), wanted)
    assert torch.equal(table.detach()[[0, 3, 5]], before[[0, 3, 5]])


def test_it_learns_by_samples_what_it_learns_from_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody goes round one of four circles of 15: what comes next is certain."""
    histories = [[(u * 7 + t) % 15 + 15 * (u % 4) for t in range(30)] for u in range(60)]
    data = interactions(histories, 60)
    monkeypatch.setattr(softmax, "LARGE", 10)
    monkeypatch.setattr(softmax, "NEGATIVES", 8)
    model = fitted("aws-hrnn", data, job(tmp_path, hidden_dimension=32))
    model.gate[:, : len(FEATURES)] = 0
    model.gate[0, FEATURES.index("network")] = 1  # alone
    lists = model.recommend(data, np.arange(60), 1)
    right = [(u * 7 + 30) % 15 + 15 * (u % 4) for u in range(60)]
    assert (lists[:, 0] == right).mean() > 0.9
