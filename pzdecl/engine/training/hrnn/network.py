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

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from pzdecl.engine.training.hrnn.batches import Chunk

INPUT_DROPOUT = 0.3
OUTPUT_DROPOUT = 0.3


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

    def forward(self, projected: Tensor, state: Tensor) -> Tensor:
        """The next state, from an input that went through `project`."""
        h = state.shape[1]
        recurrent = torch.addmm(self.state_bias, state, self.state)
        gates = torch.sigmoid(projected[:, : 2 * h] + recurrent[:, : 2 * h])
        new = torch.tanh(torch.addcmul(projected[:, 2 * h :], gates[:, :h], recurrent[:, 2 * h :]))
        return torch.lerp(new, state, gates[:, h:])


class Network(nn.Module):
    """`items` x h vectors and the two levels. All randomness comes from the generators it is given."""

    def __init__(self, items: int, hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.hidden = hidden
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

    def begin(self, user: Tensor) -> Tensor:
        """The state with which a session of these users (B, h) begins."""
        return torch.tanh(torch.addmm(self.init_bias, user, self.init))

    def blank(self, lanes: int) -> tuple[Tensor, Tensor]:
        """States for lanes whose history is yet to begin."""
        return self.bias.new_zeros(lanes, self.hidden), self.bias.new_zeros(lanes, self.hidden)

    def forward(
        self, chunk: Chunk, state: Tensor, user: Tensor, dropout: torch.Generator | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Runs T events in B lanes from the states s and c (B, h).

        Returns (T, B, h), what is expected *before* each event, projected; and s and c after the last.
        `dropout` is the generator to draw it from in training.
        """
        projected = self.session.project(_drop(F.embedding(chunk.items, self.items), INPUT_DROPOUT, dropout))
        shift = user @ self.user_to_session
        before = []
        for step, events in enumerate(projected.unbind(0)):
            lanes = chunk.users[step]
            if lanes is not None:
                user = user.index_copy(0, lanes, self.start.expand(len(lanes), -1))
                state = state.index_copy(0, lanes, self.begin(user[lanes]))
            before.append(state)
            later = chunk.sessions[step]
            if later is not None:
                grown = self.user(self.user.project(state[later]), user[later])
                user = user.index_copy(0, later, grown)
                state = state.index_copy(0, later, self.begin(grown))
            if lanes is not None or later is not None:
                shift = user @ self.user_to_session
            state = self.session(events + shift, state)
        return self.expect(_drop(torch.stack(before), OUTPUT_DROPOUT, dropout)), state, user

    def expect(self, state: Tensor) -> Tensor:
        """What a session state (..., h) expects next, as a vector to multiply with the items' vectors."""
        return state @ self.output + self.output_bias


def _weight(rows: int, columns: int, hidden: int, generator: torch.Generator) -> nn.Parameter:
    bound = hidden**-0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound, generator=generator))


def _drop(values: Tensor, share: float, generator: torch.Generator | None) -> Tensor:
    if generator is None:
        return values
    kept = torch.empty_like(values).bernoulli_(1 - share, generator=generator)
    return values * kept.div_(1 - share)
