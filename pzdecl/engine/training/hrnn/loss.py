"""Cross-entropy over all items that never holds all logits."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

CHUNK = 512
"""Events whose logits exist at one time: 512 x 2,000 items in bf16 stay in a core's cache."""


class _ChunkedCrossEntropy(torch.autograd.Function):
    """The gradient is made in the forward pass, chunk by chunk, and only kept for what it is for."""

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        items: Tensor,
        bias: Tensor,
        targets: Tensor,
        weights: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        narrow, table = states.to(dtype), items.to(dtype)
        transposed = table.t().contiguous()
        d_states, d_items, d_bias = torch.empty_like(states), torch.zeros_like(items), torch.zeros_like(bias)
        total = torch.zeros((), dtype=torch.float64)
        for start in range(0, len(states), CHUNK):
            part = slice(start, start + CHUNK)
            target, weight = targets[part, None], weights[part, None]
            logits = (narrow[part] @ transposed).to(bias.dtype).add_(bias)
            wanted = logits.gather(1, target)
            top = logits.amax(1, keepdim=True)
            mass = logits.sub_(top).exp_().sum(1, keepdim=True)
            total += ((mass.log() + top - wanted) * weight).sum()
            gradient = logits.mul_(weight / mass).scatter_add_(1, target, -weight)
            d_bias += gradient.sum(0)
            short = gradient.to(dtype)
            d_states[part] = (short @ table).to(states.dtype)
            d_items += (short.t() @ narrow[part]).to(items.dtype)
        ctx.save_for_backward(d_states, d_items, d_bias)
        return total.to(states.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_states, d_items, d_bias = ctx.saved_tensors
        return d_states * grad, d_items * grad, d_bias * grad, None, None, None


def cross_entropy(
    states: Tensor, items: Tensor, bias: Tensor, targets: Tensor, weights: Tensor, dtype: torch.dtype
) -> Tensor:
    """Sum over events of weight x cross-entropy of the target under softmax(items @ state + bias).

    states float[n, d], items float[N, d], bias float[N], targets int64[n], weights float[n]; the products are
    made in `dtype` (bfloat16 where the CPU has it), the softmax in the bias's type. Memory: CHUNK x N logits.
    """
    result: Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        states, items, bias, targets, weights, dtype
    )
    return result


@cache
def product_dtype() -> torch.dtype:
    """bfloat16 on CPUs that multiply it in hardware (AMX, or AVX-512 with BF16), else float32."""
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32
