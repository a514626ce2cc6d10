"""The two recurrent levels over T events in B lanes, with their gradient written out.

A chunk is a few dozen steps on small matrices, so most of its time would go into recording and replaying each
operation. Here the backward pass does per step only what depends on the step after it, and takes the gradients
of the weights as one product over all steps. It is exact: the tests compare it with automatic differentiation.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import Tensor


class Weights(NamedTuple):
    """The weights behind the recurrence, for states (B, h); a level's 3h columns are reset, update, new.

    state, state_bias          (h, 3h), (3h) of the session level; its inputs are projected already
    shift                      (h, 3h): the user's part of the session level's inputs
    init, init_bias, start     (h, h), (h), (h): tanh(c init + bias) begins a session, c = start a user
    user_*                     the user level: input (h, 3h), input_bias, state (h, 3h), state_bias
    """

    state: Tensor
    state_bias: Tensor
    shift: Tensor
    init: Tensor
    init_bias: Tensor
    start: Tensor
    user_input: Tensor
    user_input_bias: Tensor
    user_state: Tensor
    user_state_bias: Tensor

    def begin(self, user: Tensor) -> Tensor:
        """The session states with which sessions of these users (B, h) begin."""
        return torch.tanh(torch.addmm(self.init_bias, user, self.init))


class Boundary(NamedTuple):
    """Lanes in which a later session began, and what that computed: the user level's step."""

    lanes: Tensor
    joined: Tensor  # (k, 2h): the session's last state, the user's state
    gates: Tensor
    new: Tensor
    recurrent: Tensor  # the state's part of the candidate
    block: Tensor  # (k, 5h): as the columns of `advance`


class Trace(NamedTuple):
    """What a forward pass leaves for its backward pass: stacks (T, B, ...), and the boundaries.

    state      into the session level, after boundaries
    gates      reset and update (2h)
    new        the candidate
    recurrent  the state's part of the gates and of the candidate, before the reset gate (3h)
    """

    state: Tensor
    gates: Tensor
    new: Tensor
    recurrent: Tensor
    boundaries: list[Boundary | None]


class Joined(NamedTuple):
    """Weights side by side, so that a boundary costs one product in and one out.

    into, into_bias      (2h, 4h): last state and user to reset, update, the input's and the state's candidate
    out_of, out_of_bias  (h, 4h): user to shift and first state
    """

    into: Tensor
    into_bias: Tensor
    out_of: Tensor
    out_of_bias: Tensor

    @classmethod
    def of(cls, w: Weights) -> Joined:
        """From the separate weights."""
        h = len(w.start)
        none = torch.zeros_like(w.init)
        above = torch.cat((w.user_input, none), 1)
        below = torch.cat((w.user_state[:, : 2 * h], none, w.user_state[:, 2 * h :]), 1)
        gates = w.user_input_bias[: 2 * h] + w.user_state_bias[: 2 * h]
        return cls(
            torch.cat((above, below)),
            torch.cat((gates, w.user_input_bias[2 * h :], w.user_state_bias[2 * h :])),
            torch.cat((w.shift, w.init), 1),
            torch.cat((w.state_bias.new_zeros(3 * h), w.init_bias)),
        )

    def begin(self, user: Tensor) -> Tensor:
        """(k, 5h) of users (k, h): shift, first state, user."""
        h = user.shape[1]
        block = torch.cat((torch.addmm(self.out_of_bias, user, self.out_of), user), 1)
        block[:, 3 * h : 4 * h].tanh_()
        return block


def advance(
    weights: Weights,
    projected: Tensor,
    state: Tensor,
    user: Tensor,
    starts: list[Tensor | None],
    sessions: list[Tensor | None],
) -> tuple[Tensor, Tensor, Tensor, Trace]:
    """Runs T events, whose `projected` inputs are (T, B, 3h), from the states s and c (B, h).

    Returns s *before* each event (T, B, h), s and c after the last, and the trace. Records no gradient.
    """
    steps, lanes, h = len(projected), *state.shape
    joined = Joined.of(weights)
    sizes = h, h, 2 * h, h, 3 * h
    before, *stacks = (projected.new_empty(steps, lanes, size) for size in sizes)
    boundaries: list[Boundary | None] = []
    first = joined.begin(weights.start[None])
    columns = torch.cat((user @ weights.shift, state, user), 1)
    shift, state, both = columns[:, : 3 * h], columns[:, 3 * h : 4 * h], columns[:, 3 * h :]
    rows = zip(*(stack.unbind(0) for stack in (projected, before, *stacks)), starts, sessions, strict=True)
    for events, seen, into, gates, new, recurrent, beginning, later in rows:
        if beginning is not None:
            columns.index_copy_(0, beginning, first.expand(len(beginning), -1))
        seen.copy_(state)
        boundary = None
        if later is not None:
            boundary = _boundary(joined, later, both.index_select(0, later))
            columns.index_copy_(0, later, boundary.block)
        boundaries.append(boundary)
        into.copy_(state)
        torch.addmm(weights.state_bias, state, weights.state, out=recurrent)
        inputs = events + shift
        torch.add(inputs[:, : 2 * h], recurrent[:, : 2 * h], out=gates).sigmoid_()
        torch.addcmul(inputs[:, 2 * h :], gates[:, :h], recurrent[:, 2 * h :], out=new).tanh_()
        torch.lerp(new, into, gates[:, h:], out=state)
    return (
        before,
        state.clone(),
        columns[:, 4 * h :].clone(),
        Trace(stacks[0], stacks[1], stacks[2], stacks[3], boundaries),
    )


def _boundary(joined: Joined, lanes: Tensor, both: Tensor) -> Boundary:
    h = both.shape[1] // 2
    inputs = torch.addmm(joined.into_bias, both, joined.into)
    gates, recurrent = inputs[:, : 2 * h].sigmoid_(), inputs[:, 3 * h :]
    new = torch.addcmul(inputs[:, 2 * h : 3 * h], gates[:, :h], recurrent).tanh_()
    grown = torch.lerp(new, both[:, h:], gates[:, h:])
    return Boundary(lanes, both, gates, new, recurrent, joined.begin(grown))


class Recurrence(torch.autograd.Function):
    """`advance`, with gradients for the projected inputs and the weights.

    The states that come in and go out carry none: going back ends at the chunk's first event (`bptt`).
    """

    @staticmethod
    def forward(
        ctx: Any,
        projected: Tensor,
        state: Tensor,
        user: Tensor,
        starts: list[Tensor | None],
        sessions: list[Tensor | None],
        *weights: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """States before each event, and the last two."""
        ctx.weights, ctx.starts, ctx.user = Weights(*weights), starts, user
        before, state, user, ctx.trace = advance(ctx.weights, projected, state, user, starts, sessions)
        ctx.mark_non_differentiable(state, user)
        return before, state, user

    @staticmethod
    def backward(ctx: Any, d_before: Tensor, *_: Tensor) -> tuple[Tensor | None, ...]:
        """From the gradient of the states before each event."""
        d_projected, grads = _backward(ctx.weights, ctx.trace, ctx.starts, ctx.user, d_before)
        ctx.trace = None
        return (d_projected, None, None, None, None, *grads)


def _backward(
    weights: Weights, trace: Trace, starts: list[Tensor | None], user: Tensor, d_before: Tensor
) -> tuple[Tensor, Weights]:
    """The gradients of the projected inputs and of the weights."""
    steps, lanes, h = trace.state.shape
    factors = _factors(trace.state, trace.gates, trace.new, trace.recurrent[..., 2 * h :])
    grads = torch.empty_like(factors)
    turned = torch.cat(
        (weights.state[:, : 2 * h], torch.zeros_like(weights.init), weights.state[:, 2 * h :]), 1
    )
    turned = turned.t().contiguous()
    back = _Boundaries(weights, [b for b in trace.boundaries if b is not None])
    columns = user.new_zeros(lanes, 5 * h)
    d_shift, d_state = columns[:, : 3 * h].view(lanes, 3, h), columns[:, 3 * h : 4 * h]
    d_first = user.new_zeros(5 * h)
    parts = [stack.unbind(0) for stack in (d_before, factors, grads, trace.gates[..., h:])]
    for step in range(steps - 1, -1, -1):
        d_seen, factor, into, update = (stack[step] for stack in parts)
        torch.mul(d_state[:, None], factor, out=into)
        d_shift += into[:, :3]
        d_state.mul_(update).addmm_(into.view(lanes, 4 * h), turned)
        boundary = trace.boundaries[step]
        if boundary is not None:
            columns.index_copy_(0, boundary.lanes, back.step(columns.index_select(0, boundary.lanes)))
        d_state += d_seen
        beginning = starts[step]
        if beginning is not None:
            d_first += columns.index_select(0, beginning).sum(0)
            columns.index_fill_(0, beginning, 0)
    grad = back.gradients(d_first)
    flat = grads.view(steps * lanes, 4, h)
    d_recurrent = torch.cat((flat[:, 0], flat[:, 1], flat[:, 3]), 1)
    grad.state.addmm_(trace.state.flatten(0, 1).t(), d_recurrent)
    grad.state_bias.add_(d_recurrent.sum(0))
    grad.shift.addmm_(user.t(), columns[:, : 3 * h])
    return grads.view(steps, lanes, 4 * h)[..., : 3 * h], grad


def _factors(state: Tensor, gates: Tensor, new: Tensor, recurrent: Tensor) -> Tensor:
    """(..., 4, h): what a new state's gradient is multiplied with to be one of what went into it.

    That is the reset gate, the update gate, the input's part of the candidate, and the state's part.
    """
    reset, update = gates.chunk(2, -1)
    candidate = (1 - update) * (1 - new.square())
    slope = (state - new) * update * (1 - update)
    return torch.stack((candidate * recurrent * reset * (1 - reset), slope, candidate, candidate * reset), -2)


class _Boundaries:
    """The way back through the beginnings of sessions, from the last to the first."""

    def __init__(self, weights: Weights, boundaries: list[Boundary]) -> None:
        self.weights = weights
        self.h = len(weights.start)
        self.joined = Joined.of(weights)
        self.boundaries = boundaries
        self.into_turned, self.out_turned = self.joined.into.t(), self.joined.out_of.t()
        self.steps: list[tuple[Tensor, ...]] = []
        self.found: list[tuple[Tensor, Tensor]] = []
        if not boundaries:
            return
        h, sizes = self.h, [len(boundary.lanes) for boundary in boundaries]
        self.both, gates, new, recurrent, block = (
            torch.cat([boundary[field] for boundary in boundaries]) for field in range(1, 6)
        )
        self.grown = block[:, 4 * h :]
        pieces = (
            _factors(self.both[:, h:], gates, new, recurrent),
            gates[:, h:],
            1 - block[:, 3 * h : 4 * h].square(),
        )
        self.steps = list(zip(*(torch.split(piece, sizes) for piece in pieces), strict=True))

    def step(self, rows: Tensor) -> Tensor:
        """From the gradients of (shift, state, user) after a boundary to those before it, both (k, 5h)."""
        h = self.h
        factors, update, slope = self.steps.pop()
        rows[:, 3 * h : 4 * h] *= slope
        d_grown = torch.addmm(rows[:, 4 * h :], rows[:, : 4 * h], self.out_turned)
        into = (d_grown[:, None] * factors).flatten(1)
        self.found.append((rows[:, : 4 * h], into))
        before = torch.zeros_like(rows)
        torch.mm(into, self.into_turned, out=before[:, 3 * h :])
        before[:, 4 * h :].addcmul_(d_grown, update)
        return before

    def gradients(self, d_first: Tensor) -> Weights:
        """Those of the weights as far as boundaries go, and first sessions (`d_first`: 5h, over all users)."""
        h, weights = self.h, self.weights
        grad = Weights(*(torch.zeros_like(weight) for weight in weights))
        begun = d_first[: 4 * h].clone()
        begun[3 * h :] *= 1 - weights.begin(weights.start[None])[0].square()
        grad.start.add_(d_first[4 * h :] + self.joined.out_of @ begun)
        d_out, d_bias = torch.outer(weights.start, begun), begun[3 * h :]
        if self.found:
            d_begun, d_into = (torch.cat([found[part] for found in reversed(self.found)]) for part in (0, 1))
            d_out += self.grown.t() @ d_begun
            d_bias = d_bias + d_begun[:, 3 * h :].sum(0)
            d_joined, d_sum = self.both.t() @ d_into, d_into.sum(0)
            grad.user_input.add_(d_joined[:h, : 3 * h])
            grad.user_input_bias.add_(d_sum[: 3 * h])
            for whole, part in ((grad.user_state, d_joined[h:]), (grad.user_state_bias, d_sum)):
                whole[..., : 2 * h], whole[..., 2 * h :] = part[..., : 2 * h], part[..., 3 * h :]
        grad.shift.add_(d_out[:, : 3 * h])
        grad.init.add_(d_out[:, 3 * h :])
        grad.init_bias.add_(d_bias)
        return grad
