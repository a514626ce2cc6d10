"""The hierarchical network: loss, lanes, what it learns, and going on after a kill."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.hrnn import fit as hrnn_fit
from pzdecl.engine.training.hrnn.batches import history_chunks, training_chunks
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence import fit, loss
from pzdecl.engine.training.sequence.fit import recency_weights
from pzdecl.engine.training.sequence.optimiser import AdamW
from tests.engine.training.worlds import HOUR, fitted, interactions, job

GAP = 30 * 60


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def ring(users: int, items: int, length: int) -> Interactions:
    return interactions([[(u * 5 + t) % items for t in range(length)] for u in range(users)], items)


@pytest.mark.parametrize("events", [1, 7, 12])
def test_chunked_loss_and_gradients_equal_torchs(events: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loss, "CHUNK", {"cpu": 5})
    g = generator()
    shapes = ((events, 6), (11, 6), (11,))
    values = [torch.randn(s, generator=g, dtype=torch.float64, requires_grad=True) for s in shapes]
    targets = torch.randint(0, 11, (events,), generator=g)
    weights = torch.rand(events, generator=g, dtype=torch.float64)
    states, items, bias = values
    ours = loss.cross_entropy(states, items, bias, targets, weights, torch.float64)
    theirs = (F.cross_entropy(states @ items.t() + bias, targets, reduction="none") * weights).sum()
    torch.testing.assert_close(ours, theirs)
    for mine, other in zip(
        torch.autograd.grad(3 * ours, values), torch.autograd.grad(3 * theirs, values), strict=True
    ):
        torch.testing.assert_close(mine, other)


def test_many_items_take_smaller_chunks_not_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[int] = []
    softmax = torch.softmax

    def watched(logits: torch.Tensor, dim: int) -> torch.Tensor:
        sizes.append(logits.numel())
        return softmax(logits, dim)

    monkeypatch.setattr(torch, "softmax", watched)
    monkeypatch.setattr(loss, "CELLS", 1000)
    g = generator()
    states, items = torch.randn(64, 8, generator=g), torch.randn(90, 8, generator=g)
    targets, ones, bias = torch.randint(0, 90, (64,), generator=g), torch.ones(64), torch.zeros(90)
    bounded = loss.cross_entropy(states, items, bias, targets, ones, torch.float32)
    assert max(sizes) <= 1000
    torch.testing.assert_close(bounded, F.cross_entropy(states @ items.t(), targets, reduction="sum"))


def test_the_loss_in_bfloat16_is_near() -> None:
    g = generator()
    states, items = torch.randn(64, 32, generator=g) / 3, torch.randn(200, 32, generator=g) / 3
    targets, ones, bias = torch.randint(0, 200, (64,), generator=g), torch.ones(64), torch.zeros(200)
    exact, short = (
        loss.cross_entropy(states, items, bias, targets, ones, dtype)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert abs(float(exact - short)) < 0.01 * float(exact)


def test_lanes_hold_every_event_once() -> None:
    data = interactions([list(range(n)) for n in (3, 9, 1, 14, 6)], 14)
    chunks = list(training_chunks(data, np.ones(33, np.float32), GAP, 4, 5, np.random.default_rng(0)))
    items = torch.cat([chunk.items[chunk.weights > 0] for chunk in chunks])
    begun = sum(0 if lanes is None else len(lanes) for chunk in chunks for lanes in chunk.users)
    cut = begun - 5
    assert 0 <= cut <= 3
    assert len(items) == 33 - cut
    assert np.bincount(items, minlength=14)[1:].sum() >= np.bincount(data.items)[1:].sum() - cut


def test_padding_before_a_short_history_has_no_effect() -> None:
    data = interactions([[0, 1, 2, 3, 4, 5], [4, 2]], 6)
    network = Network(6, 8, generator())
    ((together, rows),) = history_chunks(data, np.array([0, 1]), GAP, 9)
    ((alone, _),) = history_chunks(data, np.array([1]), GAP, 9)
    assert rows.T.tolist() == [[0, 1, 2, 3, 4, 5], [-1, -1, -1, -1, 6, 7]]
    with torch.no_grad():
        _, state, user = network(together, *network.blank(2))
        _, state_alone, user_alone = network(alone, *network.blank(1))
    torch.testing.assert_close(state[1:], state_alone)
    torch.testing.assert_close(user[1:], user_alone)


def test_a_session_boundary_changes_the_state_and_carries_the_user_on() -> None:
    data = interactions([[0, 1, 2], [0, 1, 2], [3, 4, 2]], 5)
    times = data.timestamps + np.array([0, 0, 0, 0, 0, 9 * HOUR, 0, 0, 9 * HOUR])
    data = replace(data, timestamps=times)
    network = Network(5, 8, generator())
    ((chunk, _),) = history_chunks(data, np.arange(3), GAP, 9)
    with torch.no_grad():
        _, state, user = network(chunk, *network.blank(3))
    assert float((state[0] - state[1]).abs().max()) > 1e-3
    torch.testing.assert_close(user[0], network.start.detach())
    assert float((user[1] - user[2]).abs().max()) > 1e-3, "the user level forgets the first session"
    assert float((state[1] - state[2]).abs().max()) > 1e-4, "nothing of the first session reaches the second"


def test_newer_events_weigh_more() -> None:
    weights = recency_weights(interactions([[0] * 11], 1))
    assert weights[0] == 0.5
    assert weights[-1] == 1.0
    assert (np.diff(weights) > 0).all()


def test_it_learns_a_circle(tmp_path: Path) -> None:
    data = ring(40, 10, 60)
    model = fitted("aws-hrnn", data, job(tmp_path, hidden_dimension=32))
    shown = ring(12, 10, 17)
    lists = model.recommend(replace(shown, user_ids=data.user_ids), np.arange(12), 1)
    assert lists[:, 0].tolist() == [(u * 5 + 17) % 10 for u in range(12)]


def test_the_optimiser_does_what_torchs_does() -> None:
    weights = [nn.Parameter(torch.randn(size, generator=generator(1))) for size in ((4, 3), (3,))]
    copies = [nn.Parameter(weight.detach().clone()) for weight in weights]
    ours = AdamW(weights, decay=0.1, clip=0.5)
    theirs = torch.optim.AdamW(copies, lr=0.02, weight_decay=0.1)
    for step in range(5):
        for weight, copy in zip(weights, copies, strict=True):
            weight.grad = torch.randn(weight.shape, generator=generator(step))
            copy.grad = weight.grad.clone()
        ours.step(0.02)
        nn.utils.clip_grad_norm_(copies, 0.5)
        theirs.step()
    torch.testing.assert_close([w.detach() for w in weights], [c.detach() for c in copies])
    weights[0].grad = torch.full((4, 3), torch.nan)
    with pytest.raises(FloatingPointError):
        ours.step(0.02)
    assert all(weight.isfinite().all() for weight in weights)


def test_a_training_that_diverges_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hrnn_fit, "PEAK_RATE", float("inf"))
    with pytest.raises(TrainingFailed, match="diverged"):
        fitted("aws-hrnn", ring(30, 10, 30), job(tmp_path))


def test_training_loads_no_compiler() -> None:
    """Torch's own optimisers do, when they are made: two seconds."""
    program = (
        "import sys, pathlib, tempfile; from tests.engine.training.test_hrnn import ring, fitted, job\n"
        "fitted('aws-hrnn', ring(30, 10, 12), job(pathlib.Path(tempfile.mkdtemp())))\n"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_bptt_ends_the_gradient_but_not_the_state() -> None:
    """A chunk's first state is given: what it says matters, but nothing is learned from before."""
    data = interactions([[0, 1, 2, 3, 4, 5]], 6)
    network = Network(6, 8, generator())
    rng = np.random.default_rng(0)
    first, second = training_chunks(data, np.ones(6, np.float32), GAP, 1, 3, rng)
    _, state, user = network(first, *network.blank(1))
    carried, _, _ = network(second, state, user)
    fresh, _, _ = network(second, *network.blank(1))
    assert float((carried - fresh).detach().abs().max()) > 1e-3
    (gradient,) = torch.autograd.grad(carried.sum(), network.items)
    assert gradient.abs().sum(1).nonzero().flatten().tolist() == [3, 4]


@pytest.mark.parametrize(("bptt", "chunks"), [(2, 24), (32, 2)])
def test_bptt_is_the_length_of_a_chunk(bptt: int, chunks: int, tmp_path: Path) -> None:
    data = ring(8, 10, 48)
    network = hrnn_fit.build(TrainingData(data), job(tmp_path, bptt=bptt), generator())
    assert network.count(data) == chunks
    batches = list(network.batches(data, np.ones(len(data), np.float32), np.random.default_rng(0)))
    assert len(batches) == chunks
    assert batches[0].items.shape == (bptt, 8)


def test_recency_mask_follows_a_change_of_fashion(tmp_path: Path) -> None:
    """Everybody went round one way, of late everybody goes round the other way."""
    data = interactions([[(u + (t if u < 40 else -t)) % 10 for t in range(30)] for u in range(60)], 10)
    data = replace(data, timestamps=data.timestamps + (data.users >= 40) * 100 * HOUR)
    new_users, weights = [], []
    for mask in (True, False):
        weights.append(fit.event_weights(data, hrnn_fit.settings(job(tmp_path, recency_mask=mask))))
        model = fitted("aws-hrnn", data, job(tmp_path / str(mask), recency_mask=mask, hidden_dimension=32))
        shifted = replace(data, items=np.where(data.users >= 40, data.items // 5, data.items).astype(np.int32))
        new_users.append(model.finish(TrainingData(shifted))["new_user"])
    late = data.users >= 40
    assert weights[0][late].min() > weights[0][~late].max()
    assert (weights[1] == 1).all()
    assert new_users[0][:2].sum() > new_users[1][:2].sum() + 0.2


def test_hidden_dimension_is_the_width_of_everything(tmp_path: Path) -> None:
    data = ring(30, 10, 20)
    for width in (32, 48):
        tensors = fitted("aws-hrnn", data, job(tmp_path / str(width), hidden_dimension=width)).finish(
            TrainingData(data)
        )
        assert tensors["items"].shape == (10, width)
        assert tensors["expected"].shape == (30, width)
        assert tensors["network.session.state"].shape == (width, 3 * width)
        assert tensors["network.user.state"].shape == (width, 3 * width)


class Killed(Exception):
    pass


def test_a_killed_training_goes_on_to_the_same_weights(tmp_path: Path) -> None:
    data = ring(40, 10, 30)
    reported: list[Progress] = []
    whole = fitted("aws-hrnn", data, replace(job(tmp_path / "whole"), report=reported.append)).finish(
        TrainingData(data)
    )
    again: list[Progress] = []

    def kill(progress: Progress) -> None:
        again.append(progress)
        if progress.done > 2.4:
            raise Killed

    with pytest.raises(Killed):
        fitted("aws-hrnn", data, replace(job(tmp_path / "cut"), report=kill))
    resumed: list[Progress] = []
    parts = fitted("aws-hrnn", data, replace(job(tmp_path / "cut"), report=resumed.append)).finish(
        TrainingData(data)
    )
    assert 2 < resumed[0].done <= 3
    assert reported[-1].done == resumed[-1].done
    assert all(np.array_equal(whole[name], parts[name]) for name in whole)


@pytest.mark.parametrize("left", ["of other data", "half written"])
def test_a_training_goes_on_only_from_a_checkpoint_of_its_own(left: str, tmp_path: Path) -> None:
    """While it was interrupted, an import may have replaced the data, or the machine have gone down."""
    data = ring(40, 10, 30)
    whole = fitted("aws-hrnn", data, job(tmp_path / "whole")).finish(TrainingData(data))

    def kill(progress: Progress) -> None:
        if progress.done > 1.4:
            raise Killed

    other = ring(40, 11, 30) if left == "of other data" else data
    with pytest.raises(Killed):
        fitted("aws-hrnn", other, replace(job(tmp_path / "cut"), report=kill))
    (file,) = (tmp_path / "cut").iterdir()
    if left == "half written":
        file.write_bytes(file.read_bytes()[:1000])
    found = fitted("aws-hrnn", data, job(tmp_path / "cut")).finish(TrainingData(data))
    assert all(np.array_equal(whole[name], found[name]) for name in whole)


@pytest.mark.parametrize("recipe", ["aws-hrnn", "aws-item-affinity"])
def test_all_is_worked_out_on_one_thread(recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Sums that threads share end in other digits, so a model would depend on the number of cores."""
    threads: list[int] = []
    run = Network.forward

    def watched(self: Network, *given: Any) -> Any:
        threads.append(torch.get_num_threads())
        return run(self, *given)

    monkeypatch.setattr(Network, "forward", watched)
    data, before = ring(30, 8, 10), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        model = fitted(recipe, data, job(tmp_path, hidden_dimension=32))
        trained = len(threads)
        if recipe == "aws-hrnn":
            model.recommend(data, np.arange(5), 3)
        else:
            model.answers(data, 3, 5)
        asked = len(threads)
        model.finish(TrainingData(data))
    finally:
        torch.set_num_threads(before)
    assert 0 < trained < asked < len(threads)
    assert set(threads) == {1}


def test_progress_tells_epochs_rate_loss_and_time_left(tmp_path: Path) -> None:
    seen: list[Progress] = []
    fitted("aws-hrnn", ring(30, 10, 30), replace(job(tmp_path), report=seen.append))
    done = [progress.done for progress in seen]
    assert done == sorted(done)
    assert {progress.unit for progress in seen} == {"epochs"}
    assert all((p.total or 0) >= p.done and p.rate and p.eta is not None for p in seen)
    assert {"loss", "epoch_loss", "validation_loss"} == set(seen[-1].detail)
    assert seen[-1].detail["validation_loss"] < 2.5


def test_a_cancelled_training_ends_within_a_chunk(tmp_path: Path) -> None:
    asked = []

    def cancelled() -> bool:
        asked.append(True)
        return len(asked) > 3

    base = job(tmp_path)
    with pytest.raises(TrainingCancelled):
        fitted("aws-hrnn", ring(30, 10, 30), Job(base.parameters, 0, base.report, cancelled, tmp_path))
    assert len(asked) == 4


def test_the_callers_randomness_and_threads_are_left_alone(tmp_path: Path) -> None:
    torch.manual_seed(5)
    state, threads = torch.get_rng_state(), torch.get_num_threads()
    fitted("aws-hrnn", ring(30, 10, 20), job(tmp_path))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.get_num_threads() == threads
