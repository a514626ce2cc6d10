"""The training view of actions: what is known of each, and what users did when they were offered one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pzdecl.engine.data.interactions import Interactions, load_interactions
from pzdecl.engine.data.tables import Table, read_parts, side_table

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TAKEN, NOT_TAKEN, VIEWED = 0, 1, 2
"""What users do with actions, as numbers."""
NAMES = ("taken", "not taken", "viewed")
"""Their names; EVENT_TYPE may write them in any case, and with an underscore or a hyphen for the space."""
WRITTEN = ("Taken", "Not Taken", "Viewed")
_BETWEEN = re.compile(r"[\s_-]+")


def event_type(text: str) -> int | None:
    """TAKEN, NOT_TAKEN or VIEWED of an EVENT_TYPE; None for anything else."""
    name = _BETWEEN.sub(" ", text.strip()).lower()
    return NAMES.index(name) if name in NAMES else None


@dataclass(frozen=True, slots=True)
class Actions:
    """A actions, and the events with them.

    ids     A ids, sorted: what the Actions dataset has
    table   its rows, in the order of the ids
    events  users (in the coding of `TrainingData.interactions`) by their actions; `items` index `ids`
    types   int8[n]: TAKEN, NOT_TAKEN or VIEWED, one for each event
    """

    ids: Sequence[str]
    table: Table
    events: Interactions
    types: NDArray[np.int8]

    def of_users(self, chosen: NDArray[np.bool_]) -> Actions:
        """The same actions with the events of the users where `chosen` (bool[U]) is true."""
        keep = chosen[self.events.users]
        return Actions(self.ids, self.table, self.events.select(keep), self.types[keep])


def action_users(parts: Sequence[Path]) -> list[str]:
    """The distinct users of Parquet parts of action interactions."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    found: set[str] = set()
    for part in parts:
        found.update(pc.unique(pq.read_table(part, columns=["USER_ID"])["USER_ID"]).to_pylist())
    return sorted(found)


def load_actions(
    actions: Sequence[Path], events: Sequence[Path], user_ids: Sequence[str], excluded: Sequence[str] = ()
) -> Actions | None:
    """Reads Parquet parts of both datasets; None without actions.

    user_ids  everybody, sorted: users of the events that are not among them are not expected
    excluded  columns of the Actions dataset that are not learned from

    Events with actions that the Actions dataset does not have, or of another type, are left out.
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = read_parts(actions)
    if rows is None:
        return None
    ids = pc.unique(rows["ACTION_ID"].cast(pa.string())).sort().to_pylist()
    table = side_table(rows, "ACTION_ID", ids, excluded)
    found = load_interactions(events, thing="ACTION_ID", more_users=user_ids, more_items=ids)
    types = _types(found)
    everything, wanted = (pa.array(names, pa.string()) for names in (found.item_ids, ids))
    known = pc.is_in(everything, value_set=wanted).to_numpy(False)
    keep = (types >= 0) & known[found.items]
    place = np.cumsum(known) - 1
    kept = found.select(keep)
    return Actions(
        ids,
        table,
        Interactions(
            kept.users,
            place[kept.items].astype(np.int32),
            kept.timestamps,
            kept.offsets,
            found.user_ids,
            ids,
        ),
        types[keep],
    )


def _types(events: Interactions) -> NDArray[np.int8]:
    """int8[n]; -1 for what is no type of action interaction."""
    import numpy as np
    import pyarrow as pa

    if events.columns is None or "EVENT_TYPE" not in events.columns.column_names:
        return np.full(len(events), -1, np.int8)
    coded = events.columns["EVENT_TYPE"].cast(pa.string()).combine_chunks().dictionary_encode()
    meant = [event_type(name) for name in coded.dictionary.to_pylist()]
    numbers = np.array([-1 if one is None else one for one in meant] + [-1], np.int8)
    return np.asarray(numbers[coded.indices.fill_null(len(meant)).to_numpy()])
