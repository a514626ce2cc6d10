"""Ids as integers, and events in the order of users and time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

CODED = ("USER_ID", "ITEM_ID")
"""The columns of interactions that are ids."""


def coded(column: Any, more: Sequence[str] = ()) -> tuple[Any, NDArray[np.int32]]:
    """The ids of a column, sorted, as a pyarrow array, and int32[n]: each row's place among them.

    column  a pyarrow column of ids, of strings or coded already; no id is null
    more    ids that get a place, too, whether a row has them or not
    """
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    known, codes = _dictionary(column)
    used = np.zeros(len(known), bool)
    used[codes] = True
    ids = known if used.all() else known.filter(pa.array(used))
    if more:
        ids = pa.concat_arrays([ids, pa.array(more, ids.type)]).unique()
    if used.all() and not more and _ascending(ids):
        return ids, codes
    order = pc.sort_indices(ids).to_numpy()
    place = np.empty(len(ids), np.int32)
    place[order] = np.arange(len(ids), dtype=np.int32)
    place_of_known = np.zeros(len(known), np.int32)
    place_of_known[used] = place[: np.count_nonzero(used)]
    return ids.take(pa.array(order)), place_of_known[codes]


def _dictionary(column: Any) -> tuple[Any, NDArray[np.int32]]:
    """The distinct values in no order, and each row's place among them."""
    import numpy as np
    import pyarrow as pa

    if isinstance(column, pa.ChunkedArray):
        if not column.num_chunks:
            return pa.array([], pa.string()), np.zeros(0, np.int32)
        if pa.types.is_dictionary(column.type):
            column = column.unify_dictionaries()
        column = column.combine_chunks()
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.dictionary, column.indices.to_numpy()


def _ascending(ids: Any) -> bool:
    import pyarrow.compute as pc

    return pc.all(pc.less(ids[:-1], ids[1:])).as_py() is not False


def by_user_and_time(
    users: NDArray[np.int32], timestamps: NDArray[np.int64], count: int
) -> NDArray[np.int64] | None:
    """int64[n]: the rows in the order of users, then time, equal ones as they stand; None: they are in order.

    `users` are below `count`. Users are sorted by counting; what is left is nearly sorted, which a merge sort
    of one integer a row makes use of: a quarter of the time of a lexical sort.
    """
    import numpy as np
    from scipy.sparse import coo_array

    if not len(users):
        return None
    step = np.diff(users)
    if (step >= 0).all() and (np.diff(timestamps)[step == 0] >= 0).all():
        return None
    first, last = int(timestamps.min()), int(timestamps.max())
    bits = (last - first).bit_length()
    if bits + count.bit_length() > 63 or len(users) >= 1 << 31:
        return np.lexsort((timestamps, users))
    rows = np.arange(len(users), dtype=np.int32)
    grouped = coo_array((np.ones(len(rows), np.int8), (users, rows)), shape=(count, len(rows))).tocsr()
    key = np.repeat(np.arange(count, dtype=np.int64) << bits, np.diff(grouped.indptr))
    key |= timestamps[grouped.indices] - first
    return np.asarray(grouped.indices[np.argsort(key, kind="stable")], np.int64)
