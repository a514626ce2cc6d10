"""What user segmentation answers: the users who will most likely take up an item, or items with some
attributes.

    chance(u, items) = the sum over them of softmax(expected_u . vector + bias + seen * [u had the item])
    item:      a * log chance + b * log(related + EPSILON) + c * log events_u + d * [u had the item]
    attribute: a * log chance + c * log events_u

`chance` is what the network expects of each user, `related` how close the item is to the user's recent items,
and the number of a user's events makes users comparable: who does much will do this, too. The factors are
learned: see `pzdecl.engine.training.affinity`. All users are scored at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pzdecl.engine.serving.attributes import Attributes
from pzdecl.engine.serving.blend import best
from pzdecl.engine.serving.query import Answer, Query, Stored

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EPSILON = 1e-3
"""Added to `related`, which is 0 for users without any related item."""
SMALLEST = 1e-30
CELLS = 4_000_000
"""Users x items that are scored at one time."""

Tensors = Mapping[str, "NDArray[Any]"]


class Segments:
    """What both recipes share. Campaigns can't serve them: GetRecommendations and ranking are refused."""

    needs = "user"

    def __init__(self, stored: Stored) -> None:
        self.tensors = stored.tensors
        self.item_ids = stored.item_ids
        self.users = len(stored.user_ids)
        self.recipe = str(stored.facts["recipe"])

    def answer(self, query: Query) -> Answer:
        """Raises ValueError: users are found, not items."""
        del query
        raise ValueError(f"{self.recipe} finds users, not items: it serves user segments only, and no campaign")

    def asked(self, item: str | None, where: str | None, size: int) -> NDArray[np.int32]:
        """int32[size]: the likeliest of all users, best first; fewer where there are not so many.

        Raises ValueError where not just what the recipe asks for is given, and where it is not known.
        """
        raise NotImplementedError


class ItemSegments(Segments):
    """aws-item-affinity."""

    def asked(self, item: str | None, where: str | None, size: int) -> NDArray[np.int32]:
        """The users of an item."""
        if item is None or where is not None:
            raise ValueError(f"{self.recipe} finds the users of an item: give an item, and no expression")
        code = self.item_ids.find(item)
        if code is None:
            raise ValueError(
                f"the item {item!r} was not there when the version was trained: "
                "name an item with interactions, or train a new version"
            )
        return best(item_scores(self.tensors, code), min(size, self.users))


class AttributeSegments(Segments):
    """aws-item-attribute-affinity."""

    def asked(self, item: str | None, where: str | None, size: int) -> NDArray[np.int32]:
        """The users of the items that fit an expression."""
        if where is None or item is not None:
            raise ValueError(
                f"{self.recipe} finds the users of items with some attributes: give an expression such as "
                'ITEMS.GENRES = "Comedy", and no item'
            )
        items = Attributes(self.tensors).items_with(where)
        return best(attribute_scores(self.tensors, items), min(size, self.users))


def item_scores(tensors: Tensors, item: int) -> NDArray[np.float32]:
    """float32[U]: the score above of every user for one item."""
    import numpy as np

    features = item_features(tensors, item)
    return np.asarray(tensors["factors"] @ features, np.float32)


def attribute_scores(tensors: Tensors, items: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[U]: the score above of every user for a set of items."""
    import numpy as np

    return np.asarray(tensors["factors"] @ attribute_features(tensors, items), np.float32)


def item_features(tensors: Tensors, item: int) -> NDArray[np.float32]:
    """float32[4, U]: log chance, log related, log events, and whether the user had the item."""
    import numpy as np

    one = np.zeros(len(tensors["items"]), bool)
    one[item] = True
    had = np.zeros(len(tensors["events"]), np.float32)
    had[_had_among(tensors, one)[0]] = 1
    chance = log_chance(tensors, np.array([item], np.int32))
    related = np.log(related_to(tensors, item) + EPSILON)
    return np.stack([chance, related, np.log(tensors["events"]), had]).astype(np.float32)


def attribute_features(tensors: Tensors, items: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[2, U]: log chance and log events."""
    import numpy as np

    return np.stack([log_chance(tensors, items), np.log(tensors["events"])]).astype(np.float32)


def log_chance(tensors: Tensors, items: NDArray[np.int32]) -> NDArray[np.float32]:
    """float32[U]: the log of the chance that a user's next event is with one of `items`."""
    import numpy as np

    column = np.full(len(tensors["items"]), -1, np.int32)
    column[items] = np.arange(len(items))
    had_users, had = _had_among(tensors, column >= 0)
    vectors, bias = tensors["items"][items].T, tensors["bias"][items]
    out = np.empty(len(tensors["events"]), np.float32)
    step = max(1, CELLS // max(len(items), 1))
    for start in range(0, len(out), step):
        end = min(start + step, len(out))
        logits = tensors["expected"][start:end] @ vectors + bias - tensors["totals"][start:end, None]
        part = slice(*np.searchsorted(had_users, (start, end)))
        logits[had_users[part] - start, column[had[part]]] += tensors["seen"][0]
        out[start:end] = np.log(np.exp(logits).sum(1) + SMALLEST)
    return out


def _had_among(tensors: Tensors, wanted: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The users and items of all pairs in which a user had one of the wanted items (bool[N]), by user."""
    import numpy as np

    places = np.flatnonzero(wanted[tensors["had_items"]])
    users = np.searchsorted(tensors["had_offsets"], places, "right") - 1
    return users, tensors["had_items"][places]


def related_to(tensors: Tensors, item: int) -> NDArray[np.float32]:
    """float32[U]: how related an item is to what each user had, recent events counting more."""
    import numpy as np

    part = slice(tensors["related_offsets"][item], tensors["related_offsets"][item + 1])
    strength = np.zeros(len(tensors["items"]), np.float32)
    strength[tensors["related_items"][part]] = tensors["related_values"][part]
    share = strength[tensors["had_items"]]
    places = np.flatnonzero(share)
    users = np.searchsorted(tensors["had_offsets"], places, "right") - 1
    weights = share[places] * tensors["had_weights"][places]
    return np.bincount(users, weights, minlength=len(tensors["events"])).astype(np.float32)


def totals(tensors: Tensors) -> NDArray[np.float32]:
    """float32[U]: the log of the softmax's denominator over all items, by which `log_chance` divides."""
    import numpy as np

    out = np.empty(len(tensors["events"]), np.float32)
    for start, end, logits, _, _ in _logits(tensors):
        highest = logits.max(1, keepdims=True)
        out[start:end] = highest[:, 0] + np.log(np.exp(logits - highest).sum(1))
    return out


def had_chance(tensors: Tensors) -> NDArray[np.float64]:
    """float64[U]: the chance that a user's next event is with an item that they had before."""
    import numpy as np

    out = np.empty(len(tensors["events"]))
    for start, end, logits, rows, columns in _logits(tensors):
        again = np.exp(logits[rows, columns].astype(np.float64) - tensors["totals"][start + rows])
        out[start:end] = np.bincount(rows, again, minlength=end - start)
    return out


def _logits(
    tensors: Tensors,
) -> Iterator[tuple[int, int, NDArray[np.float32], NDArray[np.int64], NDArray[np.int32]]]:
    """Blocks of users, from start to end: their logits of all items; rows and columns of what they had."""
    import numpy as np

    offsets, users = tensors["had_offsets"], len(tensors["events"])
    step = max(1, CELLS // len(tensors["items"]))
    for start in range(0, users, step):
        end = min(start + step, users)
        logits = tensors["expected"][start:end] @ tensors["items"].T + tensors["bias"]
        rows = np.repeat(np.arange(end - start), np.diff(offsets[start : end + 1]))
        columns = tensors["had_items"][offsets[start] : offsets[end]]
        logits[rows, columns] += tensors["seen"][0]
        yield start, end, logits, rows, columns
