"""The network: two recurrent levels, one for the session and one for the user.

After Quadrana, Karatzoglou, Hidasi and Cremonesi, "Personalizing Session-based Recommendations with
Hierarchical Recurrent Neural Networks" (RecSys 2017), variant HRNN-All. s is the state of the session, c that
of the user:

    a user's first event     c = start,             s = tanh(c Wi + bi)
    a new session begins     c = GRU_user(s, c),    s = tanh(c Wi + bi)
    every event x            s = GRU_session(x + c Wc, s)

What comes next is always read from the newest s, also where the next event will begin a session: whoever asks
for recommendations does not say whether a session goes on. Items are scored by the product of their vector with
the projected s; the same vectors are the input (tied embeddings).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.hrnn import histories
from pzdecl.engine.training.hrnn.batches import Chunk, training_chunks
from pzdecl.engine.training.hrnn.recurrence import Recurrence, Weights, advance
from pzdecl.engine.training.hrnn.sessions import GAPS
from pzdecl.engine.training.sequence.encoder import Encoder, Expected

LANES = (8, 256)
CHUNKS = 48
"""Chunks of an epoch aimed at when choosing the number of lanes."""
DROPPED = 77
"""Of 256 values, those that dropout takes from what goes in and from what comes out: 30%."""


class Level(nn.Module):
    """One gated recurrent unit: (B, d) inputs, (B, h) states. Gates in its 3h columns: reset, update, new."""

    def __init__(self, width: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.input = _weight(width, 3 * hidden, hidden, generator)
        self.input_bias = nn.Parameter(torch.zeros(3 * hidden))
        self.state = _weight(hidden, 3 * hidden, hidden, generator)
        self.state_bias = nn.Parameter(torch.zeros(3 * hidden))

    def project(self, inputs: Tensor) -> Tensor:
        """The inputs' part of the gates; for many steps at once it is one product."""
        return inputs @ self.input + self.input_bias


class Network(Encoder):
    """`items` x h vectors and the two levels.

    `gap` is the time between two sessions in seconds, `steps` how many events the gradient goes back (`bptt`).
    """

    def __init__(
        self, items: int, hidden: int, generator: torch.Generator, *, gap: int = GAPS[0], steps: int = 32
    ) -> None:
        super().__init__()
        self.hidden = hidden
        self.gap = gap
        self.steps = steps
        self.items = nn.Parameter(torch.randn(items, hidden, generator=generator) * hidden**-0.5)
        self.bias = nn.Parameter(torch.zeros(items))
        self.session = Level(hidden, hidden, generator)
        self.user = Level(hidden, hidden, generator)
        self.user_to_session = _weight(hidden, 3 * hidden, hidden, generator)
        self.init = _weight(hidden, hidden, hidden, generator)
        self.init_bias = nn.Parameter(torch.zeros(hidden))
        self.start = nn.Parameter(torch.zeros(hidden))
        self.output = _weight(hidden, hidden, hidden, generator)
        self.output_bias = nn.Parameter(torch.zeros(hidden))

    @property
    def recurrence(self) -> Weights:
        """The weights of the two levels."""
        session, user = self.session, self.user
        return Weights(
            session.state, session.state_bias, self.user_to_session, self.init, self.init_bias, self.start,
            user.input, user.input_bias, user.state, user.state_bias,
        )  # fmt: skip

    def begin(self) -> Tensor:
        """The state (1, h) with which a new user's first session begins."""
        return self.recurrence.begin(self.start[None])

    def blank(self, lanes: int) -> tuple[Tensor, Tensor]:
        """States for lanes whose history is yet to begin."""
        return self.bias.new_zeros(lanes, self.hidden), self.bias.new_zeros(lanes, self.hidden)

    def forward(
        self, chunk: Chunk, state: Tensor, user: Tensor, dropout: np.random.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Runs T events in B lanes from the states s and c (B, h).

        Returns (T, B, h), what is expected *before* each event, projected; and s and c after the last.
        `dropout` is the generator to draw it from in training.
        """
        projected = self.session.project(_drop(self.embed(chunk.items, chunk.rows), dropout))
        marks = chunk.users, chunk.sessions
        if torch.is_grad_enabled():
            before, state, user = Recurrence.apply(projected, state, user, *marks, *self.recurrence)  # type: ignore[no-untyped-call]
        else:
            before, state, user, _ = advance(self.recurrence, projected, state, user, *marks)
        return self.expect(_drop(before, dropout)), state, user

    def expect(self, state: Tensor) -> Tensor:
        """What a session state (..., h) expects next, as a vector to multiply with the items' vectors."""
        return state @ self.output + self.output_bias

    def count(self, data: Interactions) -> int:
        """Chunks of an epoch."""
        return math.ceil(math.ceil(len(data) / self._width(data)) / self.steps)

    def batches(
        self, data: Interactions, weights: NDArray[np.float32], rng: np.random.Generator
    ) -> Iterator[Chunk]:
        """Chunks of `steps` events in as many lanes as make about CHUNKS of them."""
        return training_chunks(data, weights, self.gap, self._width(data), self.steps, rng)

    def read(self, batch: Chunk, carry: Any, dropout: np.random.Generator | None) -> Expected:
        """The states of both levels go on from chunk to chunk."""
        batch = batch.to(self.device)
        state, user = carry or self.blank(batch.items.shape[1])
        expected, state, user = self(batch, state, user, dropout)
        return Expected(
            expected.flatten(0, 1),
            batch.items.flatten(),
            batch.weights.flatten(),
            batch.rows.flatten(),
            (state.detach(), user.detach()),
        )

    def expectations(self, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """See `histories.expectations`."""
        return histories.expectations(self, data)

    def last_expectations(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """See `histories.last_expectations`."""
        return histories.last_expectations(self, data, users)

    def carried(self, data: Interactions, users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Also `session_states` and `user_states` float32[U, h], and `last_times` int64[U] (-1: no events)."""
        sessions, levels = histories.last_states(self, data, users)
        ends = data.offsets[users + 1]
        times = np.full(len(users), -1, np.int64)
        present = data.lengths[users] > 0
        times[present] = data.timestamps[ends[present] - 1]
        with torch.no_grad():
            expected = self.expect(sessions).cpu().numpy()
        states = {"session_states": sessions.cpu().numpy(), "user_states": levels.cpu().numpy()}
        return {"expected": expected, **states, "last_times": times}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """`network.*`: the weights of both levels; `session_gap` (seconds) int64[1]."""
        weights = {
            f"network.{k}": v.cpu().numpy() for k, v in self.state_dict().items() if k not in ("items", "bias")
        }
        return {**weights, "session_gap": np.array([self.gap], np.int64)}

    def _width(self, data: Interactions) -> int:
        return min(max(len(data) // (self.steps * CHUNKS) // 8 * 8, LANES[0]), LANES[1])


def _weight(rows: int, columns: int, hidden: int, generator: torch.Generator) -> nn.Parameter:
    bound = hidden**-0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound, generator=generator))


def _drop(values: Tensor, rng: np.random.Generator | None) -> Tensor:
    """Dropout by random bytes: a tenth of the time that a random number for each value takes."""
    if rng is None:
        return values
    kept = np.frombuffer(rng.bytes(values.numel()), np.uint8) >= DROPPED
    scale = np.float32(256 / (256 - DROPPED))
    return values * torch.from_numpy(kept * scale).to(values.device).view(values.shape)
