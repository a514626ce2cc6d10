"""Which step may start: a ready queue with in-degree counters. All of it is O(steps + needs)."""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterator, Sequence

from pzdecl.errors import PzdeclError
from pzdecl.plan.model import Step


class ReadyQueue:
    """Hands out steps whose needs are met, in the plan's order; failing a step takes out what depends on it."""

    def __init__(self, steps: Sequence[Step], done: Collection[str] = ()) -> None:
        """`done` are steps that an earlier run of the same plan carried out.

        Raises PzdeclError where the steps are no plan: an id twice, a need for no step, a cycle.
        """
        self._steps = steps
        self._place = {step.id: place for place, step in enumerate(steps)}
        self._dependants: list[list[int]] = [[] for _ in steps]
        self._missing = [0] * len(steps)
        self._out = [step.id in done for step in steps]
        if len(self._place) != len(steps):
            raise _damaged("a step's id occurs twice")
        for place, step in enumerate(steps):
            for need in set(step.needs):
                if need not in self._place:
                    raise _damaged(f"{step.id} needs {need}, which is not a step")
                before = self._place[need]
                self._dependants[before].append(place)
                self._missing[place] += not self._out[before]
        self._refuse_cycles()
        self._ready = [place for place, missing in enumerate(self._missing) if not missing]
        self._ready = [place for place in self._ready if not self._out[place]]
        heapq.heapify(self._ready)

    def __bool__(self) -> bool:
        """Whether a step may start now."""
        return bool(self._ready)

    def pop(self) -> Step:
        """The next step that may start."""
        place = heapq.heappop(self._ready)
        self._out[place] = True
        return self._steps[place]

    def finish(self, step: Step) -> None:
        """The step is done: what only waited for it becomes ready."""
        for place in self._dependants[self._place[step.id]]:
            self._missing[place] -= 1
            if not self._missing[place] and not self._out[place]:
                heapq.heappush(self._ready, place)

    def fail(self, step: Step) -> Iterator[Step]:
        """The step failed: gives everything that depends on it, each once, in the plan's order."""
        found: list[int] = []
        pending = [self._place[step.id]]
        while pending:
            for place in self._dependants[pending.pop()]:
                if not self._out[place]:
                    self._out[place] = True
                    found.append(place)
                    pending.append(place)
        return (self._steps[place] for place in sorted(found))

    def _refuse_cycles(self) -> None:
        missing = [0] * len(self._steps)
        for dependants in self._dependants:
            for place in dependants:
                missing[place] += 1
        free = [place for place, count in enumerate(missing) if not count]
        seen = 0
        while free:
            seen += 1
            for place in self._dependants[free.pop()]:
                missing[place] -= 1
                if not missing[place]:
                    free.append(place)
        if seen != len(self._steps):
            stuck = next(self._steps[place].id for place, count in enumerate(missing) if count)
            raise _damaged(f"{stuck} needs itself, by way of others")


def _damaged(what: str) -> PzdeclError:
    return PzdeclError(f"the plan can't be carried out: {what}", hint="make a new plan")
