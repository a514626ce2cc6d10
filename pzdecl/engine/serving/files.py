"""The files of a model: `model.json` and `model.safetensors`, which is mapped into memory, not read."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMAT = 1
FACTS = "model.json"
TENSORS = "model.safetensors"
WEIGHTS = "weights.safetensors"
"""What only an update of the model reads."""
_DTYPES = {"F32": "<f4", "F64": "<f8", "I32": "<i4", "I64": "<i8", "U8": "u1", "BOOL": "?"}


def write_weights(folder: Path, tensors: Mapping[str, NDArray[Any]]) -> None:
    """Writes what a later training with trainingMode UPDATE goes on from. Before `write_model`."""
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{WEIGHTS}.partial"
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())}, partial)
    os.replace(partial, folder / WEIGHTS)


def write_model(folder: Path, facts: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> None:
    """Writes both files into `folder`, `model.json` last: where it exists, the model is complete."""
    import numpy as np
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{TENSORS}.partial"
    save_file({name: np.ascontiguousarray(tensor) for name, tensor in sorted(tensors.items())}, partial)
    os.replace(partial, folder / TENSORS)
    partial = folder / f"{FACTS}.partial"
    partial.write_text(json.dumps({"format": FORMAT, **facts}, indent=2, sort_keys=True) + "\n", "utf-8")
    os.replace(partial, folder / FACTS)


def read_model(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The facts, and the tensors as read-only views of the mapped file.

    Raises FileNotFoundError if there is no complete model, ValueError if it was written in another format.
    """
    facts = json.loads((folder / FACTS).read_text("utf-8"))
    if facts["format"] != FORMAT:
        raise ValueError(f"{folder / FACTS} has format {facts['format']}; this version reads {FORMAT}")
    return facts, map_tensors(folder / TENSORS)


def map_tensors(file: Path) -> dict[str, NDArray[Any]]:
    """A safetensors file's tensors without copying: 8 bytes of header length, a JSON header, the raw data.

    The system is told to begin reading: what answers a request soon would else come page by page.
    """
    import mmap

    import numpy as np

    with file.open("rb") as opened:
        mapped = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
    if hasattr(mmap, "MADV_WILLNEED"):
        mapped.madvise(mmap.MADV_WILLNEED)
    data = np.frombuffer(mapped, np.uint8)
    length = int(data[:8].view("<u8")[0])
    header = json.loads(data[8 : 8 + length].tobytes())
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            start, end = (8 + length + offset for offset in entry["data_offsets"])
            tensors[name] = data[start:end].view(_DTYPES[entry["dtype"]]).reshape(entry["shape"])
    return tensors


class Ids(Sequence[str]):
    """Sorted ids as one run of UTF-8 bytes; `find` looks one up by bisection, so loading costs nothing."""

    def __init__(self, text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> None:
        import numpy as np

        self._text = np.ascontiguousarray(text).data  # views are many times quicker than arrays here
        self._offsets = np.require(offsets, np.int64, ["A", "C"]).data

    @staticmethod
    def pack(name: str, ids: Sequence[str]) -> dict[str, NDArray[Any]]:
        """The two tensors `NAME` and `NAME_offsets` of sorted ids."""
        import numpy as np

        encoded = [one.encode() for one in ids]
        return {
            name: np.frombuffer(b"".join(encoded), np.uint8),
            f"{name}_offsets": np.concatenate(([0], np.cumsum([len(one) for one in encoded]))).astype(np.int64),
        }

    @classmethod
    def unpack(cls, name: str, tensors: Mapping[str, NDArray[Any]]) -> Ids:
        """From the tensors that `pack` made."""
        return cls(tensors[name], tensors[f"{name}_offsets"])

    @property
    def buffers(self) -> tuple[memoryview, memoryview]:
        """The text of all ids, and the n + 1 places (int64) where each begins."""
        return self._text, self._offsets

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        start = index if index >= 0 else len(self) + index
        if start < 0:
            raise IndexError(index)
        return str(self._text[self._offsets[start] : self._offsets[start + 1]], "utf-8")

    def some(self, places: Sequence[int]) -> list[str]:
        """The ids at some places, none of them negative; quicker than one by one."""
        text, offsets = self._text, self._offsets
        return [str(text[offsets[place] : offsets[place + 1]], "utf-8") for place in places]

    def find(self, wanted: str) -> int | None:
        """The index of an id, or None. UTF-8 sorts as its code points do."""
        key = wanted.encode("utf-8", "surrogatepass")  # half a character is in no id
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._bytes(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self._bytes(low) == key else None

    def _bytes(self, index: int) -> bytes:
        return self._text[self._offsets[index] : self._offsets[index + 1]].tobytes()
