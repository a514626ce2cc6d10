"""What is known of items, users and events as numbers: a table's columns become one sparse row for each thing.

    column       cells of a value
    Categories   one for each of its values ("Action|Comedy" has two), together 1; one for rare ones
    Number       its bucket, and its place between the least and the greatest (-1 to 1)
    Words        one for each known word, weighted by TF-IDF, of length 1

A thing's vector is the sum of its cells' learned vectors (`pzdecl.engine.training.features`), each times the
cell's weight. A value that is missing has a cell of its own where things are described (items, users), and none
for events. The learned vectors begin at zero, so a cell that no training ever met says nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Cells:
    """A sparse matrix by rows: row i has `columns[offsets[i]:offsets[i + 1]]` with `weights` beside them."""

    offsets: NDArray[np.int64]
    columns: NDArray[np.int32]
    weights: NDArray[np.float32]

    @classmethod
    def of(cls, rows: Sequence[Sequence[tuple[int, float]]]) -> Cells:
        """From (column, weight) pairs a row."""
        import numpy as np

        flat = [cell for row in rows for cell in row]
        return cls(
            np.concatenate(([0], np.cumsum([len(row) for row in rows]))).astype(np.int64),
            np.array([column for column, _ in flat], np.int32),
            np.array([weight for _, weight in flat], np.float32),
        )

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[Any]) -> Cells:
        """The rows with these numbers, in their order; -1 is an empty row."""
        import numpy as np

        starts = np.where(rows >= 0, self.offsets[rows], 0)
        counts = np.where(rows >= 0, self.offsets[rows + 1] - self.offsets[rows], 0)
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        places = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
        return Cells(offsets, self.columns[places], self.weights[places])

    def times(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """float32[n, ...]: for each row, the sum of its cells' vectors (float32[width, ...]), weighted."""
        import numpy as np

        terms = vectors[self.columns]
        terms = terms * self.weights.reshape(-1, *[1] * (vectors.ndim - 1))
        total = np.zeros((len(self), *vectors.shape[1:]), np.float32)
        np.add.at(total, np.repeat(np.arange(len(self)), np.diff(self.offsets)), terms)
        return total


class Column(Protocol):
    """How the values of one column become cells, numbered from 0 to `width` - 1."""

    kind: ClassVar[str]

    @property
    def name(self) -> str:
        """The column's name in the schema."""
        ...

    @property
    def width(self) -> int:
        """How many cells there are."""
        ...

    def cells(self, values: Sequence[Any]) -> Cells:
        """A row for each value; None is a missing one. Numbers may come as float64[n], with NaN for those."""
        ...


@dataclass(frozen=True, slots=True)
class Categories:
    """`values`, sorted, each with a cell of its own; then the rare or unknown ones', then that of nothing.

    The weights of a row are equal and sum to one: of several values the mean counts.
    """

    kind: ClassVar[str] = "categories"
    name: str
    values: tuple[str, ...]
    missing: bool = True

    @property
    def width(self) -> int:
        """All values, rare ones, missing ones."""
        return len(self.values) + 2

    def cells(self, values: Sequence[Any]) -> Cells:
        """Where nothing may be missing (events), unknown values have no cell either."""
        known = {value: place for place, value in enumerate(self.values)}
        rare, nothing = len(self.values), len(self.values) + 1
        rows = []
        for value in values:
            parts = parted(value)
            places = [known.get(part, rare) for part in parts] or [nothing]
            if not self.missing:
                places = [place for place in places if place < rare]
            rows.append([(place, places.count(place) / len(places)) for place in dict.fromkeys(places)])
        return Cells.of(rows)


@dataclass(frozen=True, slots=True)
class Number:
    """`bounds`, rising, part the buckets 1 .. len(bounds) - 1; cell 0 is the place, the last is for nothing."""

    kind: ClassVar[str] = "number"
    name: str
    bounds: tuple[float, ...]
    missing: bool = True

    @property
    def width(self) -> int:
        """The place, the buckets, missing ones."""
        return len(self.bounds) + 1

    def cells(self, values: Sequence[Any] | NDArray[np.float64]) -> Cells:
        """Values beyond the bounds are as the bounds. What is no number is missing."""
        import numpy as np

        if isinstance(values, np.ndarray):
            numbers = values
        else:
            numbers = np.array([_number(value) for value in values], np.float64)
        there = np.isfinite(numbers)
        clipped = np.clip(np.where(there, numbers, self.bounds[0]), self.bounds[0], self.bounds[-1])
        bucket = np.clip(np.searchsorted(self.bounds, clipped, "right"), 1, len(self.bounds) - 1)
        place = np.interp(clipped, self.bounds, np.linspace(-1, 1, len(self.bounds)))
        counts = np.where(there, 2, int(self.missing))
        offsets = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
        columns = np.full(offsets[-1], len(self.bounds), np.int32)
        weights = np.ones(offsets[-1], np.float32)
        first = offsets[:-1][there]
        columns[first], columns[first + 1] = 0, bucket[there]
        weights[first] = place[there]
        return Cells(offsets, columns, weights)


@dataclass(frozen=True, slots=True)
class Words:
    """`words`, sorted, with their inverse document frequencies `rarity`; the last cell is for nothing known."""

    kind: ClassVar[str] = "words"
    name: str
    words: tuple[str, ...]
    rarity: tuple[float, ...]
    missing: bool = True

    @property
    def width(self) -> int:
        """All words, missing ones."""
        return len(self.words) + 1

    def cells(self, values: Sequence[Any]) -> Cells:
        """The squares of a row's weights sum to one, so that long texts say no more than short ones."""
        known = {word: place for place, word in enumerate(self.words)}
        rows = []
        for value in values:
            found: dict[int, float] = {}
            for word in words_of(value):
                place = known.get(word)
                if place is not None:
                    found[place] = found.get(place, 0.0) + self.rarity[place]
            length = sum(weight**2 for weight in found.values()) ** 0.5
            nothing = [(len(self.words), 1.0)] if self.missing else []
            rows.append([(place, weight / length) for place, weight in found.items()] or nothing)
        return Cells.of(rows)


@dataclass(frozen=True, slots=True)
class Design:
    """How rows of a table become rows of a sparse matrix: its columns' cells side by side."""

    columns: tuple[Column, ...] = ()

    @property
    def width(self) -> int:
        """Columns of the matrix."""
        return sum(column.width for column in self.columns)

    def row(self, values: Mapping[str, Any]) -> Cells:
        """One row, of values by the names of columns; what is not given is missing."""
        return self.beside([column.cells([values.get(column.name)]) for column in self.columns], 1)

    def beside(self, parts: Sequence[Cells], rows: int) -> Cells:
        """The cells of each column, row by row in one matrix of `rows` rows."""
        import numpy as np

        start, places, columns = 0, [np.zeros(0, np.int64)], [np.zeros(0, np.int32)]
        weights = [np.zeros(0, np.float32)]
        for column, part in zip(self.columns, parts, strict=True):
            places.append(np.repeat(np.arange(rows), np.diff(part.offsets)))
            columns.append((part.columns + start).astype(np.int32))
            weights.append(part.weights)
            start += column.width
        row = np.concatenate(places)
        order = np.argsort(row, kind="stable")
        offsets = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int64)
        return Cells(offsets, np.concatenate(columns)[order], np.concatenate(weights)[order])

    def pack(self) -> NDArray[np.uint8]:
        """As a tensor: JSON in UTF-8."""
        import dataclasses

        import numpy as np

        plain = [{"kind": column.kind, **dataclasses.asdict(column)} for column in self.columns]  # type: ignore[call-overload]
        return np.frombuffer(json.dumps(plain).encode(), np.uint8)

    @classmethod
    def unpack(cls, packed: NDArray[np.uint8]) -> Design:
        """From what `pack` made."""
        kinds: dict[str, Any] = {one.kind: one for one in (Categories, Number, Words)}
        columns = []
        for plain in json.loads(bytes(packed)):
            make = kinds[plain.pop("kind")]
            columns.append(make(**{k: tuple(v) if isinstance(v, list) else v for k, v in plain.items()}))
        return cls(tuple(columns))


class Features:
    """The features of a trained model, for what the model has not met: new items, users, events and contexts.

    Of models without features everything is zero.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.tensors = tensors
        self.hidden = tensors["items"].shape[1]
        self.designs = {
            of: Design.unpack(tensors[f"features.{of}.design"])
            for of in ("items", "users", "events")
            if f"features.{of}.design" in tensors
        }

    def item(self, metadata: Mapping[str, Any]) -> tuple[NDArray[np.float32], float]:
        """The vector float32[h] and the bias of an item of which only the metadata is known."""
        vector = self._sum("items", "vectors", metadata)
        return vector[:-1], float(vector[-1])

    def user(self, metadata: Mapping[str, Any]) -> NDArray[np.float32]:
        """float32[h]: what a user's metadata adds to what is expected of them."""
        return self._sum("users", "shift", metadata)

    def known_user(self, user: int) -> NDArray[np.float32]:
        """float32[h]: the same for one that the training knew, by the code."""
        import numpy as np

        if "features.users.offsets" not in self.tensors:
            return np.zeros(self.hidden, np.float32)
        parts = (self.tensors[f"features.users.{part}"] for part in ("offsets", "columns", "weights"))
        return np.asarray(Cells(*parts).take(np.array([user])).times(self.tensors["features.users.shift"])[0])

    def context(self, context: Mapping[str, Any]) -> NDArray[np.float32]:
        """float32[h]: what the circumstances of a request add to what is expected."""
        return self._sum("events", "shift", context)

    def event(self, columns: Mapping[str, Any]) -> NDArray[np.float32]:
        """float32[h]: what is added to an item's vector where an event with these columns is read."""
        return self._sum("events", "input", columns)

    def _sum(self, of: str, weights: str, values: Mapping[str, Any]) -> NDArray[np.float32]:
        import numpy as np

        if of not in self.designs:
            return np.zeros(self.hidden + (of == "items"), np.float32)
        sums = self.designs[of].row(values).times(self.tensors[f"features.{of}.{weights}"])
        return np.asarray(sums[0])


def parted(value: Any) -> list[str]:
    """The values of a categorical cell: "Action|Comedy" has two."""
    return [] if value is None else [part for part in str(value).split("|") if part]


def words_of(value: Any) -> list[str]:
    """The words of a text, in lower case."""
    return [] if value is None else _WORD.findall(str(value).lower())


def _number(value: Any) -> float:
    try:
        return float("nan") if value is None else float(value)
    except (TypeError, ValueError):
        return float("nan")
