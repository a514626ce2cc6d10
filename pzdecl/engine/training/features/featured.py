"""Features for any encoder of histories: `class FeaturedX(Featured, X)`.

    vector of an item        share · own vector + sum of its features' vectors        (biases likewise)
    input of an event        vector of its item + sum of the event's features' input vectors
    expectation before it    what the encoder says + the user's features' + the event's features' shifts

The first line is the item side of a factorisation machine (S. Rendle, ICDM 2010). `share` is n / (n + FEW) for
n events, so an item that was never met is its features alone, and the more often it was met the more it is
itself. In training an item is made nameless now and then (dropout of its own vector; Volkovs, Yu and Poutanen,
"DropoutNet", NeurIPS 2017), so that features learn to stand alone. The context of the event to come is hidden
half of the time, in validation as in training, so that the encoder also knows what to expect without it.
"""

# What is mixed in calls what it is mixed into:
# mypy: disable-error-code="safe-super"
from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.features import Cells, Design
from pzdecl.engine.training.features.design import cells_of, event_design, side_design
from pzdecl.engine.training.model import Base
from pzdecl.engine.training.sequence.encoder import Encoder, Expected

FEW = 2.0
"""Events after which an item is as much itself as nameless."""
NAMELESS = 0.15
"""Share of items that a training step sees without their own vectors."""
HIDDEN = 0.5
"""Share of events whose context a training step does not see."""
IMPOSSIBLE = -1e4
"""Bias, in training, of items that no training event has: what is never right would teach its features so."""


@dataclass(frozen=True, slots=True)
class Designs:
    """How items, users and events are described."""

    items: Design
    users: Design
    events: Design

    @classmethod
    def fit(cls, data: TrainingData) -> Designs:
        """From all that is known where a training begins."""
        return cls(side_design(data.items), side_design(data.users), event_design(data.interactions))

    def pack(self) -> dict[str, NDArray[np.uint8]]:
        """As tensors: `features.items.design`, `features.users.design`, `features.events.design`."""
        parts = {"items": self.items, "users": self.users, "events": self.events}
        return {f"features.{of}.design": design.pack() for of, design in parts.items()}

    @classmethod
    def unpack(cls, tensors: Mapping[str, NDArray[Any]]) -> Designs:
        """From the tensors that `pack` made."""
        return cls(*(Design.unpack(tensors[f"features.{of}.design"]) for of in ("items", "users", "events")))


class Features(nn.Module):
    """The learned vectors of features, for encoders of width h. All begin at zero: as if there were none.

    item_vectors  (width of the items' design, h + 1), the last column for biases
    user_shift    (width of the users' design, h)
    event_vectors (width of the events' design, 2h): shift of the expectation before, input after
    met           float32[N]: how often each item was in the events that are trained on
    """

    met: Tensor

    def __init__(self, designs: Designs, data: TrainingData, hidden: int) -> None:
        super().__init__()
        self.designs = designs
        self.item_cells = _cells(designs.items, data.items, len(data.interactions.item_ids))
        self.user_cells = _cells(designs.users, data.users, len(data.interactions.user_ids))
        self.item_vectors = nn.Parameter(torch.zeros(designs.items.width, hidden + 1))
        self.user_shift = nn.Parameter(torch.zeros(designs.users.width, hidden))
        self.event_vectors = nn.Parameter(torch.zeros(designs.events.width, 2 * hidden))
        self.register_buffer("met", torch.zeros(len(data.interactions.item_ids)))

    def share(self, dropout: np.random.Generator | None = None) -> Tensor:
        """float32[N]: how much of itself each item is; with `dropout`, nothing now and then."""
        share = self.met / (self.met + FEW)
        if dropout is None or not self.designs.items.columns:
            return share
        named = dropout.random(len(share), np.float32) >= NAMELESS
        return share * torch.from_numpy(named).to(share)

    def of_items(
        self, own: Tensor, bias: Tensor, share: Tensor, codes: Tensor | None = None
    ) -> tuple[Tensor, Tensor]:
        """Vectors (k, h) and biases (k) of some items, or of all, from their own and their shares (k)."""
        cells = self.item_cells if codes is None else self.item_cells.take(codes.cpu().numpy())
        features = bags(cells, self.item_vectors)
        return own * share[:, None] + features[:, :-1], bias * share + features[:, -1]

    def possible(self, biases: Tensor, codes: Tensor | None = None) -> Tensor:
        """The biases for training: see IMPOSSIBLE."""
        met = self.met if codes is None else self.met[codes]
        return biases.masked_fill(met == 0, IMPOSSIBLE)

    def of_users(self, users: NDArray[np.int64]) -> Tensor:
        """(len(users), h): the shifts of what is expected of them; none for -1."""
        if not self.designs.users.columns:
            return self.user_shift.new_zeros(len(users), self.user_shift.shape[1])
        some, places = np.unique(users, return_inverse=True)
        return F.embedding(_tensor(places, self.user_shift), bags(self.user_cells.take(some), self.user_shift))

    def of_events(self, cells: Cells) -> tuple[Tensor, Tensor]:
        """(n, h) each: how events shift what is expected before them, and what they add to their items."""
        shift, given = bags(cells, self.event_vectors).chunk(2, -1)
        return shift, given

    def tensors(self) -> dict[str, NDArray[Any]]:
        """What `pzdecl.engine.serving.features.Features` reads."""
        shift, given = self.event_vectors.detach().cpu().chunk(2, -1)
        users = self.user_cells
        return {
            **self.designs.pack(),
            "features.items.vectors": self.item_vectors.detach().cpu().numpy(),
            "features.users.shift": self.user_shift.detach().cpu().numpy(),
            "features.users.offsets": users.offsets,
            "features.users.columns": users.columns,
            "features.users.weights": users.weights,
            "features.events.shift": shift.numpy(),
            "features.events.input": given.numpy(),
        }


class Featured(Encoder):
    """Mixed in before an encoder; `describe` makes its features known.

    Rows that an encoder reads are rows of the data that it was given last: of these the events' features are
    kept.
    """

    features: Features
    by_item = (*Encoder.by_item, "features.met")

    def describe(self, data: TrainingData, designs: Designs | None = None) -> None:
        """Called once, after __init__: features of these designs (of `Designs.fit`), all zero."""
        self.features = Features(designs or Designs.fit(data), data, self.items.shape[1])
        self._table: tuple[Tensor, Tensor] | None = None
        self._share: Tensor | None = None
        self._data: Interactions | None = None
        self._events = NO_CELLS

    def table(self) -> tuple[Tensor, Tensor]:
        """Own vectors and features together; while a batch is read, as the batch sees them."""
        return self._table or self.features.of_items(self.items, self.bias, self.features.share())

    def some(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Of large catalogues, made for these items alone: the others' vectors need not exist."""
        if not self.by_rows:
            vectors, biases = self.table()
            return F.embedding(codes, vectors), biases[codes]
        distinct, places = torch.unique(codes, return_inverse=True)
        own, bias = F.embedding(distinct, self.items, sparse=True), self.bias[distinct]
        share = self.features.share() if self._share is None else self._share
        vectors, biases = self.features.of_items(own, bias, share[distinct], distinct)
        if self._share is not None:
            biases = self.features.possible(biases, distinct)
        return F.embedding(places, vectors), biases[places]

    def embed(self, items: Tensor, rows: Tensor) -> Tensor:
        """The items' vectors and what the events add."""
        vectors = super().embed(items, rows)  # of `some`
        if not self.features.designs.events.columns:
            return vectors
        given = self.features.of_events(self._events.take(rows.flatten().cpu().numpy()))[1]
        return vectors + given.view(vectors.shape)

    def batches(
        self, data: Interactions, weights: NDArray[np.float32], rng: np.random.Generator
    ) -> Iterator[Any]:
        """The encoder's, over data whose items are met from now on."""
        self._look_at(data)
        self.features.met.copy_(torch.from_numpy(np.bincount(data.items, minlength=len(self.items))))
        yield from super().batches(data, weights, rng)

    def read(self, batch: Any, carry: Any, dropout: np.random.Generator | None) -> Expected:
        """Reads and is scored with the same items nameless, as inputs and as answers."""
        self._share = self.features.share(dropout)
        if not self.by_rows:
            vectors, biases = self.features.of_items(self.items, self.bias, self._share)
            self._table = vectors, self.features.possible(biases)
        try:
            expected = super().read(batch, carry, dropout)
        finally:
            table, self._table = self._table, None
        rows = expected.rows.cpu().numpy()
        states = expected.states + self._of_users(rows) + self._of_contexts(rows, dropout)
        return expected._replace(states=states, table=table)

    def expectations(self, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Of every other event the context is told."""
        expected, rows = self.untold_expectations(data)
        with torch.no_grad():
            for part in _parts(len(rows)):
                told = np.where(rows[part] % 2 == 0, rows[part], -1)
                expected[part] += self._of_contexts(told, None).cpu().numpy()
        return expected, rows

    def untold_expectations(self, data: Interactions) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Without any context."""
        self._look_at(data)
        expected, rows = super().expectations(data)
        with torch.no_grad():
            for part in _parts(len(rows)):
                expected[part] += self._of_users(rows[part]).cpu().numpy()
        return expected, rows

    def last_expectations(self, data: Interactions, users: NDArray[np.int64]) -> NDArray[np.float32]:
        """Without a context; a user of -1 is one of whom nothing is known."""
        self._look_at(data)
        expected = super().last_expectations(data, users)
        with torch.no_grad():
            return np.asarray(expected + self.features.of_users(users).cpu().numpy())

    def carried(self, data: Interactions, users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The encoder's, but for what is expected."""
        self._look_at(data)
        return {**super().carried(data, users), "expected": self.last_expectations(data, users)}

    def tensors(self) -> dict[str, NDArray[Any]]:
        """The encoder's, and the features'."""
        own = {name: tensor for name, tensor in super().tensors().items() if ".features." not in name}
        return {**own, **self.features.tensors()}

    def weights(self) -> dict[str, NDArray[Any]]:
        """The encoder's, and how things are described: the cells must stay what they are."""
        return {**super().weights(), **self.features.designs.pack()}

    def restore(self, base: Base, data: TrainingData) -> None:
        """Describes everything as the earlier training did; values that are new since say nothing."""
        self.describe(data, Designs.unpack(base.weights))
        super().restore(base, data)

    def _look_at(self, data: Interactions) -> None:
        design = self.features.designs.events
        if design.columns and data is not self._data:
            self._events = cells_of(design, data.columns)
        self._data, self._share = data, None

    def _of_users(self, rows: NDArray[np.int64]) -> Tensor:
        """(n, h): what is known of the users of events, as shifts; rows of -1 are padding."""
        assert self._data is not None
        return self.features.of_users(np.where(rows >= 0, self._data.users[rows], -1))

    def _of_contexts(self, rows: NDArray[np.int64], dropout: np.random.Generator | None) -> Tensor:
        """(n, h): how the features of events shift what is expected before them; hidden now and then."""
        if not self.features.designs.events.columns:
            return self.items.new_zeros(len(rows), self.items.shape[1])
        shift = self.features.of_events(self._events.take(rows))[0]
        if dropout is None:
            return shift
        told = dropout.random(len(rows), np.float32) >= HIDDEN
        return shift * torch.from_numpy(told[:, None]).to(shift)


ROWS_AT_ONCE = 2**16
NO_CELLS = Cells(np.zeros(1, np.int64), np.zeros(0, np.int32), np.zeros(0, np.float32))


def _parts(count: int) -> Iterator[slice]:
    """Of so many rows, ROWS_AT_ONCE at a time."""
    return (slice(start, start + ROWS_AT_ONCE) for start in range(0, count, ROWS_AT_ONCE))


def bags(cells: Cells, vectors: Tensor) -> Tensor:
    """(len(cells), ...): for each row the sum of its cells' vectors, times the cells' weights."""
    return F.embedding_bag(
        _tensor(cells.columns.astype(np.int64), vectors),
        vectors,
        _tensor(cells.offsets, vectors),
        mode="sum",
        per_sample_weights=_tensor(cells.weights, vectors),
        include_last_offset=True,
    )


def _tensor(array: NDArray[Any], beside: Tensor) -> Tensor:
    """On the device of another."""
    return torch.from_numpy(array).to(beside.device)


def _cells(design: Design, table: Any, count: int) -> Cells:
    if table is None or not design.columns:
        return Cells(np.zeros(count + 1, np.int64), NO_CELLS.columns, NO_CELLS.weights)
    return cells_of(design, table.rows)
