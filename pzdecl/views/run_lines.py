"""An apply that is not watched on a terminal: a line when a step starts and one when it ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TextIO

from pzdecl.apply.events import Event, EventType
from pzdecl.kinds.address import Address
from pzdecl.views import words
from pzdecl.views.progress import sentence
from pzdecl.views.style import PLAIN, Style

EVERY = 60.0
"""Seconds between two progress lines of one resource."""

_QUIET = {"record"}
"""Steps that only write state: nothing to watch."""


class LineView:
    """A listener that writes lines."""

    def __init__(self, out: TextIO, style: Style = PLAIN, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._style = style
        self._clock = clock
        self._told: dict[Address, float] = {}

    def __call__(self, event: Event) -> None:
        """Writes the event's line, if it has one."""
        line = self._line(event)
        if line is not None:
            self._out.write(line + "\n")
            self._out.flush()

    def close(self) -> None:
        """Nothing is left to be closed."""

    def _line(self, event: Event) -> str | None:
        address, op = event.address, event.op or ""
        if address is None or op in _QUIET or (event.type is EventType.STEP_PROGRESS and not self._due(event)):
            return None
        paint, doing = self._style.paint, words.DOING.get(op, op)
        match event.type:
            case EventType.STEP_START:
                self._told[address] = self._clock()
                text = doing + self._style.ellipsis
            case EventType.STEP_PROGRESS:
                text = f"{doing}, {sentence(event.progress)}" if event.progress else f"still {doing}"
            case EventType.STEP_COMPLETE:
                done = paint(words.DONE.get(op, op), "green")
                text = f"{done} after {words.duration(event.elapsed)}{_count(event)}"
            case EventType.STEP_ERRORED:
                text = f"{paint(f'{doing} failed', 'red')}: {event.message}"
            case EventType.STEP_SKIPPED:
                text = f"{paint('skipped', 'yellow')}: {event.message}"
            case _:
                return None
        return f"{address}: {text}"

    def _due(self, event: Event) -> bool:
        """Whether it is time for another progress line of the event's resource."""
        assert event.address
        now = self._clock()
        if now - self._told.setdefault(event.address, now) < EVERY:
            return False
        self._told[event.address] = now
        return True


def _count(event: Event) -> str:
    return f"  [{event.done}/{event.total}]" if event.total else ""
