"""What segments are asked for: items, or values of the items' attributes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.attributes import pack
from pzdecl.engine.serving.segments import attribute_features, item_features
from pzdecl.engine.training.affinity.attributes import usable
from pzdecl.engine.training.affinity.histories import related

Tensors = Mapping[str, NDArray[Any]]


class Question(NamedTuple):
    """Its text, and the items that it means."""

    text: str
    items: NDArray[np.int32]

    def takers(self, events: Interactions) -> NDArray[np.int32]:
        """The distinct users who took any of the items up in `events`."""
        return np.unique(events.users[np.isin(events.items, self.items)])


class Questions(ABC):
    """The questions that can be asked of a model of `data`.

    prior  where the factors of the features start from, and stay near with little data
    """

    prior: tuple[float, ...]

    def __init__(self, data: TrainingData) -> None:
        self.data = data

    @abstractmethod
    def all(self) -> Iterable[Question]:
        """Every question."""

    @abstractmethod
    def tensors(self, had: Tensors) -> dict[str, NDArray[Any]]:
        """What serving needs beside the users' state. `had`: see `histories`."""

    @abstractmethod
    def features(self, known: Tensors, question: Question) -> NDArray[np.float32]:
        """float32[k, U]: what the score of each user is made of."""


class ItemQuestions(Questions):
    """Of aws-item-affinity: who will take up this item?"""

    prior = (0.5, 1.0, 1.0, 0.0)

    def all(self) -> Iterable[Question]:
        """The items with events."""
        events = self.data.interactions
        return [Question(events.item_ids[int(i)], np.array([i], np.int32)) for i in np.unique(events.items)]

    def tensors(self, had: Tensors) -> dict[str, NDArray[Any]]:
        """The items that are related to each."""
        return related(had, len(self.data.interactions.item_ids))

    def features(self, known: Tensors, question: Question) -> NDArray[np.float32]:
        """Log chance, log related, log events, and whether it was had."""
        return item_features(known, int(question.items[0]))


class AttributeQuestions(Questions):
    """Of aws-item-attribute-affinity: who will take up items with this value? Raises TrainingFailed."""

    prior = (0.5, 1.0)

    def __init__(self, data: TrainingData) -> None:
        super().__init__(data)
        self.columns = usable(data)

    def all(self) -> Iterable[Question]:
        """Each value of each column."""
        for (kind, name), values in sorted(self.columns.items()):
            for value, items in sorted(values.items()):
                quoted = (
                    value if kind == "numeric" else '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
                )
                yield Question(f"ITEMS.{name} = {quoted}", items)

    def tensors(self, had: Tensors) -> dict[str, NDArray[Any]]:
        """The items of each value: see `pzdecl.engine.serving.attributes`."""
        del had
        packed: dict[str, NDArray[Any]] = {}
        for (kind, name), values in self.columns.items():
            packed |= pack(kind, name, values)
        return packed

    def features(self, known: Tensors, question: Question) -> NDArray[np.float32]:
        """Log chance and log events."""
        return attribute_features(known, question.items)
