"""A business objective beside relevance: chances are multiplied with how much an item earns.

With an `optimizationObjective` the chance of an item is multiplied with reward ^ strength, where its reward is
the share of the items whose attribute is at most its own (so from above 0 to 1, whatever the attribute's unit),
and the strength follows from `objectiveSensitivity`. A model stores strength * log(reward) of each item.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FAVOUR = "favour"
"""The name of the tensor, float32[N], in models with an objective."""


def favoured(tensors: Mapping[str, NDArray[Any]], chances: NDArray[np.float64]) -> NDArray[np.float64]:
    """float64[N]: the chances by relevance and reward, summing to one; as given without an objective."""
    import numpy as np

    if FAVOUR not in tensors:
        return chances
    weighed = chances * np.exp(tensors[FAVOUR].astype(np.float64))
    return np.asarray(weighed / weighed.sum())
