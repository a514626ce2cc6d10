"""The transformer with what is known of items, users and events."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.training.features.featured import Featured
from pzdecl.engine.training.transformer.network import Transformer


class FeaturedTransformer(Featured, Transformer):
    """The transformer, with features."""

    def carried(self, data: Interactions, users: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """The transformer's, and the features of the events in `newest_rows`: `history_cells_*` (`Cells`)."""
        kept = super().carried(data, users)
        if not self.features.designs.events.columns:
            return kept
        cells = self._events.take(self.newest_rows(data, users))
        return {**kept, **{f"history_cells_{part.name}": getattr(cells, part.name) for part in fields(cells)}}
