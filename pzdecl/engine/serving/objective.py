"""A business objective beside relevance: chances are multiplied with how much an item earns.

With an `optimizationObjective` the chance of an item is multiplied with reward ^ strength, where its reward is
the share of the items whose attribute is at most its own (so from above 0 to 1, whatever the attribute's unit),
and the strength follows from `objectiveSensitivity`. A model stores strength * log(reward) of each item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray

FAVOUR = "favour"
"""The name of the tensor, float32[N], in models with an objective."""


def favoured(tensors: Mapping[str, NDArray[Any]], scores: NDArray[Any]) -> NDArray[Any]:
    """Logarithms of chances (up to a constant) by relevance and reward; as given without an objective.

    float64[N] of float[N].
    """
    import numpy as np

    return np.add(scores, tensors[FAVOUR], dtype=np.float64) if FAVOUR in tensors else scores
