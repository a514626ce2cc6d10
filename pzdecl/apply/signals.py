"""Ctrl-C and SIGTERM: once to stop starting things, twice to stop now."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_WATCHED = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def watched(on_signal: Callable[[], None]) -> Iterator[None]:
    """Calls `on_signal` at each SIGINT and SIGTERM while the block runs, then puts the handlers back.

    Outside of the main thread, where Python allows no handlers, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the signature of a handler
        on_signal()

    former = {number: signal.signal(number, handle) for number in _WATCHED}
    try:
        yield
    finally:
        for number, handler in former.items():
            # None stands for a handler that C code installed: Python can't put it back.
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
