"""The network: a causal transformer over what a user did.

SASRec (Kang and McAuley, "Self-Attentive Sequential Recommendation", ICDM 2018) with the full softmax
cross-entropy that lets it shine (Klenitskiy and Vasilev, "Turning Dross Into Gold Loss", RecSys 2023) and four
things that have proved themselves since:

- norms before the branches instead of after them, of the root mean square alone;
- attention knows how far back an event is instead of where it stands, by one learned number for each head and
  distance (Shaw, Uszkoreit and Vaswani, NAACL 2018; Zhai et al., "Actions Speak Louder than Words", ICML 2024).
  The numbers begin so that heads look back with weights 1, gap^-1/2, gap^-1, ...;
- what a place looks with is a learned mixture of itself and the places just before it (So et al., "Primer",
  NeurIPS 2021), so that a head finds where the same run of items was met before, not just the same item;
- the squared rectifier of the same authors.

Items are scored by the product of their vector with the output; the same vectors are the input (tied).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.serving.transformer import EPSILON, GAPS, START
from pzdecl.engine.training.sequence.encoder import Encoder, Expected
from pzdecl.engine.training.sequence.loss import product_dtype
from pzdecl.engine.training.transformer.windows import Inputs, Windows, batches, cut, filled, newest

RECENT = 3
"""Places that are mixed before looking."""
ROUND = 64
"""What the number of events in a batch is a multiple of: for each number, oneDNN keeps compiled products."""
WIDER = 4
"""Width of the middle of the second branch, in times of the model's."""


class Block(nn.Module):
    """Looks back over the places before, then thinks about what it found. (B, T, h) to (B, T, h)."""

    def __init__(self, width: int, heads: int, length: int, dropout: float, generator: torch.Generator) -> None:
        super().__init__()
        self.heads = heads
        self.dropout = dropout
        self.attention_norm = nn.Parameter(torch.ones(width))
        self.recent = nn.Parameter(torch.zeros(RECENT, width))
        self.recent.data[0] = 1
        self.look = _weight(width, 3 * width, generator)
        steepness = torch.arange(heads)[:, None] * 0.5
        self.nearness = nn.Parameter(-steepness * torch.log1p(torch.arange(length, dtype=torch.float32)))
        self.found = _weight(width, width, generator)
        self.thought_norm = nn.Parameter(torch.ones(width))
        self.widen = _weight(width, WIDER * width, generator)
        self.widen_bias = nn.Parameter(torch.zeros(WIDER * width))
        self.narrow = nn.Parameter(torch.zeros(WIDER * width, width))

    def forward(self, x: Tensor, rng: np.random.Generator | None) -> Tensor:
        """`rng` is what dropout is drawn from in training."""
        x = x + _drop(self.attend(_normed(x, self.attention_norm)), self.dropout, rng)
        wide = F.relu(F.linear(_normed(x, self.thought_norm), self.widen.t(), self.widen_bias)).square()
        return x + _drop(wide @ self.narrow, self.dropout, rng)

    def attend(self, x: Tensor) -> Tensor:
        """Each place's mean of what the places up to it hold, weighed by how well they answer its question."""
        size, places, width = x.shape
        mixed = x * self.recent[0]
        for back in range(1, min(RECENT, places)):
            mixed = mixed + F.pad(x[:, :-back], (0, 0, back, 0)) * self.recent[back]
        parts = (mixed @ self.look).view(size, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = parts.unbind()
        scores = queries @ keys.transpose(-1, -2) * (width // self.heads) ** -0.5 + self.bias(places)
        found = torch.softmax(scores, -1) @ values
        return found.transpose(1, 2).reshape(size, places, width) @ self.found

    def bias(self, places: int) -> Tensor:
        """(heads, T, T): what a place's score is raised by for its distance; what is yet to come is out."""
        place = torch.arange(places, device=self.nearness.device)
        distance = place[:, None] - place
        near = self.nearness[:, distance.clamp_min(0).flatten()].view(self.heads, places, places)
        return near.masked_fill(distance < 0, -torch.inf)


class Transformer(Encoder):
    """`items` x h vectors and the blocks. `length` is how many places a window has at most."""

    def __init__(
        self,
        items: int,
        width: int,
        generator: torch.Generator,
        *,
        blocks: int = 2,
        heads: int = 4,
        length: int = 128,
        overlap: int = 32,
        places: int = 2048,
        dropout: float = 0.1,
    ) -> None:
        super().__init__()
        self.heads, self.length, self.overlap, self.places = heads, length, overlap, places
        self.dropout = dropout
        self.items = nn.Parameter(torch.randn(items, width, generator=generator) * width**-0.5)
        self.bias = nn.Parameter(torch.zeros(items))
        self.start = nn.Parameter(torch.zeros(width))
        self.gaps = nn.Parameter(torch.zeros(GAPS, width))
        self.blocks = nn.ModuleList(Block(width, heads, length, dropout, generator) for _ in range(blocks))
        self.norm = nn.Parameter(torch.ones(width))
        self.output = _weight(width, width, generator)
        self.output_bias = nn.Parameter(torch.zeros(width))

    def forward(self, inputs: Inputs, rng: np.random.Generator | None = None) -> Tensor:
        """float[B, T, h]: what is expected after each of the inputs, given those before it."""
        inputs = Inputs(*(part.to(self.items.device) for part in inputs))
        events = self.embed(inputs.items.clamp_min(0), inputs.rows)
        x = torch.where(inputs.items[..., None] < 0, self.start, events)
        x = _drop(x + F.embedding(inputs.gaps, self.gaps), self.dropout, rng)
        with narrow_products(x.device.type) if rng is not None else nullcontext():
            for block in self.blocks:
                x = block(x, rng)
        return _normed(_drop(x, self.dropout, rng), self.norm) @ self.output + self.output_bias

    def count(self, data: Interactions) -> int:
        """Batches of an epoch."""
        return len(batches(cut(data, self.length, self.overlap), self.places, np.random.default_rng(0)))

    def batches(
        self, data: Interactions, weights: NDArray[np.float32], rng: np.random.Generator
    ) -> Iterator[Windows]:
        """All events in windows of about the same length, in a new order."""
        found = cut(data, self.length, self.overlap)
        scale = np.float32(1 / max(float(weights.mean()), 1e-9))
        for chosen in batches(found, self.places, rng):
            yield filled(data, found, chosen, weights * scale)

    def read(self, batch: Windows, carry: Any, dropout: np.random.Generator | None) -> Expected:
        """A window holds all that is looked back on: nothing is carried."""
        del carry
        expected = self(batch.inputs, dropout).flatten(0, 1)
        targets, weights, rows = (part.flatten().to(expected.device) for part in batch[1:])
        # The others are padding, or read for what comes after them. Some stay, to make round numbers:
        count = -(-int(weights.count_nonzero()) // ROUND) * ROUND
        wanted = torch.argsort((weights == 0).byte(), stable=True)[:count]
        return Expected(expected.index_select(0, wanted), targets[wanted], weights[wanted], rows[wanted], None)

    @torch.no_grad()
    def expectations(self, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """In windows whose first half is only read."""
        found = cut(data, self.length, self.length // 2)
        states, rows = [np.zeros((0, self.items.shape[1]), np.float32)], [np.zeros(0, np.int64)]
        for chosen in batches(found, self.places):
            windows = filled(data, found, chosen)
            wanted = (windows.weights > 0).flatten()
            states.append(self(windows.inputs).flatten(0, 1).cpu()[wanted].numpy())
            rows.append(windows.rows.flatten()[wanted].numpy())
        return np.concatenate(states), np.concatenate(rows)

    @torch.no_grad()
    def last_expectations(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """From the newest `length` events of each user; of those without any, after START alone."""
        nothing = torch.zeros(1, 1, dtype=torch.int64)
        expected: NDArray[np.float32] = (
            self(Inputs(nothing + START, nothing, nothing - 1))[0].cpu().numpy().repeat(len(users), 0)
        )
        active = np.flatnonzero(data.lengths[users])
        for chosen, inputs, last in newest(data, users[active], self.length, self.places):
            expected[active[chosen]] = self(inputs).cpu()[torch.arange(len(chosen)), last].numpy()
        return expected

    def carried(self, data: Interactions, users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Of each user `expected`; and `history_times` int64[n], seconds, of the events in `newest_rows`."""
        return {
            **super().carried(data, users),
            "history_times": data.timestamps[self.newest_rows(data, users)],
        }

    def newest_rows(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64[n]: the rows of the newest `length` events of each user, and of the one before these.

        That one says how much time passed before the first of them.
        """
        starts, ends = data.offsets[users], data.offsets[users + 1]
        starts = np.maximum(starts, ends - self.length - 1)
        return np.concatenate([np.zeros(0, np.int64), *map(np.arange, starts, ends)])

    def tensors(self) -> dict[str, NDArray[Any]]:
        """`network.*`: the weights; `attention_shape` int64[2]: heads, and places of a window."""
        weights = {
            f"network.{k}": v.cpu().numpy() for k, v in self.state_dict().items() if k not in ("items", "bias")
        }
        return {**weights, "attention_shape": np.array([self.heads, self.length], np.int64)}


def narrow_products(device: str) -> AbstractContextManager[Any]:
    """Makes the products in bfloat16 where it is multiplied in hardware; sums and norms stay exact."""
    dtype = product_dtype(device)
    return nullcontext() if dtype == torch.float32 else torch.autocast(device, dtype)


def _normed(x: Tensor, scale: Tensor) -> Tensor:
    """Root mean square one (Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019)."""
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + EPSILON) * scale


def _weight(rows: int, columns: int, generator: torch.Generator) -> nn.Parameter:
    bound = rows**-0.5
    return nn.Parameter(torch.empty(rows, columns).uniform_(-bound, bound, generator=generator))


def _drop(values: Tensor, share: float, rng: np.random.Generator | None) -> Tensor:
    """Dropout by random bytes: a tenth of the time that a random number for each value takes."""
    dropped = round(256 * share)
    if rng is None or not dropped:
        return values
    kept = np.frombuffer(rng.bytes(values.numel()), np.uint8) >= dropped
    scale = np.float32(256 / (256 - dropped))
    return values * torch.from_numpy(kept * scale).to(values.device).view(values.shape)
