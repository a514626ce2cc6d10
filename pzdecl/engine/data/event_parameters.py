"""`eventsConfig` of a solution: the types of events to train on, their least values, and their weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.data.interactions import Interactions


@dataclass(frozen=True, slots=True)
class EventParameters:
    """Of one type of event.

    threshold  the least EVENT_VALUE; None takes all, also those without a value
    weight     how much such an event counts beside those of other types
    """

    threshold: float | None = None
    weight: float = 1.0


ByType = Mapping[str, EventParameters]
"""By EVENT_TYPE in lower case: types are the same in any case."""


def event_parameters(config: Mapping[str, Any]) -> dict[str, EventParameters]:
    """The `eventsConfig` of a `solutionConfig`; empty where there is none. Of one type the last counts."""
    found = {}
    for one in (config.get("eventsConfig") or {}).get("eventParametersList") or ():
        threshold, weight = one.get("eventValueThreshold"), one.get("weight")
        found[str(one["eventType"]).lower()] = EventParameters(
            None if threshold is None else float(threshold), 1.0 if weight is None else float(weight)
        )
    return found


def listed(table: Any, parameters: ByType) -> Any:
    """The rows of a pyarrow Table of events that `parameters` take: of their types, with values high enough.

    Where a column that they need is missing, nothing passes.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if "EVENT_TYPE" not in table.column_names:
        return table.slice(0, 0)
    types = pc.utf8_lower(table["EVENT_TYPE"].cast(pa.string()))
    keep = pc.is_in(types, pa.array([], pa.string()))
    for name, one in parameters.items():
        taken = pc.equal(types, name)
        if one.threshold is not None:
            if "EVENT_VALUE" not in table.column_names:
                continue
            taken = pc.and_(taken, pc.greater_equal(table["EVENT_VALUE"].cast(pa.float64()), one.threshold))
        keep = pc.or_(keep, pc.fill_null(taken, False))
    return table.filter(keep)


def type_weights(data: Interactions, parameters: ByType) -> NDArray[np.float32]:
    """float32[n]: the weight of each event by its type; 1 for all where `parameters` are empty."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    if not parameters or data.columns is None or "EVENT_TYPE" not in data.columns.column_names:
        return np.ones(len(data), np.float32)
    types = pc.utf8_lower(data.columns["EVENT_TYPE"].cast(pa.string()))
    places = pc.index_in(types, value_set=pa.array(list(parameters), pa.string()))
    weights = np.array([one.weight for one in parameters.values()] + [0.0], np.float32)
    return np.asarray(weights[pc.fill_null(places, len(parameters)).to_numpy()])
