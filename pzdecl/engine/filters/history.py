"""Who did what with which item, as filters see it: the newest events of each user and type of event."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.filters.ids import Index

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

NEWEST, NEWEST_ACTIONS = 100, 300
"""Events of one type that are seen of each user, with items and with actions, as in the service."""


class Event(NamedTuple):
    """Something a user did that is not yet among the dataset's rows."""

    item: str
    type: str


class History:
    """The imported events, sorted by users.

    users    the U users
    items    the I items
    offsets  int64[U + 1]: the events of user u are `offsets[u]:offsets[u + 1]`, the oldest first
    events   int32[n], places in `items`
    types    int16[n], numbers of `names`, types of events in lower case
    """

    def __init__(
        self,
        users: Index,
        items: Index,
        offsets: NDArray[np.int64],
        events: NDArray[np.int32],
        types: NDArray[np.int16],
        names: Sequence[str],
    ) -> None:
        self.users = users
        self.items = items
        self.offsets = offsets
        self.events = events
        self.types = types
        self.names = names

    @classmethod
    def read(cls, parts: Sequence[Path], about_actions: bool = False) -> History:
        """From the parts of an Interactions dataset, or of Action_Interactions: then the items are actions.

        Without a column EVENT_TYPE all types are empty.
        """
        import numpy as np
        import pyarrow as pa

        from pzdecl.engine.data.interactions import load_interactions

        found = load_interactions(parts, thing="ACTION_ID" if about_actions else "ITEM_ID")
        names, types = _types(found.columns, len(found))
        kept = _newest(found.users, types, NEWEST_ACTIONS if about_actions else NEWEST)
        offsets = np.concatenate(
            ([0], np.cumsum(np.bincount(found.users[kept], minlength=len(found.user_ids))))
        )
        return cls(
            Index(pa.array(found.user_ids, pa.large_string())),
            Index(pa.array(found.item_ids, pa.large_string())),
            offsets.astype(np.int64),
            found.items[kept],
            types[kept],
            names,
        )

    def of_user(self, user: str, types: Iterable[str] | None) -> NDArray[np.int32]:
        """int32[k]: the items (places in `items`) with which a user had events of some types, None: of any."""
        import numpy as np

        place = self.users.find(user)
        if place is None:
            return np.zeros(0, np.int32)
        part = slice(int(self.offsets[place]), int(self.offsets[place + 1]))
        if types is None:
            return self.events[part]
        wanted = [number for number, name in enumerate(self.names) if name in set(types)]
        return self.events[part][np.isin(self.types[part], wanted)]

    def of_item(self, item: str, types: Iterable[str] | None) -> NDArray[np.int64]:
        """int64[k]: the users (places in `users`) who had events of some types with an item."""
        import numpy as np

        place = self.items.find(item)
        if place is None:
            return np.zeros(0, np.int64)
        fits = self.events == place
        if types is not None:
            fits &= np.isin(self.types, [n for n, name in enumerate(self.names) if name in set(types)])
        return np.unique(np.searchsorted(self.offsets, np.flatnonzero(fits), "right") - 1)


def merged(events: Iterable[Event], about_actions: bool = False) -> Mapping[str, frozenset[str]]:
    """The items of a user's later events (the oldest first), by type in lower case; the newest of each."""
    found: dict[str, list[str]] = {}
    for event in events:
        found.setdefault(event.type.lower(), []).append(event.item)
    most = NEWEST_ACTIONS if about_actions else NEWEST
    return {type: frozenset(items[-most:]) for type, items in found.items()}


def _types(columns: Any, count: int) -> tuple[list[str], NDArray[np.int16]]:
    """The types of events in lower case, and each event's number among them."""
    import numpy as np

    if columns is None or "EVENT_TYPE" not in columns.column_names:
        return [""], np.zeros(count, np.int16)
    coded = columns["EVENT_TYPE"].combine_chunks().dictionary_encode()
    written = [(name or "").lower() for name in coded.dictionary.to_pylist()]
    names = sorted({*written, ""})
    numbers = np.array([names.index(name) for name in written] + [names.index("")], np.int16)
    return names, numbers[coded.indices.fill_null(len(written)).to_numpy()]


def _newest(users: NDArray[np.int32], types: NDArray[np.int16], most: int) -> NDArray[np.int64]:
    """int64[k], rising: the last `most` events of each user and type; events are sorted by user and time."""
    import numpy as np

    if not len(users):
        return np.zeros(0, np.int64)
    width = int(types.max()) + 1
    key = users.astype(np.int64) * width + types
    order = np.argsort(key, kind="stable")
    key = key[order]
    ends = np.append(np.flatnonzero(np.diff(key)) + 1, len(key))
    from_end = np.repeat(ends, np.diff(ends, prepend=0)) - np.arange(len(key))
    return np.sort(order[from_end <= most])
