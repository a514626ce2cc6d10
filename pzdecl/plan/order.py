"""Orders of things that need each other."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Any, TypeVar

from pzdecl.errors import PzdeclError

K = TypeVar("K", bound=Hashable)


def ordered(needs: Mapping[K, Iterable[K]], rank: Mapping[K, Any] | None = None) -> list[K]:
    """The keys, each after all that it needs; among those that are free, the least rank (or key) first.

    Kahn's algorithm over a heap, O((N + E) log N). What is needed and is no key counts as being there already.
    Raises PzdeclError that shows the cycle, if there is one.
    """
    place = rank or dict(zip(sorted(needs), range(len(needs)), strict=True))  # type: ignore[type-var]
    waiting = dict.fromkeys(needs, 0)
    followers: dict[K, list[K]] = {}
    for key, wanted in needs.items():
        for other in set(wanted):
            if other in waiting:
                followers.setdefault(other, []).append(key)
                waiting[key] += 1
    free = [(place[key], number, key) for number, (key, count) in enumerate(waiting.items()) if not count]
    heapify(free)
    numbers = {key: number for number, key in enumerate(waiting)}
    done: list[K] = []
    while free:
        key = heappop(free)[2]
        done.append(key)
        for follower in followers.get(key, ()):
            waiting[follower] -= 1
            if not waiting[follower]:
                heappush(free, (place[follower], numbers[follower], follower))
    if len(done) < len(waiting):
        raise PzdeclError(f"these need each other: {' → '.join(map(str, cycle(needs)))}")
    return done


def cycle(needs: Mapping[K, Iterable[K]]) -> Sequence[K]:
    """One cycle, beginning and ending with the same key; empty if there is none."""
    import networkx

    graph = networkx.DiGraph((key, other) for key, wanted in needs.items() for other in wanted)
    try:
        edges = networkx.find_cycle(graph)
    except networkx.NetworkXNoCycle:
        return ()
    return [edge[0] for edge in edges] + [edges[0][0]]
