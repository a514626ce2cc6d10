"""The solution's `optimizationObjective`: what items earn, read from the Items dataset."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.errors import TrainingFailed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

STRENGTHS = {"OFF": 0.0, "LOW": 0.5, "MEDIUM": 1.0, "HIGH": 2.0}
"""Of `objectiveSensitivity`: the power of an item's reward by which its chance is multiplied."""
UNLESS_GIVEN = "MEDIUM"


@dataclass(frozen=True, slots=True)
class Objective:
    """reward float64[N], of each item, above 0 and at most 1; `strength`: see STRENGTHS."""

    reward: NDArray[np.float64]
    strength: float

    @property
    def favour(self) -> NDArray[np.float32]:
        """float32[N]: what is added to the items' scores, and kept for serving."""
        import numpy as np

        return (self.strength * np.log(self.reward)).astype(np.float32)


def objective_of(data: TrainingData, config: Mapping[str, Any]) -> Objective | None:
    """What `solutionConfig` asks for; None where it asks for nothing.

    Items that the Items dataset does not have are worth the middle. Raises TrainingFailed where the attribute
    is no numeric column, or lacks values.
    """
    asked = config.get("optimizationObjective") or {}
    name = asked.get("itemAttribute")
    if not name:
        return None
    import numpy as np

    values, known = _values(data, str(name))
    order = np.sort(values[known])
    reward = np.full(len(values), 0.5)
    reward[known] = np.searchsorted(order, values[known], "right") / max(len(order), 1)
    return Objective(reward, STRENGTHS[str(asked.get("objectiveSensitivity") or UNLESS_GIVEN)])


def _values(data: TrainingData, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The attribute of each item, and which items have a row."""
    import numpy as np

    start = f"The optimization objective {name} can't be used: "
    if data.items is None:
        raise TrainingFailed(f"{start}the dataset group has no Items dataset.")
    numeric = [one for one in data.items.of_kind("numeric") if one != "CREATION_TIMESTAMP"]
    if name not in numeric:
        there = (
            f"expected one of {', '.join(numeric)}" if numeric else "the Items dataset has no numeric column"
        )
        raise TrainingFailed(f"{start}expected a numeric column of the Items dataset; {there}.")
    known = np.asarray(data.items.known, bool)
    column = data.items.rows[name].to_pylist()
    values = np.array([np.nan if value is None else float(value) for value in column])
    missing = np.flatnonzero(known & ~np.isfinite(values))
    if len(missing):
        first = data.interactions.item_ids[int(missing[0])]
        raise TrainingFailed(
            f"{start}items without a value: {len(missing):,}, such as {first!r}; expected a number for each."
        )
    return np.where(known, values, 0.0), known
