"""The best neighbours of each item, as the two tensors that serving maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEIGHBOURS = 1000
"""Kept for each item: twice what a request may ask for, so that filters leave enough."""


class Lists:
    """Collects the neighbours of items 0, 1, 2 ...: a block of rows at a time."""

    def __init__(self) -> None:
        self.lengths: list[NDArray[np.int64]] = []
        self.items: list[NDArray[np.int32]] = []
        self.scores: list[NDArray[np.float32]] = []

    def add(self, scores: Any) -> None:
        """Of each row of a scipy CSR matrix, float32 (rows, N), the best; of equals, the first."""
        import numpy as np

        scores.sort_indices()
        lengths = np.zeros(scores.shape[0], np.int64)
        for row in range(scores.shape[0]):
            part = slice(scores.indptr[row], scores.indptr[row + 1])
            best = np.argsort(-scores.data[part], kind="stable")[:NEIGHBOURS]
            lengths[row] = len(best)
            self.items.append(scores.indices[part][best].astype(np.int32))
            self.scores.append(scores.data[part][best])
        self.lengths.append(lengths)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Of item i: `neighbours` int32 and `closeness` float32, at `offsets[i]:offsets[i + 1]`, best first."""
        import numpy as np

        lengths = np.concatenate([np.zeros(1, np.int64), *self.lengths])
        return {
            "offsets": np.cumsum(lengths),
            "neighbours": np.concatenate([np.zeros(0, np.int32), *self.items]),
            "closeness": np.concatenate([np.zeros(0, np.float32), *self.scores]),
        }
