"""How patient a run is: when it looks again, and what it takes for an error in the end."""

from __future__ import annotations

import heapq
from dataclasses import dataclass

from pzdecl.apply.requests import Job


@dataclass(frozen=True, slots=True)
class Pace:
    """All in seconds but `growth`.

    first, longest, growth  how long to wait before looking at a busy thing, at first, at most, and in between
    patience                how long a thing may be blocked by others, silent, or deleted without an effect
    told                    the least time between two progress events of one step
    lag                     how long what was made may be missing from lists and for what refers to it
    """

    first: float = 0.02
    longest: float = 1.0
    growth: float = 1.5
    patience: float = 60.0
    told: float = 0.5
    lag: float = 15.0


class Waits:
    """Jobs that wait for their next look or attempt, by time. A waiting job occupies no thread.

    However many wait, looking takes at most `share` of the threads' time: intervals stretch with the number of
    jobs and with how long one look takes.
    """

    share = 0.5

    def __init__(self, pace: Pace, parallelism: int) -> None:
        self._pace = pace
        self._parallelism = parallelism
        self._due: list[tuple[float, int, Job, bool]] = []
        self._count = 0
        self._cost = 0.0
        """Seconds that one look takes, a moving average."""

    def __len__(self) -> int:
        return len(self._due)

    def add(self, job: Job, now: float, *, again: bool) -> None:
        """Puts the job away until its next turn; `again`: its request is to be sent again."""
        job.interval = min(self._pace.longest, job.interval * self._pace.growth or self._pace.first)
        crowd = len(self._due) * self._cost / (self._parallelism * self.share)
        self._count += 1
        heapq.heappush(self._due, (now + max(job.interval, crowd), self._count, job, again))

    def observe(self, seconds: float) -> None:
        """Learns how long a look took."""
        self._cost = seconds if not self._cost else 0.9 * self._cost + 0.1 * seconds

    def next_due(self) -> float | None:
        """When the next turn is."""
        return self._due[0][0] if self._due else None

    def take(self, now: float) -> list[tuple[Job, bool]]:
        """The jobs whose turn it is, and whether their request is to be sent again."""
        taken: list[tuple[Job, bool]] = []
        while self._due and self._due[0][0] <= now:
            _, _, job, again = heapq.heappop(self._due)
            taken.append((job, again))
        return taken

    def jobs(self) -> list[Job]:
        """All that wait."""
        return [job for _, _, job, _ in self._due]
