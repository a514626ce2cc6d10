"""AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", ICLR 2019) with clipped gradients.

As torch.optim.AdamW computes it. That one imports torch's compiler when it is made: two seconds, which is as
long as a small training takes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)
EPSILON = 1e-8


class AdamW:
    """`decay` is multiplied with the rate; gradients longer than `clip`, all together, are shortened to it."""

    def __init__(self, parameters: Iterable[nn.Parameter], *, decay: float, clip: float) -> None:
        self.parameters = list(parameters)
        self.decay = decay
        self.clip = clip
        self.steps = 0
        self.means = [torch.zeros_like(parameter) for parameter in self.parameters]
        self.squares = [torch.zeros_like(parameter) for parameter in self.parameters]

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """Moves the parameters against their gradients, which are gone afterwards.

        Raises FloatingPointError, with nothing moved, where a gradient is not finite.
        """
        gradients = [_gradient(parameter) for parameter in self.parameters]
        length = math.sqrt(sum(float(gradient.square().sum()) for gradient in gradients))
        if not math.isfinite(length):
            raise FloatingPointError("a gradient is not finite")
        share = min(1.0, self.clip / (length + 1e-6))
        self.steps += 1
        fade, square_fade = (1 - beta**self.steps for beta in BETAS)
        for parameter, gradient, mean, square in zip(
            self.parameters, gradients, self.means, self.squares, strict=True
        ):
            gradient.mul_(share)
            mean.lerp_(gradient, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
            parameter.mul_(1 - rate * self.decay)
            spread = (square / square_fade).sqrt_().add_(EPSILON)
            parameter.addcdiv_(mean, spread, value=-rate / fade)
            parameter.grad = None

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


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
