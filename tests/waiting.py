"""Waiting for what comes soon unless something is broken.

Nothing here measures: a machine that is busy takes long, so every limit is one that only a hang reaches.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from pzdecl.engine import Engine

Seen = TypeVar("Seen")

PATIENCE = 120.0
"""Seconds: also for threads, processes and sockets that are waited for by other means."""


def until(
    look: Callable[[], Seen],
    fits: Callable[[Seen], object] = bool,
    *,
    why: str = "what was waited for did not come",
    seconds: float = PATIENCE,
    pause: float = 0.01,
) -> Seen:
    """Looks until what is seen `fits`, and gives that; fails with `why` and what was seen last.

    `until(lambda: log.exists())`, or, to go on with what was seen,
    `found = until(lambda: describe(arn), lambda found: found["status"] == "ACTIVE")`.
    """
    end = time.monotonic() + seconds
    while not fits(seen := look()):
        if time.monotonic() > end:
            raise AssertionError(f"{why}: after {seconds:g} s there is {seen!r}")
        time.sleep(pause)
    return seen


def idle(engine: Engine, seconds: float = PATIENCE) -> None:
    """Waits until an engine with a worker has no job left."""
    if engine._worker is not None:
        engine._worker.wake()
    until(lambda: not engine.has_jobs(), why="jobs are left", seconds=seconds)
