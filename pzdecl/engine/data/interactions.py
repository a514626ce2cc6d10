"""The training view of the interactions: integer-coded, sorted by user and time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.engine.data.tables import read_parts

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
    more_items: Sequence[str] = (),
    excluded: Sequence[str] = (),
) -> Interactions:
    """Reads Parquet parts whose columns are named as in the schema (USER_ID, ITEM_ID, TIMESTAMP, ...).

    `event_type` keeps the events of that type, in any case; `event_value_threshold` those whose EVENT_VALUE is
    at least that. Where the column for a filter is missing, nothing passes it. Events that are equal in every
    column count once. `more_items` join the catalogue without events of theirs; the `excluded` columns are
    left out.
    """
    import numpy as np
    import pyarrow as pa

    table = read_parts(parts)
    table = _no_rows() if table is None else table
    table = _filtered(table, event_type, event_value_threshold)
    user_ids, users = _encoded(table["USER_ID"])
    item_ids, items = _encoded(table["ITEM_ID"], more_items)
    timestamps = table["TIMESTAMP"].cast(pa.int64()).to_numpy()
    order = np.lexsort((timestamps, users))
    order = order[_first_of_equals(table, users, items, timestamps, order)]
    users = users[order]
    core = {"USER_ID", "ITEM_ID", "TIMESTAMP"}
    others = [name for name in table.column_names if name not in core | set(excluded)]
    return Interactions(
        users,
        items[order],
        timestamps[order],
        _offsets(users, len(user_ids)),
        user_ids,
        item_ids,
        table.select(others).take(pa.array(order)) if others else None,
    )


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


def _encoded(column: Any, more: Sequence[str] = ()) -> tuple[list[str], NDArray[np.int32]]:
    """The sorted distinct values, `more` among them, and each row's index among all."""
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    text = column.cast(pa.string()).combine_chunks()
    encoded = pa.concat_arrays([text, pa.array(more, pa.string())]).dictionary_encode()
    order = pc.sort_indices(encoded.dictionary).to_numpy()
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    return encoded.dictionary.take(pa.array(order)).to_pylist(), rank[encoded.indices.to_numpy()][: len(text)]


def _first_of_equals(
    table: Any,
    users: NDArray[np.int32],
    items: NDArray[np.int32],
    timestamps: NDArray[np.int64],
    order: NDArray[np.int64],
) -> NDArray[np.bool_]:
    """bool[n], along `order`: false for every event that repeats an earlier one in all columns.

    Only events that share user and second with a neighbour are looked at, and only if they share the item as
    well are their other columns compared, so the common case costs one comparison.
    """
    import numpy as np

    keep = np.ones(len(order), bool)
    u, t = users[order], timestamps[order]
    tied = np.zeros(len(order), bool)
    same = (u[1:] == u[:-1]) & (t[1:] == t[:-1])
    tied[1:] |= same
    tied[:-1] |= same
    places = np.flatnonzero(tied)
    rows = order[places]
    group = np.cumsum(np.concatenate(([True], ~same))) if len(order) else np.zeros(0, np.int64)
    key = _combined(group[places], items[rows])
    for column in table.column_names:
        _, counts = np.unique(key, return_counts=True)
        if not len(key) or counts.max() == 1:
            return keep
        if column not in ("USER_ID", "ITEM_ID", "TIMESTAMP"):
            values = table[column].take(rows).combine_chunks().dictionary_encode(null_encoding="encode")
            key = _combined(key, values.indices.to_numpy())
    _, first = np.unique(key, return_index=True)
    repeated = np.ones(len(key), bool)
    repeated[first] = False
    keep[places[repeated]] = False
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


def _no_rows() -> Any:
    import pyarrow as pa

    return pa.table({"USER_ID": pa.array([], pa.string()), "ITEM_ID": pa.array([], pa.string()),
                     "TIMESTAMP": pa.array([], pa.int64())})  # fmt: skip
