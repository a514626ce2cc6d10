"""An apply that is watched on a terminal: a table of what runs now, under the lines of what is done."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from pzdecl.apply.events import Event, EventType
from pzdecl.engine.progress import Progress
from pzdecl.views import progress as words_of
from pzdecl.views import words

if TYPE_CHECKING:
    from rich.table import Table

    from pzdecl.kinds.address import Address

ROWS = 12
"""Running steps shown at once; more are counted."""

LINGER = 0.5
"""Seconds: a step that took longer leaves a line of its own when it is done."""


class LiveView:
    """A listener that draws. Events may come from any thread; `close()` leaves the terminal as it was."""

    def __init__(self, out: TextIO, *, color: bool = True, clock: Callable[[], float] = time.monotonic) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=out, no_color=not color, highlight=False)
        self._clock = clock
        self._lock = threading.Lock()
        self._running: dict[Address, tuple[str, float, Progress | None]] = {}
        self._done = self._total = self._failed = 0
        self._live = Live(
            get_renderable=self.table, console=self._console, refresh_per_second=8, transient=True
        )
        self._live.start()

    def close(self) -> None:
        """Takes the table away; the lines stay."""
        self._live.stop()

    def __call__(self, event: Event) -> None:
        """Takes the event in."""
        with self._lock:
            line = self._take(event)
        if line:
            self._console.print(line)

    def _take(self, event: Event) -> str | None:
        from rich.markup import escape

        self._total = event.total or self._total
        self._done = event.done or self._done
        address, op = event.address, event.op or ""
        if address is None:
            return None
        match event.type:
            case EventType.STEP_START:
                self._running[address] = (op, self._clock(), None)
            case EventType.STEP_PROGRESS:
                began = self._running.get(address, (op, self._clock(), None))[1]
                self._running[address] = (op, began, event.progress)
            case EventType.STEP_COMPLETE:
                self._running.pop(address, None)
                if event.elapsed >= LINGER:
                    done = words.DONE.get(op, op)
                    return f"[green]✓[/] {escape(str(address))} {done} in {words.duration(event.elapsed)}"
            case EventType.STEP_ERRORED:
                self._running.pop(address, None)
                self._failed += 1
                return f"[red]✗[/] {escape(f'{address}: {event.message}')}"
            case EventType.STEP_SKIPPED:
                self._running.pop(address, None)
        return None

    def table(self) -> Table:
        """What is drawn now."""
        from rich.progress_bar import ProgressBar
        from rich.spinner import Spinner
        from rich.table import Table

        with self._lock:
            running = sorted(self._running.items(), key=lambda item: item[1][1])
            now, done, total, failed = self._clock(), self._done, self._total, self._failed
        table = Table(box=None, show_header=False, pad_edge=False)
        for address, (op, began, at) in running[:ROWS]:
            bar = (
                ProgressBar(total=at.total, completed=at.done, width=20) if at and at.total else Spinner("dots")
            )
            facts = words_of.sentence(at) if at else ""
            table.add_row(
                bar, f"[bold]{address}[/]", words.DOING.get(op, op), facts, words.duration(now - began)
            )
        if len(running) > ROWS:
            table.add_row("", f"and {len(running) - ROWS} more", "", "", "")
        text = f"{done:,} of {total:,} steps done" if total else f"{done:,} steps done"
        table.add_row("", text + (f", {failed} failed" if failed else ""), "", "", "")
        return table
