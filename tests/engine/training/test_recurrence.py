"""The written-out gradient of the two levels against torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from pzdecl.engine.training.hrnn.recurrence import Recurrence, Weights, advance

H, LANES = 5, 4
Marks = list[Tensor | None]


def lanes(*numbers: int) -> Tensor | None:
    return torch.tensor(numbers) if numbers else None


PLAIN: tuple[Marks, Marks] = ([None] * 3, [None] * 3)
MIXED: tuple[Marks, Marks] = (
    [lanes(0, 1, 2, 3), None, lanes(2), None, None, lanes(0, 3), None],
    [None, lanes(1), lanes(0, 3), lanes(0), None, lanes(1, 2), lanes(0, 1, 2, 3)],
)
LATE: tuple[Marks, Marks] = ([None, None, lanes(1)], [lanes(0, 2), lanes(2), None])


def weights() -> Weights:
    g = torch.Generator().manual_seed(3)
    shapes = [(H, 3 * H), (3 * H,), (H, 3 * H), (H, H), (H,), (H,), *[(H, 3 * H), (3 * H,)] * 2]
    return Weights(*(torch.randn(s, generator=g, dtype=torch.float64).requires_grad_() for s in shapes))


def inputs(steps: int) -> tuple[Tensor, Tensor, Tensor]:
    g = torch.Generator().manual_seed(4)
    projected = torch.randn(steps, LANES, 3 * H, generator=g, dtype=torch.float64)
    state, user = (torch.randn(LANES, H, generator=g, dtype=torch.float64) for _ in range(2))
    return projected.requires_grad_(), state, user


def cell(projected: Tensor, state: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    recurrent = state @ weight + bias
    reset, update, new = projected.chunk(3, 1)
    state_reset, state_update, state_new = recurrent.chunk(3, 1)
    z = torch.sigmoid(update + state_update)
    return (1 - z) * torch.tanh(new + torch.sigmoid(reset + state_reset) * state_new) + z * state


def by_the_book(
    w: Weights, projected: Tensor, state: Tensor, user: Tensor, starts: Marks, sessions: Marks
) -> tuple[Tensor, Tensor, Tensor]:
    """The formulas of `network`, a whole lane at a time, with torch's gradients."""
    before = []
    for events, beginning, later in zip(projected, starts, sessions, strict=True):
        if beginning is not None:
            at = torch.zeros(LANES, 1, dtype=torch.bool).index_fill(0, beginning, True)
            user = torch.where(at, w.start, user)
            state = torch.where(at, torch.tanh(user @ w.init + w.init_bias), state)
        before.append(state)
        if later is not None:
            at = torch.zeros(LANES, 1, dtype=torch.bool).index_fill(0, later, True)
            grown = cell(state @ w.user_input + w.user_input_bias, user, w.user_state, w.user_state_bias)
            user = torch.where(at, grown, user)
            state = torch.where(at, torch.tanh(user @ w.init + w.init_bias), state)
        state = cell(events + user @ w.shift, state, w.state, w.state_bias)
    return torch.stack(before), state, user


@pytest.mark.parametrize("marks", [PLAIN, MIXED, LATE], ids=["no boundary", "many", "carried in"])
def test_states_and_gradients_equal_torchs(marks: tuple[Marks, Marks]) -> None:
    w, (projected, state, user) = weights(), inputs(len(marks[0]))
    ours = Recurrence.apply(projected, state, user, *marks, *w)  # type: ignore[no-untyped-call]
    theirs = by_the_book(w, projected, state, user, *marks)
    for mine, other in zip(ours, theirs, strict=True):
        torch.testing.assert_close(mine, other)
    upstream = torch.randn(ours[0].shape, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    mine_all = torch.autograd.grad(ours[0], (projected, *w), upstream)
    other_all = torch.autograd.grad(theirs[0], (projected, *w), upstream, allow_unused=True)
    for name, mine, other in zip(("projected", *Weights._fields), mine_all, other_all, strict=True):
        torch.testing.assert_close(mine, torch.zeros_like(mine) if other is None else other, msg=name)


def test_the_states_that_come_in_are_left_alone() -> None:
    w, (projected, state, user) = weights(), inputs(7)
    kept = state.clone(), user.clone()
    with torch.no_grad():
        advance(w, projected, state, user, *MIXED)
    torch.testing.assert_close((state, user), kept)
