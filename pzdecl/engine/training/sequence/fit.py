"""Fits any encoder.

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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pzdecl.engine.data.event_parameters import type_weights
from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.model import Job
from pzdecl.engine.training.sequence import blend
from pzdecl.engine.training.sequence.checkpoint import Checkpoint
from pzdecl.engine.training.sequence.encoder import Encoder, Settings
from pzdecl.engine.training.sequence.loss import cross_entropy, product_dtype
from pzdecl.engine.training.sequence.optimiser import AdamW
from pzdecl.engine.training.sequence.sequences import Sequences, tables
from pzdecl.engine.training.split import split, within_percentiles

FINISHING = 2**31
"""In place of an epoch's number in the seed."""

Build = Callable[[TrainingData, Job, torch.Generator], Encoder]
"""Makes the untrained encoder for data; all its randomness comes from the generator."""


def fit_sequences(build: Build, data: TrainingData, job: Job, settings: Settings) -> Sequences:
    """Trains until the validation loss no longer falls, and fits the blend."""
    with one_thread():
        return _fit(build, data.with_interactions(_within(data.interactions, settings)), job, settings)


def _fit(build: Build, data: TrainingData, job: Job, settings: Settings) -> Sequences:
    events = data.interactions
    parts = split(events, job.seed + 1)
    validating = np.zeros(len(events.user_ids), bool)
    validating[parts.test_users] = True
    training, validation = events.of_users(~validating), events.of_users(validating)
    encoder = build(data, job, torch.Generator().manual_seed(job.seed))
    curve = _train(encoder, training, validation, job, settings)
    expected, rows = encoder.expectations(validation)
    most = max(64, blend.MOST_CELLS // len(events.item_ids))
    chosen = np.sort(np.random.default_rng(job.seed).permutation(len(rows))[:most])
    known = {**tables(encoder), **blend.memory(training)}
    factors = blend.fit_blend(known, validation, rows[chosen], expected[chosen])

    def finish(everybody: Interactions) -> Interactions:
        kept = _within(everybody, settings)
        with one_thread():
            _finishing_epoch(encoder, kept, job, settings)
        return kept

    return Sequences(encoder, factors, events, finish, popular=settings.recency, curve=curve)


def _train(
    encoder: Encoder, training: Interactions, validation: Interactions, job: Job, settings: Settings
) -> list[dict[str, float]]:
    """Leaves the weights of the epoch with the lowest validation loss in `encoder`; gives all losses."""
    steps = encoder.count(training)
    epochs = min(max(math.ceil(settings.steps / steps), settings.epochs[0]), settings.epochs[1])
    optimiser = AdamW(encoder.parameters(), decay=settings.decay, clip=settings.clip)
    checkpoint = Checkpoint.open(job.scratch, encoder, optimiser)
    weights = event_weights(training, settings)
    began, already = time.monotonic(), checkpoint.epoch
    while checkpoint.epoch < epochs and checkpoint.epoch - checkpoint.best_epoch < settings.patience:
        epoch = checkpoint.epoch
        losses = []
        rng, dropout = np.random.default_rng((job.seed, epoch)).spawn(2)
        carry = None
        for number, batch in enumerate(encoder.batches(training, weights, rng)):
            if job.cancelled():
                raise TrainingCancelled
            rate = _rate((epoch * steps + number) / (epochs * steps), settings)
            loss, carry = _step(encoder, optimiser, rate, batch, carry, dropout)
            losses.append(loss)
            done = epoch + (number + 1) / steps
            pace = (done - already) / max(time.monotonic() - began, 1e-9)
            detail = {"loss": loss, **checkpoint.detail}
            job.report(Progress("epochs", round(done, 3), epochs, pace, (epochs - done) / pace, detail))
        checkpoint.advance(float(np.mean(losses)), _validation_loss(encoder, validation))
    checkpoint.load_best()
    return checkpoint.curve


def _step(
    encoder: Encoder, optimiser: AdamW, rate: float, batch: Any, carry: Any, dropout: np.random.Generator
) -> tuple[float, Any]:
    """One update on one batch; the states go on into the next, their gradient does not."""
    states, targets, weights, _, carry, table = encoder.read(batch, carry, dropout)
    items, bias = table or encoder.table()
    loss = cross_entropy(states, items, bias, targets, weights / max(len(weights), 1), product_dtype())
    loss.backward()  # type: ignore[no-untyped-call]
    try:
        optimiser.step(rate)
    except FloatingPointError:
        raise TrainingFailed("Training diverged: the loss is no longer a number.") from None
    return float(loss.detach()), carry


def _finishing_epoch(encoder: Encoder, data: Interactions, job: Job, settings: Settings) -> None:
    optimiser = AdamW(encoder.parameters(), decay=settings.decay, clip=settings.clip)
    rng, dropout = np.random.default_rng((job.seed, FINISHING)).spawn(2)
    carry = None
    for batch in encoder.batches(data, event_weights(data, settings), rng):
        if job.cancelled():
            raise TrainingCancelled
        _, carry = _step(encoder, optimiser, settings.finishing_rate, batch, carry, dropout)


def _validation_loss(encoder: Encoder, data: Interactions) -> float:
    """Mean cross-entropy over all events of the validation users."""
    expected, rows = encoder.expectations(data)
    targets = torch.from_numpy(data.items[rows].astype(np.int64))
    with torch.no_grad():
        items, bias = encoder.table()
        ones = torch.ones(len(rows))
        total = cross_entropy(torch.from_numpy(expected), items, bias, targets, ones, product_dtype())
    return float(total) / max(len(rows), 1)


def recency_weights(data: Interactions) -> NDArray[np.float32]:
    """float32[n], from 1/2 for the oldest event to 1 for the newest, by rank in time: outliers do no harm."""
    rank = np.empty(len(data))
    rank[np.argsort(data.timestamps, kind="stable")] = np.arange(len(data))
    return np.exp2(rank / max(len(data) - 1, 1) - 1).astype(np.float32)


def event_weights(data: Interactions, settings: Settings) -> NDArray[np.float32]:
    """float32[n]: how much each event counts in the loss."""
    weights = type_weights(data, settings.by_type)
    return weights * recency_weights(data) if settings.recency else weights


def _within(data: Interactions, settings: Settings) -> Interactions:
    return data.of_users(within_percentiles(data.lengths, *settings.lengths))


def _rate(progress: float, settings: Settings) -> float:
    """The learning rate at a share of all steps: up in a line, down along a cosine."""
    if progress < settings.warm_up:
        return settings.peak_rate * max(progress / settings.warm_up, 0.04)
    done = (progress - settings.warm_up) / (1 - settings.warm_up)
    return settings.peak_rate * max(0.5 + 0.5 * math.cos(math.pi * done), 1e-3)


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds torch to one thread, and lets it go as it was."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
