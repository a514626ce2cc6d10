"""How far recommendations move: two lists a user, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

TOP = 10
"""Items of a list that are compared."""
PERSISTENCE = 0.9
"""Of rank-biased overlap: a reader goes on to the next item with this chance; about ten items are read."""

List = Sequence[str]


@dataclass(frozen=True, slots=True)
class Movement:
    """What became of the top 10 of a sample; shares are between 0 and 1.

    asked          what the lists were made for: users, items (related items), rankings of one list of items, or
                   users' next best actions
    count          lists that were compared
    overlap        mean share of the items that are in both lists, in any order
    rbo            mean rank-biased overlap: 1 for equal lists, and the first places weigh most
    first_changed  share of lists with another first item
    unchanged      share of lists that are the same
    appeared, gone items that only the lists after (only those before) show, with the number of lists that do
    shown_before, shown_after, catalogue
                   different items in the lists, and all items that there are
    chance         the overlap of two answers that the campaign gave before: less than 1 where it explores
    """

    asked: Literal["users", "items", "rankings", "actions"]
    count: int
    overlap: float
    rbo: float
    first_changed: float
    unchanged: float
    appeared: tuple[tuple[str, int], ...]
    gone: tuple[tuple[str, int], ...]
    shown_before: int
    shown_after: int
    catalogue: int
    chance: float | None = None


def moved(
    before: Mapping[str, List],
    after: Mapping[str, List],
    *,
    asked: Literal["users", "items", "rankings", "actions"],
    catalogue: int,
    again: Mapping[str, List] | None = None,
) -> Movement | None:
    """Compares the lists of those that both have; None without any. `again`: before, asked once more."""
    both = sorted(before.keys() & after.keys())
    if not both:
        return None
    pairs = [(before[one], after[one]) for one in both]
    old, new = (Counter(item for pair in pairs for item in set(pair[side])) for side in (0, 1))
    return Movement(
        asked,
        len(pairs),
        _mean(overlap(a, b) for a, b in pairs),
        _mean(rank_biased_overlap(a, b) for a, b in pairs),
        _mean(list(a[:1]) != list(b[:1]) for a, b in pairs),
        _mean(list(a) == list(b) for a, b in pairs),
        _only(new, old),
        _only(old, new),
        len(old),
        len(new),
        catalogue,
        None if again is None else _mean(overlap(before[one], again[one]) for one in both if one in again),
    )


def overlap(one: List, other: List) -> float:
    """The items in both lists over the length of the longer one; two empty lists are equal."""
    longest = max(len(one), len(other))
    return len(set(one) & set(other)) / longest if longest else 1.0


def rank_biased_overlap(one: List, other: List, persistence: float = PERSISTENCE) -> float:
    """The extrapolated RBO of two lists without ties, which may differ in length.

    Webber, Moffat and Zobel, "A similarity measure for indefinite rankings", TOIS 28(4), 2010, equation 32.
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return 0.0 if long else 1.0
    s, n = len(short), len(long)
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    total = 0.0
    agreed_s = agreed = 0
    for depth in range(1, n + 1):
        seen_long.add(long[depth - 1])
        if depth <= s:
            seen_short.add(short[depth - 1])
        agreed = len(seen_short & seen_long)
        if depth == s:
            agreed_s = agreed
        weight = persistence**depth
        total += agreed / depth * weight
        if depth > s:
            total += agreed_s * (depth - s) / (s * depth) * weight
    tail = ((agreed - agreed_s) / n + agreed_s / s) * persistence**n
    return (1 - persistence) / persistence * total + tail


def _only(here: Counter[str], there: Collection[str]) -> tuple[tuple[str, int], ...]:
    """Items of one side alone, those in most lists first."""
    found = [(item, count) for item, count in here.items() if item not in there]
    return tuple(sorted(found, key=lambda pair: (-pair[1], pair[0])))


def _mean(values: Iterable[float]) -> float:
    numbers = list(values)
    return sum(numbers) / len(numbers) if numbers else 0.0
