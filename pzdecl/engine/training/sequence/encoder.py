"""What the core asks of a network that reads histories: the seam between `fit` and its architectures.

An encoder turns what a user did into a vector, the *expectation*; items are scored by the product of their own
vectors with it. The core knows how to train any encoder, to mix it with the memory, and to serve it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pzdecl.engine.data.event_parameters import ByType
from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.model import Base
from pzdecl.engine.training.sequence.update import restore


class Expected(NamedTuple):
    """What was expected before n events of a batch.

    states   float[n, h]
    targets  int64[n], the items that came
    weights  float32[n], of each event in the loss; 0 where an event is not to be predicted
    rows     int64[n], the events' rows in the data, -1 for padding
    carry    what the next batch goes on from, or None
    table    the items' vectors and biases that the batch is scored with; None: those of `Encoder.table`
    """

    states: Tensor
    targets: Tensor
    weights: Tensor
    rows: Tensor
    carry: Any
    table: tuple[Tensor, Tensor] | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """How an encoder is trained.

    peak_rate       learning rate; it rises over `warm_up` of all steps, then falls along a cosine
    finishing_rate  that of the last epoch, over everybody
    steps           optimiser steps aimed at: small data gets more epochs, within `epochs`
    patience        epochs without a lower validation loss after which it stops
    decay, clip     of the optimiser
    recency         whether recent events weigh more
    lengths         percentiles of the histories' lengths; users outside are left out of training
    by_type         what events of each type weigh (`eventsConfig`); empty: all the same
    """

    peak_rate: float
    finishing_rate: float
    warm_up: float = 0.1
    steps: int = 400
    epochs: tuple[int, int] = (8, 40)
    patience: int = 4
    decay: float = 1e-4
    clip: float = 5.0
    recency: bool = True
    lengths: tuple[float, float] = (0.0, 1.0)
    by_type: ByType = field(default_factory=dict)


class Encoder(nn.Module, ABC):
    """`items` (N, h) and `bias` (N) are parameters of every encoder. All randomness comes from generators.

    `by_rows` says that a step shall touch only the rows of `items` that it needs: their gradient is sparse.
    """

    items: nn.Parameter
    bias: nn.Parameter
    by_rows: bool = False
    by_item: tuple[str, ...] = ("items", "bias")
    """The names of the weights that have a row for each item."""

    @property
    def device(self) -> torch.device:
        """Where the weights are; what is read goes there, what comes out in numpy comes back."""
        return self.items.device

    def table(self) -> tuple[Tensor, Tensor]:
        """The items' vectors (N, h) and biases (N), as inputs and for the scores alike (tied embeddings)."""
        return self.items, self.bias

    def some(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Of `table`, the vectors (..., h) and biases (...) of some items."""
        items, bias = self.table()
        return F.embedding(codes, items, sparse=self.by_rows and items is self.items), bias[codes]

    def embed(self, items: Tensor, rows: Tensor) -> Tensor:
        """(..., h): how events enter the network, by the codes of their items and their rows in the data.

        Encoders take their inputs from here, so that what else is known of an event can join it.
        """
        del rows
        return self.some(items)[0]

    @abstractmethod
    def count(self, data: Interactions) -> int:
        """How many batches an epoch over `data` has."""

    @abstractmethod
    def batches(
        self, data: Interactions, weights: NDArray[np.float32], rng: np.random.Generator
    ) -> Iterator[Any]:
        """All events of `data` in batches, in a new order. `weights` float32[n], of each in the loss."""

    @abstractmethod
    def read(self, batch: Any, carry: Any, dropout: np.random.Generator | None) -> Expected:
        """Reads a batch. `carry` is that of the batch before (None at first): no gradient goes through it."""

    @abstractmethod
    def expectations(self, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """float32[n, h], what is expected before each event, and int64[n], those events' rows. No gradient."""

    @abstractmethod
    def last_expectations(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[U, h]: what is expected of each of `users` after their events in `data`, if they have any."""

    def carried(self, data: Interactions, users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """Of each of `users` after their events: `expected` float32[U, h], and what carries it on."""
        return {"expected": self.last_expectations(data, users)}

    @abstractmethod
    def tensors(self) -> dict[str, NDArray[Any]]:
        """What serving needs to carry a history on, beside `items` and `bias`, and what is `carried`."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """All that a later training needs to go on from here."""
        return {name: value.detach().cpu().numpy() for name, value in self.state_dict().items()}

    def restore(self, base: Base, data: TrainingData) -> None:
        """Goes on from an earlier training's `weights`, with the items of `data`."""
        restore(self, base.weights, base.item_ids, data.interactions, self.by_item)
