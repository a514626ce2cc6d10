"""Fits any encoder.

Of the training users one in ten validates: the network trains on the others, epoch by epoch with a checkpoint
after each, and stops where the validation loss no longer falls. Then the gate of the blend is fitted on the
same validation users. For serving, one more epoch at a small learning rate over everybody lets the newest
events and items in, and each user's state is computed once.

Everything random follows from the seed and the epoch, so a training that is killed and goes on from its
checkpoint gives the same weights as one that was never interrupted. Torch is held to one thread (see
`threads.py`).
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from pzdecl.engine.data.event_parameters import type_weights
from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.training.device import chosen_device
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.model import Base, Job
from pzdecl.engine.training.objective import objective_of
from pzdecl.engine.training.sequence import blend
from pzdecl.engine.training.sequence.checkpoint import Checkpoint, mark_of
from pzdecl.engine.training.sequence.encoder import Encoder, Settings
from pzdecl.engine.training.sequence.optimiser import AdamW
from pzdecl.engine.training.sequence.sequences import Sequences, tables
from pzdecl.engine.training.sequence.softmax import Softmax, full_loss
from pzdecl.engine.training.sequence.threads import one_thread
from pzdecl.engine.training.split import split, within_percentiles

FINISHING = 2**31
"""In place of an epoch's number in the seed."""
UPDATING = 0.3
"""The share of the peak rate in an update's epochs before the last one."""
UPDATING_STEPS = 40
"""Steps that these epochs have together at least, so that small data get more than one."""

VALIDATION_CELLS = 2**29
"""Events x items that the validation loss looks at at most: 100,000 events with 5,000 items."""
DIVERGED = "Training diverged: the loss is no longer a number."
NOTHING_COUNTS = (
    "eventsConfig gives no event a weight above 0: there is nothing to learn. Give a weight to a type of which "
    "there are events."
)

Build = Callable[[TrainingData, Job, torch.Generator], Encoder]
"""Makes the untrained encoder for data; all its randomness comes from the generator."""


@one_thread()
def fit_sequences(build: Build, data: TrainingData, job: Job, settings: Settings) -> Sequences:
    """Trains until the validation loss no longer falls, and fits the blend."""
    data = data.with_interactions(_within(data.interactions, settings))
    if job.base is not None:
        return _updated(build, data, job, job.base, settings)
    events = data.interactions
    objective = objective_of(data, job.config)
    parts = split(events, job.seed + 1)
    validating = np.zeros(len(events.user_ids), bool)
    validating[parts.test_users] = True
    training, validation = events.of_users(~validating), events.of_users(validating)
    if not len(training):
        raise TrainingFailed(
            "Too few users to train on: of those whose histories lie between "
            "min_user_history_length_percentile and max_user_history_length_percentile, one in ten validates "
            "and none is left. Widen the percentiles, or import more users."
        )
    encoder = build(data, job, torch.Generator().manual_seed(job.seed)).to(chosen_device(job.device))
    mark = mark_of(encoder, events, job)
    curve = _train(encoder, training, validation, job, settings, mark)
    expected, rows = encoder.expectations(validation)
    known = {**tables(encoder), **blend.memory(training)}
    gate = blend.fit_blend(known, validation, rows, expected, np.random.default_rng(job.seed))
    finish = _finisher(encoder, job, settings)
    return Sequences(encoder, gate, events, finish, popular=settings.recency, curve=curve, objective=objective)


def _updated(build: Build, data: TrainingData, job: Job, base: Base, settings: Settings) -> Sequences:
    """With an earlier training's weights and gate: all that is still learned is the last epoch."""
    encoder = build(data, job, torch.Generator().manual_seed(job.seed))
    encoder.restore(base, data)
    encoder.to(chosen_device(job.device))
    finish = _finisher(encoder, job, settings)
    return Sequences(
        encoder,
        base.weights["blend"],
        data.interactions,
        finish,
        popular=settings.recency,
        objective=objective_of(data, job.config),
    )


def _finisher(encoder: Encoder, job: Job, settings: Settings) -> Callable[[Interactions], Interactions]:
    """Trains the last epochs over everybody; gives the events that it used."""

    def finish(everybody: Interactions) -> Interactions:
        kept = _within(everybody, settings)
        _finishing_epochs(encoder, kept, job, settings)
        return kept

    return finish


def _train(
    encoder: Encoder,
    training: Interactions,
    validation: Interactions,
    job: Job,
    settings: Settings,
    mark: str,
) -> list[dict[str, float]]:
    """Leaves the weights of the epoch with the lowest validation loss in `encoder`; gives all losses.

    `mark` is of what may be gone on with: see `checkpoint`.
    """
    steps = encoder.count(training)
    epochs = min(max(math.ceil(settings.steps / steps), settings.epochs[0]), settings.epochs[1])
    softmax = Softmax(encoder, training)
    optimiser = optimiser_of(encoder, settings)
    checkpoint = Checkpoint.open(job.scratch, encoder, optimiser, mark)
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
            loss, carry = _step(softmax, optimiser, rate, batch, carry, dropout)
            losses.append(loss)
            done = epoch + (number + 1) / steps
            pace = (done - already) / max(time.monotonic() - began, 1e-9)
            detail = {"loss": loss, **checkpoint.detail}
            job.report(Progress("epochs", round(done, 3), epochs, pace, (epochs - done) / pace, detail))
        checkpoint.advance(float(np.mean(losses)), _validation_loss(encoder, validation, job.seed))
    checkpoint.load_best()
    return checkpoint.curve


def _step(
    softmax: Softmax, optimiser: AdamW, rate: float, batch: Any, carry: Any, dropout: np.random.Generator
) -> tuple[float, Any]:
    """One update on one batch; the states go on into the next, their gradient does not."""
    read = softmax.encoder.read(batch, carry, dropout)
    loss = softmax.loss(read, dropout)
    loss.backward()  # type: ignore[no-untyped-call]
    try:
        optimiser.step(rate)
    except FloatingPointError:
        raise TrainingFailed(DIVERGED) from None
    return float(loss.detach()), read.carry


def _finishing_epochs(encoder: Encoder, data: Interactions, job: Job, settings: Settings) -> None:
    """One at a small learning rate; where an earlier training is updated, some at a higher rate before it."""
    softmax, steps = Softmax(encoder, data), encoder.count(data)
    more = math.ceil(UPDATING_STEPS / steps) if job.base is not None else 0
    rates = [settings.peak_rate * UPDATING] * more + [settings.finishing_rate]
    optimiser = optimiser_of(encoder, settings)
    weights = event_weights(data, settings)
    for epoch, rate in enumerate(rates):
        rng, dropout = np.random.default_rng((job.seed, FINISHING + epoch)).spawn(2)
        carry = None
        for number, batch in enumerate(encoder.batches(data, weights, rng)):
            if job.cancelled():
                raise TrainingCancelled
            loss, carry = _step(softmax, optimiser, rate, batch, carry, dropout)
            if job.base is not None:  # otherwise other epochs were told of
                done = round(epoch + (number + 1) / steps, 3)
                job.report(Progress("epochs", done, len(rates), detail={"loss": loss}))


def _validation_loss(encoder: Encoder, data: Interactions, seed: int) -> float:
    """Mean cross-entropy over the events of the validation users, of large catalogues over some of them."""
    expected, rows = encoder.expectations(data)
    most = max(64, VALIDATION_CELLS // len(data.item_ids))
    if len(rows) > most:
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
        expected, rows = expected[chosen], rows[chosen]
    loss = full_loss(encoder, expected, data.items[rows])
    if not math.isfinite(loss):
        raise TrainingFailed(DIVERGED)
    return loss


def recency_weights(data: Interactions) -> NDArray[np.float32]:
    """float32[n], from 1/2 for the oldest event to 1 for the newest, by rank in time: outliers do no harm."""
    rank = np.empty(len(data))
    rank[np.argsort(data.timestamps, kind="stable")] = np.arange(len(data))
    return np.exp2(rank / max(len(data) - 1, 1) - 1).astype(np.float32)


def event_weights(data: Interactions, settings: Settings) -> NDArray[np.float32]:
    """float32[n]: how much each event counts in the loss. Raises TrainingFailed where none does."""
    weights = type_weights(data, settings.by_type)
    if not weights.any():
        raise TrainingFailed(NOTHING_COUNTS)
    return weights * recency_weights(data) if settings.recency else weights


def _within(data: Interactions, settings: Settings) -> Interactions:
    return data.of_users(within_percentiles(data.lengths, *settings.lengths))


def optimiser_of(encoder: Encoder, settings: Settings) -> AdamW:
    """For all parameters; the items' table by rows where the encoder says so."""
    by_rows = [encoder.items] if encoder.by_rows else []
    return AdamW(encoder.parameters(), decay=settings.decay, clip=settings.clip, by_rows=by_rows)


def _rate(progress: float, settings: Settings) -> float:
    """The learning rate at a share of all steps: up in a line, down along a cosine."""
    if progress < settings.warm_up:
        return settings.peak_rate * max(progress / settings.warm_up, 0.04)
    done = (progress - settings.warm_up) / (1 - settings.warm_up)
    return settings.peak_rate * max(0.5 + 0.5 * math.cos(math.pi * done), 1e-3)
