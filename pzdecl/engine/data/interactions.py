"""The training view of the interactions: integer-coded, sorted by user and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.coding import CODED, by_user_and_time, coded
from pzdecl.engine.data.event_parameters import ByType, listed

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Interactions:
    """n events of U users with I items, sorted by user, then time; events of one second keep the file's order.

    users       int32[n], index into `user_ids`
    items       int32[n], index into `item_ids`
    timestamps  int64[n], seconds
    offsets     int64[U + 1]; the events of user u are `offsets[u]:offsets[u + 1]`
    user_ids    the U ids, sorted; a selection keeps them all, so some users may be without events
    item_ids    the I ids, sorted; some may be without events, where the catalogue has more items
    columns     a pyarrow Table of the events' other columns (EVENT_TYPE, IMPRESSION, context ...), or None
    """

    users: NDArray[np.int32]
    items: NDArray[np.int32]
    timestamps: NDArray[np.int64]
    offsets: NDArray[np.int64]
    user_ids: Sequence[str]
    item_ids: Sequence[str]
    columns: Any = None

    def __len__(self) -> int:
        return len(self.items)

    @property
    def lengths(self) -> NDArray[np.int64]:
        """int64[U]: how many events each user has."""
        import numpy as np

        return np.diff(self.offsets)

    def select(self, keep: NDArray[np.bool_]) -> Interactions:
        """The events where `keep` (bool[n]) is true. Codes and ids stay as they are."""
        users = self.users[keep]
        return replace(
            self,
            users=users,
            items=self.items[keep],
            timestamps=self.timestamps[keep],
            offsets=_offsets(users, len(self.user_ids)),
            columns=None if self.columns is None else self.columns.filter(keep),
        )

    def of_users(self, chosen: NDArray[np.bool_]) -> Interactions:
        """The events of the users where `chosen` (bool[U]) is true."""
        return self.select(chosen[self.users])


def load_interactions(
    parts: Sequence[Path],
    *,
    event_type: str | None = None,
    event_value_threshold: float | None = None,
    by_type: ByType | None = None,
    more_items: Sequence[str] = (),
    more_users: Sequence[str] = (),
    excluded: Sequence[str] = (),
    thing: str = "ITEM_ID",
) -> Interactions:
    """Reads Parquet parts whose columns are named as in the schema (USER_ID, ITEM_ID, TIMESTAMP, ...).

    `event_type` keeps the events of that type, in any case; `event_value_threshold` those whose EVENT_VALUE is
    at least that; `by_type` those that an eventsConfig takes. Where the column for a filter is missing, nothing
    passes it. Events that are equal in every column count once. `more_items` and `more_users` join
    without events of theirs; the `excluded` columns are left out.
    `thing` names the column with what users did something with.
    """
    import pyarrow as pa

    table = _filtered(_read(parts, thing), event_type, event_value_threshold)
    table = listed(table, by_type) if by_type else table
    user_ids, users = coded(table["USER_ID"], more_users)
    item_ids, items = coded(table["ITEM_ID"], more_items)
    timestamps = table["TIMESTAMP"].cast(pa.int64()).to_numpy()
    core = {"USER_ID", "ITEM_ID", "TIMESTAMP"}
    others = table.select([name for name in table.column_names if name not in core])
    order = by_user_and_time(users, timestamps, len(user_ids))
    if order is not None:
        users, items, timestamps = users[order], items[order], timestamps[order]
        others = others.combine_chunks().take(pa.array(order))
    kept = [name for name in others.column_names if name not in excluded]
    keep = _first_of_equals(users, items, timestamps, others)
    found = Interactions(
        users,
        items,
        timestamps,
        _offsets(users, len(user_ids)),
        user_ids.to_pylist(),
        item_ids.to_pylist(),
        others.select(kept) if kept else None,
    )
    return found if keep is None else found.select(keep)


def _read(parts: Sequence[Path], thing: str) -> Any:
    """The parts' rows, the oldest part first; ids are coded, each part by its own code. `thing` is ITEM_ID."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    ids = pa.dictionary(pa.int32(), pa.string())
    tables = [_coded(_renamed(pq.read_table(part), thing)) for part in parts]
    if not tables:
        return pa.table({"USER_ID": pa.array([], ids), "ITEM_ID": pa.array([], ids),
                         "TIMESTAMP": pa.array([], pa.int64())})  # fmt: skip
    return pa.concat_tables(tables, promote_options="permissive")


def _renamed(table: Any, thing: str) -> Any:
    names = ["ITEM_ID" if name == thing else name for name in table.column_names]
    return table if thing == "ITEM_ID" else table.rename_columns(names)


def _coded(table: Any) -> Any:
    """The table with ids as dictionaries, which those of parts from elsewhere need not be."""
    import pyarrow as pa

    for place, name in enumerate(table.column_names):
        if name in CODED and not pa.types.is_dictionary(table[name].type):
            table = table.set_column(place, name, table[name].cast(pa.string()).dictionary_encode())
    return table


def _filtered(table: Any, event_type: str | None, threshold: float | None) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted: list[tuple[str, Callable[[Any], Any]]] = []
    if event_type is not None:
        wanted.append(
            ("EVENT_TYPE", lambda c: pc.equal(pc.utf8_lower(c.cast(pa.string())), event_type.lower()))
        )
    if threshold is not None:
        wanted.append(("EVENT_VALUE", lambda c: pc.greater_equal(c.cast(pa.float64()), threshold)))
    for column, passes in wanted:
        if column not in table.column_names:
            return table.slice(0, 0)
        table = table.filter(passes(table[column]))
    return table


def _first_of_equals(
    users: NDArray[np.int32], items: NDArray[np.int32], timestamps: NDArray[np.int64], others: Any
) -> NDArray[np.bool_] | None:
    """bool[n]: false for every event that repeats an earlier one in all columns; None: there is none.

    The events are sorted by user and time. Only those that share user and second with a neighbour are looked
    at, and only if they share the item as well are their other columns compared.
    """
    import numpy as np

    same = (users[1:] == users[:-1]) & (timestamps[1:] == timestamps[:-1])
    if not same.any():
        return None
    tied = np.zeros(len(users), bool)
    tied[1:] |= same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    group = np.cumsum(np.concatenate(([True], ~same)))
    key = _combined(group[places], items[places])
    for column in (None, *others.column_names):
        if column is not None:
            values = others[column].take(places).combine_chunks().dictionary_encode(null_encoding="encode")
            key = _combined(key, values.indices.to_numpy())
        _, first, counts = np.unique(key, return_index=True, return_counts=True)
        if counts.max() == 1:
            return None
    keep = np.ones(len(users), bool)
    keep[places] = False
    keep[places[first]] = True
    return keep


def _combined(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.int64]:
    """One small integer for each distinct pair."""
    import numpy as np

    if not len(a):
        return np.zeros(0, np.int64)
    pairs = a.astype(np.int64) * (int(b.max()) + 1) + b
    return np.asarray(np.unique(pairs, return_inverse=True)[1], np.int64)


def _offsets(users: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    import numpy as np

    return np.concatenate(([0], np.cumsum(np.bincount(users, minlength=count)))).astype(np.int64)
