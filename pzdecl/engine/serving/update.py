"""A model between trainings: what a trained model's files leave out, in one file more.

An update takes in items that are new since, and how often people met each item; it changes nothing else. The
new items' codes follow the known ones', so that whatever was coded before stays as it is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.files import Ids, map_tensors, read_model
from pzdecl.engine.serving.query import Stored

if TYPE_CHECKING:
    from numpy.typing import NDArray

MORE = "more_item_ids"
"""The tensors with the sorted ids of the new items."""


class MoreIds(Sequence[str]):
    """The ids of a training, and after them those of an update."""

    def __init__(self, known: Ids, more: Ids) -> None:
        self._known, self._more = known, more

    @property
    def parts(self) -> tuple[Ids, Ids]:
        """Those of the training, and those of the update; each sorted."""
        return self._known, self._more

    def __len__(self) -> int:
        return len(self._known) + len(self._more)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        place = index if index >= 0 else len(self) + index
        return self._known[place] if place < len(self._known) else self._more[place - len(self._known)]

    def some(self, places: Sequence[int]) -> list[str]:
        """The ids at some places, none of them negative."""
        return [self[place] for place in places]

    def find(self, wanted: str) -> int | None:
        """The index of an id, or None."""
        found = self._known.find(wanted)
        if found is None:
            more = self._more.find(wanted)
            found = None if more is None else len(self._known) + more
        return found


def read_stored(folder: Path) -> Stored:
    """A model's files as the training left them. Raises FileNotFoundError where none is complete."""
    facts, tensors = read_model(folder)
    return Stored(facts, tensors, Ids.unpack("user_ids", tensors), Ids.unpack("item_ids", tensors))


def with_update(stored: Stored, file: Path) -> Stored:
    """A stored model as an update has it. Raises FileNotFoundError where the update is gone."""
    tensors: Mapping[str, NDArray[Any]] = map_tensors(file)
    more = Ids.unpack(MORE, tensors)
    known = Ids.unpack("item_ids", stored.tensors)
    ids = MoreIds(known, more) if len(more) else known
    return stored._replace(tensors={**stored.tensors, **tensors}, item_ids=ids)
