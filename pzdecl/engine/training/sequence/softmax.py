"""What training minimises: the softmax over all items, or over a sample of them where there are many.

The sample of a step holds its own targets and NEGATIVES items more, shared by all its events and drawn with a
chance that grows with count^POPULARITY (Hidasi and Karatzoglou, "Recurrent Neural Networks with Top-k Gains",
CIKM 2018). Popular items are in it far more often than others, so every logit is lowered by the log of its
item's chance to be in it (Bengio and Senecal, "Adaptive Importance Sampling", IEEE Transactions on Neural
Networks 19(4), 2008): the sum over the sample then stands for the sum over all items. An event's own target is
there for certain and is not lowered (Khrylchenko et al., "Correcting the LogQ Correction", RecSys 2025). With
everything in the sample, this is the full softmax.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.sequence.encoder import Encoder, Expected
from pzdecl.engine.training.sequence.loss import cross_entropy, product_dtype

LARGE = 20_000
"""Items from which on they are sampled."""
NEGATIVES = 2048
POPULARITY = 0.5


class Softmax:
    """The loss of batches of `data`. Where it is `sampled`, the encoder's table changes by rows."""

    def __init__(self, encoder: Encoder, data: Interactions) -> None:
        self.encoder = encoder
        self.sampled = len(data.item_ids) > LARGE
        if self.sampled:
            encoder.by_rows = True
            counts = np.bincount(data.items, minlength=len(data.item_ids))
            chances = (counts + 1.0) ** POPULARITY
            chances /= chances.sum()
            self._steps = np.cumsum(chances)
            self._not_drawn = _log_of_not(chances)
            self._not_met = _log_of_not(counts / max(counts.sum(), 1))

    def loss(self, read: Expected, rng: np.random.Generator) -> Tensor:
        """The weighted mean over a batch's events. What is drawn comes from `rng`."""
        weights = read.weights / max(len(read.weights), 1)
        dtype = product_dtype(read.states.device.type)
        if not self.sampled:
            items, bias = read.table or self.encoder.table()
            return cross_entropy(read.states, items, bias, read.targets, weights, dtype)
        codes, places, lowered = self.sample(read.targets, rng)
        if read.table is None:
            items, bias = self.encoder.some(codes)
        else:
            items, bias = (part[codes] for part in read.table)
        own = places[: len(read.targets)]
        return cross_entropy(read.states, items, bias - lowered, own, weights, dtype, lowered[own])

    def sample(self, targets: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor, Tensor]:
        """The k codes in it; the targets' places there, then the others'; float32[k], what to lower each by."""
        drawn = np.searchsorted(self._steps, rng.random(NEGATIVES), side="right")
        drawn = np.minimum(drawn, len(self._steps) - 1)
        codes, places = np.unique(np.concatenate((targets.cpu().numpy(), drawn)), return_inverse=True)
        absent = NEGATIVES * self._not_drawn[codes] + len(targets) * self._not_met[codes]
        lowered = np.log(-np.expm1(absent)).astype(np.float32)
        here, there, less = (torch.from_numpy(part).to(targets.device) for part in (codes, places, lowered))
        return here, there, less


def _log_of_not(chances: NDArray[np.floating]) -> NDArray[np.floating]:
    """float64[N]: the log of the chance that an item is not the one, in a single draw."""
    return np.asarray(np.log1p(-np.minimum(chances, 1 - 1e-12)))


def full_loss(encoder: Encoder, expected: NDArray[np.float32], targets: NDArray[np.int32]) -> float:
    """Mean cross-entropy of `targets` int32[n] under the softmax over all items, after float32[n, h]."""
    device = encoder.device
    with torch.no_grad():
        items, bias = encoder.table()
        ones = torch.ones(len(targets), device=device)
        wanted = torch.from_numpy(targets.astype(np.int64)).to(device)
        states = torch.from_numpy(expected).to(device)
        total = cross_entropy(states, items, bias, wanted, ones, product_dtype(device.type))
    return float(total) / max(len(targets), 1)
