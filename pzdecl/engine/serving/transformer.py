"""The transformer without torch: what a user's newest events let expect, with numpy.

The same sums as `pzdecl.engine.training.transformer.network`, for one history and its newest event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.features import Cells

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

START = -1
"""In place of an item: nothing yet."""
GAPS = 32
"""Codes for the time between two events; the last ones stand for more than a human life."""
EPSILON = 1e-6
"""Keeps the norm of nothing from dividing by zero."""


def gap_codes(seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Of each time between two events: 1 for the same second, one more with each doubling. 0 is for none."""
    import numpy as np

    return np.minimum(1 + np.log2(1.0 + np.maximum(seconds, 0)).astype(np.int64), GAPS - 1)


class TransformerReader:
    """Reads `network.*`, `attention_shape`, and `history_*`, what each user did.

    Of `history_items` there is all that a user had; of `history_times` and `history_cells_*` only what the
    network can look back on, the newest `length` events and one more: `starts` int64[U + 1] says where.
    """

    def __init__(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        import numpy as np

        self.tensors = tensors
        self.heads, self.length = (int(number) for number in tensors["attention_shape"])
        kept = np.minimum(np.diff(tensors["history_offsets"]), self.length + 1)
        self.starts = np.concatenate(([0], np.cumsum(kept)))
        self.blocks = len({name.split(".")[2] for name in tensors if name.startswith("network.blocks.")})

    def expect(
        self,
        user: int | None,
        items: NDArray[np.int32],
        timestamps: NDArray[np.int64],
        given: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """float32[h]: what is expected of a user after further events, the oldest first.

        user   the code of one whom the training knew; None for a new one
        items  int32[n], codes of what the training knew; timestamps int64[n], seconds
        given  float32[n, h]: what the events' own features add to the vectors of their items
        """
        import numpy as np

        vectors = self.tensors["items"][items]
        vectors = vectors if given is None else vectors + given
        if user is None:
            return self.read(vectors, timestamps)
        before, times = self._history(user)
        now = self.read(np.concatenate((before, vectors)), np.concatenate((times, timestamps)))
        # What is known of the user beside the events:
        shift = self.tensors["expected"][user] - self.read(before, times)
        return np.asarray(shift + now, np.float32)

    def _history(self, user: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """float32[n, h], the vectors of a user's newest events, and their times int64[n]."""
        import numpy as np

        t, end = self.tensors, self.tensors["history_offsets"][user + 1]
        start, stop = self.starts[user], self.starts[user + 1]
        vectors = t["items"][t["history_items"][end - (stop - start) : end]]
        if "history_cells_offsets" in t:
            parts = (t[f"history_cells_{part.name}"] for part in fields(Cells))
            cells = Cells(*parts).take(np.arange(start, stop))
            vectors = vectors + cells.times(t["features.events.input"])
        return vectors, t["history_times"][start:stop]

    def read(self, vectors: NDArray[np.float32], timestamps: NDArray[np.int64]) -> NDArray[np.float32]:
        """float32[h]: what is expected after these events; of more than `length`, after the newest.

        vectors float32[n, h], of the items with what the events add to them; timestamps int64[n], seconds.
        """
        import numpy as np

        t, count = self.tensors, len(vectors)
        gaps = np.concatenate(([0], gap_codes(np.diff(timestamps)))) if count else np.zeros(0, np.int64)
        kept = slice(max(count - self.length, 0), None)
        x = vectors[kept] + t["network.gaps"][gaps[kept]]
        if count < self.length:
            x = np.concatenate(((t["network.start"] + t["network.gaps"][0])[None], x))
        for number in range(self.blocks):
            x = self._block(x, f"network.blocks.{number}.")
        expected = _normed(x[-1], t["network.norm"]) @ t["network.output"] + t["network.output_bias"]
        return np.asarray(expected, np.float32)

    def _block(self, x: NDArray[np.float32], at: str) -> NDArray[np.float32]:
        """(T, h) to (T, h): looks back, then thinks."""
        import numpy as np

        w = self.tensors
        places, width = x.shape
        y = _normed(x, w[at + "attention_norm"])
        mixed = y * w[at + "recent"][0]
        for back in range(1, min(len(w[at + "recent"]), places)):
            mixed[back:] += y[:-back] * w[at + "recent"][back]
        parts = (mixed @ w[at + "look"]).reshape(places, 3, self.heads, -1).transpose(1, 2, 0, 3)
        queries, keys, values = parts
        distance = np.arange(places)[:, None] - np.arange(places)
        nearness = np.where(distance >= 0, w[at + "nearness"][:, np.maximum(distance, 0)], -np.inf)
        scores = queries @ keys.transpose(0, 2, 1) * (width // self.heads) ** -0.5 + nearness
        shares = np.exp(scores - scores.max(-1, keepdims=True))
        shares /= shares.sum(-1, keepdims=True)
        found = (shares @ values).transpose(1, 0, 2).reshape(places, width)
        x = x + found @ w[at + "found"]
        y = _normed(x, w[at + "thought_norm"]) @ w[at + "widen"] + w[at + "widen_bias"]
        return np.asarray(x + np.square(np.maximum(y, 0)) @ w[at + "narrow"], np.float32)


def _normed(x: NDArray[np.float32], scale: NDArray[np.float32]) -> NDArray[np.float32]:
    """Root mean square one (Zhang and Sennrich, "Root Mean Square Layer Normalization", NeurIPS 2019)."""
    import numpy as np

    return np.asarray(x / np.sqrt(np.mean(np.square(x), -1, keepdims=True) + EPSILON) * scale, np.float32)
