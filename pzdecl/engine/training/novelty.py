"""What exploration has to know of items: since when they are there, and how often people met them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def novelty(data: TrainingData) -> dict[str, NDArray[Any]]:
    """`item_created` int64[N] (seconds), `item_events` and `item_ignored` int32[N], `newest_event` int64[1].

    An item is ignored where an event's IMPRESSION lists it and the event is about another item.
    """
    import numpy as np

    events = data.interactions
    return {
        "item_created": births(data),
        "item_events": np.bincount(events.items, minlength=len(events.item_ids)).astype(np.int32),
        "item_ignored": _ignored(events),
        "newest_event": np.array([events.timestamps.max(initial=0)], np.int64),
    }


def births(data: TrainingData) -> NDArray[np.int64]:
    """int64[N]: when each item came, in seconds.

    That is its CREATION_TIMESTAMP, else the time of its first event; what has neither is as new as the newest
    event of all, for nothing says that it is not.
    """
    import numpy as np

    events = data.interactions
    born = np.full(len(events.item_ids), events.timestamps.max(initial=0), np.int64)
    np.minimum.at(born, events.items, events.timestamps)
    if data.items is not None and "CREATION_TIMESTAMP" in data.items.rows.column_names:
        created = data.items.rows["CREATION_TIMESTAMP"].combine_chunks()
        known = created.is_valid().to_numpy(zero_copy_only=False)
        born[known] = created.fill_null(0).to_numpy()[known].astype(np.int64)
    return born


def _ignored(events: Interactions) -> NDArray[np.int32]:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    count = len(events.item_ids)
    if events.columns is None or "IMPRESSION" not in events.columns.column_names:
        return np.zeros(count, np.int32)
    shown = pc.split_pattern(events.columns["IMPRESSION"].combine_chunks().cast(pa.string()), "|")
    items = pc.index_in(pc.list_flatten(shown), value_set=pa.array(events.item_ids, pa.string()))
    codes = items.fill_null(-1).to_numpy(zero_copy_only=False)
    taken = events.items[pc.list_parent_indices(shown).to_numpy()]
    return np.bincount(codes[(codes >= 0) & (codes != taken)], minlength=count).astype(np.int32)
