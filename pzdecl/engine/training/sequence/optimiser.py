"""AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019) with clipped gradients.

As torch.optim.AdamW computes it. That one imports torch's compiler when it is made: two seconds, which is as
long as a small training takes.

A table of which a step touches few rows has a sparse gradient. Moving all its rows would take longer than all
else, and two more numbers for each of its own more memory than the table: only the touched rows move, by
Adagrad with one sum of squares a row (Naumov et al., "Deep Learning Recommendation Model", arXiv:1906.00091).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)
EPSILON = 1e-8
ROW_RATE = 20.0
"""Rate of the rows beside that of all else: their steps shrink with every touch."""


class AdamW:
    """`decay` is multiplied with the rate; gradients longer than `clip`, all together, are shortened to it.

    The gradients of the parameters in `by_rows` are sparse.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        *,
        decay: float,
        clip: float,
        by_rows: Collection[nn.Parameter] = (),
    ) -> None:
        self.parameters = list(parameters)
        self.decay = decay
        self.clip = clip
        self.steps = 0
        rows = {id(parameter) for parameter in by_rows}
        self.sparse = [id(parameter) in rows for parameter in self.parameters]
        self.means = [_zeros(p, sparse and p.new_zeros(0)) for p, sparse in self._kinds()]
        self.squares = [_zeros(p, sparse and p.new_zeros(len(p))) for p, sparse in self._kinds()]

    def _kinds(self) -> Iterable[tuple[nn.Parameter, bool]]:
        return zip(self.parameters, self.sparse, strict=True)

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the parameters against their gradients, which are gone afterwards.

        Raises FloatingPointError, with nothing moved, where a gradient is not finite.
        """
        gradients = [_gradient(parameter, sparse) for parameter, sparse in self._kinds()]
        length = math.sqrt(sum(float(_values(gradient).square().sum()) for gradient in gradients))
        if not math.isfinite(length):
            raise FloatingPointError("a gradient is not finite")
        share = min(1.0, self.clip / (length + 1e-6))
        self.steps += 1
        fade, square_fade = (1 - beta**self.steps for beta in BETAS)
        for parameter, gradient, mean, square in zip(
            self.parameters, gradients, self.means, self.squares, strict=True
        ):
            _values(gradient).mul_(share)
            if gradient.is_sparse:
                self._move_rows(parameter, gradient, square, rate)
            else:
                mean.lerp_(gradient, 1 - BETAS[0])
                square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
                parameter.mul_(1 - rate * self.decay)
                spread = (square / square_fade).sqrt_().add_(EPSILON)
                parameter.addcdiv_(mean, spread, value=-rate / fade)
            parameter.grad = None

    def _move_rows(self, parameter: Tensor, gradient: Tensor, square: Tensor, rate: float) -> None:
        rows, values = gradient._indices()[0], gradient._values()
        square.index_add_(0, rows, values.square().mean(1))
        step = values / (square[rows].sqrt_().add_(EPSILON))[:, None]
        moved = parameter[rows] * (1 - rate * self.decay) - step * (rate * ROW_RATE)
        parameter.index_copy_(0, rows, moved)

    def state(self) -> dict[str, Tensor]:
        """What a checkpoint keeps."""
        kept = {"steps": torch.tensor(self.steps)}
        for name, tensors in (("mean", self.means), ("square", self.squares)):
            kept |= {f"{name}.{index}": tensor for index, tensor in enumerate(tensors)}
        return kept

    def restore(self, state: Mapping[str, Tensor]) -> None:
        """Goes on from what `state` gave."""
        self.steps = int(state["steps"])
        for name, tensors in (("mean", self.means), ("square", self.squares)):
            for index, tensor in enumerate(tensors):
                tensor.copy_(state[f"{name}.{index}"])


def _zeros(parameter: nn.Parameter, instead: Tensor | bool) -> Tensor:
    return instead if isinstance(instead, Tensor) else torch.zeros_like(parameter)


def _gradient(parameter: nn.Parameter, sparse: bool) -> Tensor:
    if parameter.grad is None:
        if not sparse:
            return torch.zeros_like(parameter)
        rows = parameter.new_zeros((1, 0), dtype=torch.int64)
        values = parameter.new_zeros((0, *parameter.shape[1:]))
        none = torch.sparse_coo_tensor(rows, values, parameter.shape, check_invariants=False)
        return none.coalesce()
    return parameter.grad.coalesce() if parameter.grad.is_sparse else parameter.grad


def _values(gradient: Tensor) -> Tensor:
    return gradient._values() if gradient.is_sparse else gradient
