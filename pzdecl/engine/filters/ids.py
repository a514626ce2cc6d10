"""Sorted ids, looked up one by one or all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.serving.files import Ids
    from pzdecl.engine.serving.update import MoreIds


FEW = 50
"""Of fewer than one in so many, each is looked up by itself: no table of all is made."""


class Index:
    """Distinct ids in the order of their UTF-8 bytes, each with its place.

    Finding one is a bisection in the bytes; nothing is made of Python's strings, however many ids there are.
    """

    def __init__(self, ids: Any) -> None:
        """`ids` is a pyarrow array of sorted strings."""
        import numpy as np
        import pyarrow as pa

        from pzdecl.engine.serving.files import Ids

        if isinstance(ids, pa.ChunkedArray):
            ids = ids.combine_chunks()
        self.array = ids.cast(pa.large_string())
        _, starts, text = self.array.buffers()
        first = self.array.offset
        offsets = (
            np.frombuffer(starts, np.int64, len(self.array) + 1, first * 8) if starts else np.zeros(1, int)
        )
        self._ids = Ids(np.frombuffer(text if text is not None else b"", np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, place: int) -> str:
        return str(self._ids[place])

    def find(self, wanted: str) -> int | None:
        """The place of an id, or None."""
        return self._ids.find(wanted)

    def places(self, ids: Any) -> NDArray[np.int64]:
        """int64[n]: the place of each of n ids (a pyarrow array of strings); `len(self)` for unknown ones."""
        import numpy as np
        import pyarrow as pa
        import pyarrow.compute as pc

        if len(ids) * FEW < len(self):
            places = (self.find(one) for one in ids.to_pylist())
            return np.array([len(self) if place is None else place for place in places], np.int64)
        found = pc.index_in(ids.cast(pa.large_string()), value_set=self.array)
        return np.asarray(found.fill_null(len(self)).to_numpy(), np.int64)


class Codes:
    """The ids of a model that was updated, by its codes: those of the training, then those that are new since.

    Each part is sorted, both together are not.
    """

    def __init__(self, ids: MoreIds) -> None:
        import pyarrow as pa

        self.array = pa.concat_arrays([_arrow(part) for part in ids.parts])
        self._ids = ids

    def __len__(self) -> int:
        return len(self.array)

    def find(self, wanted: str) -> int | None:
        """The code of an id, or None."""
        return self._ids.find(wanted)


def index_of(ids: Ids | MoreIds) -> Index | Codes:
    """A model's ids by their codes; nothing is copied of a model that was not updated."""
    from pzdecl.engine.serving.update import MoreIds

    return Codes(ids) if isinstance(ids, MoreIds) else Index(_arrow(ids))


def _arrow(ids: Ids) -> Any:
    import pyarrow as pa

    text, offsets = ids.buffers
    return pa.LargeStringArray.from_buffers(len(ids), pa.py_buffer(offsets), pa.py_buffer(text))
