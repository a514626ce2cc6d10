"""Cross-entropy over all items that never holds all logits."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from torch import Tensor

CHUNK = {"cpu": 512, "cuda": 8192}
"""Events whose logits exist at one time: 512 x 2,000 items in bf16 stay in a core's cache."""
CELLS = 2**25
"""Logits that exist at one time at most: 64 MiB in bf16, however many items there are."""
SMALLEST = 1e-30
"""Least chance in the loss that is reported; its gradient knows no such bound."""


class _ChunkedCrossEntropy(torch.autograd.Function):
    """The gradient is made in the forward pass, chunk by chunk, and only kept for what it is for.

    With p the softmax, it is p minus one at the target. The products of p are taken in `dtype`; what the
    targets add to them is a row of a table each and stays exact.
    """

    @staticmethod
    def forward(
        ctx: Any,
        states: Tensor,
        items: Tensor,
        bias: Tensor,
        targets: Tensor,
        weights: Tensor,
        dtype: torch.dtype,
        raised: Tensor | None,
    ) -> Tensor:
        narrow, table, short = states.to(dtype), items.to(dtype), bias.to(dtype)
        transposed = table.t().contiguous()
        total = torch.zeros((), dtype=torch.float64, device=states.device)
        chunk = max(1, min(CHUNK[states.device.type], CELLS // len(items)))
        sloped = any(ctx.needs_input_grad)
        if sloped:
            weighted = (torch.cat((states, torch.ones_like(states[:, :1])), 1) * weights[:, None]).to(dtype)
            d_states, d_items = torch.empty_like(states), items.new_zeros(len(items), items.shape[1] + 1)
        for start in range(0, len(states), chunk):
            part = slice(start, start + chunk)
            target, weight = targets[part], weights[part, None]
            logits = torch.addmm(short, narrow[part], transposed)
            if raised is not None:
                logits.scatter_add_(1, target[:, None], raised[part, None].to(dtype))
            chances = torch.softmax(logits, 1)
            reached = chances.gather(1, target[:, None]).to(bias.dtype)
            total -= (reached.clamp_min(SMALLEST).log() * weight).sum()
            if sloped:
                d_states[part] = ((chances @ table).to(states.dtype) - items[target]) * weight
                d_items += chances.t() @ weighted[part]
        if sloped:
            d_items[:, :-1].index_add_(0, targets, states * -weights[:, None])
            d_items[:, -1].index_add_(0, targets, -weights)
            ctx.save_for_backward(d_states, d_items[:, :-1], d_items[:, -1])
        return total.to(states.dtype)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
        d_states, d_items, d_bias = ctx.saved_tensors
        return d_states * grad, d_items * grad, d_bias * grad, None, None, None, None


def cross_entropy(
    states: Tensor,
    items: Tensor,
    bias: Tensor,
    targets: Tensor,
    weights: Tensor,
    dtype: torch.dtype,
    raised: Tensor | None = None,
) -> Tensor:
    """Sum over events of weight x cross-entropy of the target under softmax(items @ state + bias).

    states float[n, d], items float[N, d], bias float[N], targets int64[n], weights float[n]; the products are
    made in `dtype` (bfloat16 where the CPU has it), in which the chances are kept, too. `raised` float[n] is
    added to the logit of each event's own target. Memory: two times CHUNK x N of `dtype`, at most two times
    CELLS.
    """
    result: Tensor = _ChunkedCrossEntropy.apply(  # type: ignore[no-untyped-call]
        states, items, bias, targets, weights, dtype, raised
    )
    return result


@cache
def product_dtype(device: str = "cpu") -> torch.dtype:
    """bfloat16 where it is multiplied in hardware (CUDA; CPUs with AMX, or AVX-512 with BF16), else float32."""
    if device == "cuda":
        return torch.bfloat16 if torch.cuda.is_bf16_supported(including_emulation=False) else torch.float32
    able = torch.cpu.get_capabilities()
    return torch.bfloat16 if able.get("amx_bf16") or able.get("avx512_bf16") else torch.float32
