"""Fits aws-hrnn.

Of the training users one in ten validates: the network trains on the others, epoch by epoch with a checkpoint
after each, and stops where the validation loss no longer falls. Then the factors of the blend are fitted on the
same validation users. For serving, one more epoch at a small learning rate over everybody lets the newest
events and items in, and each user's state is computed once.

Everything random follows from the seed and the epoch, so a training that is killed and goes on from its
checkpoint gives the same weights as one that was never interrupted. Torch is held to one thread: the steps are
small, a second thread gains little on an idle machine, and on a busy one threads that wait for each other make
it many times slower. It also keeps results independent of the number of cores. Trainings run side by side
instead.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.serving.hrnn import best, blended, network_logits, softmax
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.hrnn import blend
from pzdecl.engine.training.hrnn.batches import Chunk, recency_weights, training_chunks
from pzdecl.engine.training.hrnn.checkpoint import Checkpoint
from pzdecl.engine.training.hrnn.histories import expectations, last_expectations
from pzdecl.engine.training.hrnn.loss import cross_entropy, product_dtype
from pzdecl.engine.training.hrnn.network import Network
from pzdecl.engine.training.hrnn.optimiser import AdamW
from pzdecl.engine.training.hrnn.sessions import session_gap
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.split import split, within_percentiles

PEAK_RATE = 0.01
WARM_UP = 0.1
"""Share of the steps in which the learning rate rises; then it falls along a cosine."""
WEIGHT_DECAY = 1e-4
CLIP = 5.0
STEPS = 400
"""Optimiser steps aimed at: small data gets more epochs, within EPOCHS."""
EPOCHS = (8, 40)
LANES = (8, 256)
CHUNKS = 48
"""Chunks of an epoch aimed at when choosing the number of lanes."""
PATIENCE = 4
FINISHING_RATE = 0.001
FINISHING = 2**31
"""In place of an epoch's number in the seed."""
USERS_AT_ONCE = 256
NEW_USER_POPULARITY = 0.5
"""With recency_mask: the share of what is popular of late in the answer for a user without a history."""


class Hrnn:
    """The fitted network and its blend."""

    def __init__(
        self, network: Network, factors: NDArray[np.float32], gap: int, fitted: Interactions, job: Job
    ) -> None:
        self.network = network
        self.gap = gap
        self.factors = factors
        self.fitted = fitted
        self.job = job

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """What each user takes up next after the events in `shown`; items they had may be among it."""
        tensors = {**_tables(self.network), **blend.memory(self.fitted), "blend": self.factors}
        lists = np.full((len(users), count), -1, np.int32)
        for start in range(0, len(users), USERS_AT_ONCE):
            some = users[start : start + USERS_AT_ONCE]
            ends = shown.offsets[some + 1]
            scores = blended(
                tensors,
                last_expectations(self.network, shown, some, self.gap),
                blend.context(shown, ends, some),
                blend.seen(shown, ends, some),
            )
            found = best(scores, count)
            lists[start : start + len(some), : found.shape[1]] = found
        return lists

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """One more epoch over everybody, then the state of every user.

        Returns `items` float32[N, h], `bias` float32[N], `blend` float32[3]: see `pzdecl.engine.serving.hrnn`;
        `memory_*`: see `blend.memory`; `expected` float32[U, h], `context` int32[U, CONTEXT], `seen_offsets`
        int64[U + 1] and `seen_items` int32: one row a user; `new_user` float32[N]: the answer without a
        history; `network.*` and `session_gap` (seconds) int64[1]: with these a state can be carried on.
        """
        with _one_thread():
            return self._finished(data.interactions)

    def _finished(self, data: Interactions) -> dict[str, NDArray[Any]]:
        kept = _within_length(data, self.job)
        _finishing_epoch(self.network, kept, self.gap, self.job)
        users = np.arange(len(data.user_ids))
        had = blend.seen(data, data.offsets[1:], users)
        tables = _tables(self.network)
        weights = self.network.state_dict()
        return {
            **tables,
            **blend.memory(kept),
            "blend": self.factors,
            "session_gap": np.array([self.gap], np.int64),
            "expected": last_expectations(self.network, data, users, self.gap),
            "context": blend.context(data, data.offsets[1:], users),
            "seen_offsets": np.concatenate(([0], np.cumsum([len(items) for items in had]))).astype(np.int64),
            "seen_items": np.concatenate([np.zeros(0, np.int32), *had]).astype(np.int32),
            "new_user": self._new_user(data, tables),
            **{f"network.{k}": v.numpy() for k, v in weights.items() if k not in tables},
        }

    def _new_user(self, data: Interactions, tables: dict[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Chances of each item for a user of whom nothing is known."""
        with torch.no_grad():
            first = self.network.expect(self.network.begin()).numpy()
        chances = softmax(network_logits(tables, first))[0]
        if self.job.parameters["recency_mask"]:
            late = np.quantile(data.timestamps, 0.75)
            counts = np.bincount(data.items[data.timestamps >= late], minlength=len(data.item_ids))
            chances += NEW_USER_POPULARITY * (counts / counts.sum() - chances)
        return np.asarray(chances, np.float32)


def fit_hrnn(data: TrainingData, job: Job) -> Hrnn:
    """Trains until the validation loss no longer falls, and fits the blend."""
    with _one_thread():
        return _fit(_within_length(data.interactions, job), job)


def _fit(data: Interactions, job: Job) -> Hrnn:
    parts = split(data, job.seed + 1)
    validating = np.zeros(len(data.user_ids), bool)
    validating[parts.test_users] = True
    training, validation = data.of_users(~validating), data.of_users(validating)
    network = Network(
        len(data.item_ids), int(job.parameters["hidden_dimension"]), torch.Generator().manual_seed(job.seed)
    )
    gap = session_gap(data)
    _train(network, training, validation, gap, job)
    expected, rows = expectations(network, validation, gap)
    most = max(64, blend.MOST_CELLS // len(data.item_ids))
    chosen = np.sort(np.random.default_rng(job.seed).permutation(len(rows))[:most])
    tensors = {**_tables(network), **blend.memory(training)}
    factors = blend.fit_blend(tensors, validation, rows[chosen], expected[chosen])
    return Hrnn(network, factors, gap, data, job)


def _train(network: Network, training: Interactions, validation: Interactions, gap: int, job: Job) -> None:
    """Leaves the weights of the epoch with the lowest validation loss in `network`."""
    width, steps, chunks = shape(training, job)
    epochs = min(max(math.ceil(STEPS / chunks), EPOCHS[0]), EPOCHS[1])
    optimiser = AdamW(network.parameters(), decay=WEIGHT_DECAY, clip=CLIP)
    checkpoint = Checkpoint.open(job.scratch, network, optimiser)
    weights = weights_of(training, job)
    began, already = time.monotonic(), checkpoint.epoch
    while checkpoint.epoch < epochs and checkpoint.epoch - checkpoint.best_epoch < PATIENCE:
        epoch = checkpoint.epoch
        losses = []
        rng, dropout = np.random.default_rng((job.seed, epoch)).spawn(2)
        states = network.blank(width)
        for number, chunk in enumerate(training_chunks(training, weights, gap, width, steps, rng)):
            if job.cancelled():
                raise TrainingCancelled
            rate = _rate((epoch * chunks + number) / (epochs * chunks))
            loss, states = _step(network, optimiser, rate, chunk, states, dropout)
            losses.append(loss)
            done = epoch + (number + 1) / chunks
            pace = (done - already) / max(time.monotonic() - began, 1e-9)
            detail = {"loss": loss, **checkpoint.detail}
            job.report(Progress("epochs", round(done, 3), epochs, pace, (epochs - done) / pace, detail))
        checkpoint.advance(float(np.mean(losses)), _validation_loss(network, validation, gap))
    checkpoint.load_best()


def _step(
    network: Network,
    optimiser: AdamW,
    rate: float,
    chunk: Chunk,
    states: tuple[Tensor, Tensor],
    dropout: np.random.Generator,
) -> tuple[float, tuple[Tensor, Tensor]]:
    """One update on one chunk; the states go on into the next, their gradient does not (truncated, `bptt`)."""
    expected, state, user = network(chunk, *states, dropout)
    weights = chunk.weights.flatten()
    loss = cross_entropy(
        expected.flatten(0, 1),
        network.items,
        network.bias,
        chunk.items.flatten(),
        weights / max(len(weights), 1),
        product_dtype(),
    )
    loss.backward()  # type: ignore[no-untyped-call]
    try:
        optimiser.step(rate)
    except FloatingPointError:
        raise TrainingFailed("Training diverged: the loss is no longer a number.") from None
    return float(loss.detach()), (state.detach(), user.detach())


def _finishing_epoch(network: Network, data: Interactions, gap: int, job: Job) -> None:
    width, steps, _ = shape(data, job)
    optimiser = AdamW(network.parameters(), decay=WEIGHT_DECAY, clip=CLIP)
    rng, dropout = np.random.default_rng((job.seed, FINISHING)).spawn(2)
    states = network.blank(width)
    for chunk in training_chunks(data, weights_of(data, job), gap, width, steps, rng):
        if job.cancelled():
            raise TrainingCancelled
        _, states = _step(network, optimiser, FINISHING_RATE, chunk, states, dropout)


def _validation_loss(network: Network, data: Interactions, gap: int) -> float:
    """Mean cross-entropy over all events of the validation users."""
    expected, rows = expectations(network, data, gap)
    targets = torch.from_numpy(data.items[rows].astype(np.int64))
    with torch.no_grad():
        ones = torch.ones(len(rows))
        total = cross_entropy(
            torch.from_numpy(expected), network.items, network.bias, targets, ones, product_dtype()
        )
    return float(total) / max(len(rows), 1)


def shape(data: Interactions, job: Job) -> tuple[int, int, int]:
    """Lanes, steps of a chunk, chunks of an epoch."""
    steps = int(job.parameters["bptt"])
    width = min(max(len(data) // (steps * CHUNKS) // 8 * 8, LANES[0]), LANES[1])
    return width, steps, math.ceil(math.ceil(len(data) / width) / steps)


def weights_of(data: Interactions, job: Job) -> NDArray[np.float32]:
    """float32[n]: how much each event counts in the loss, by `recency_mask`."""
    return recency_weights(data) if job.parameters["recency_mask"] else np.ones(len(data), np.float32)


def _within_length(data: Interactions, job: Job) -> Interactions:
    low, high = (job.parameters[f"{end}_user_history_length_percentile"] for end in ("min", "max"))
    return data.of_users(within_percentiles(data.lengths, low, high))


def _rate(progress: float) -> float:
    """The learning rate at a share of all steps: up in a line, down along a cosine."""
    if progress < WARM_UP:
        return PEAK_RATE * max(progress / WARM_UP, 0.04)
    return PEAK_RATE * max(0.5 + 0.5 * math.cos(math.pi * (progress - WARM_UP) / (1 - WARM_UP)), 1e-3)


@contextmanager
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


def _tables(network: Network) -> dict[str, NDArray[Any]]:
    return {"items": network.items.detach().numpy(), "bias": network.bias.detach().numpy()}
