"""Torch on one thread.

The steps of a training are small: a second thread gains little on an idle machine, and on a busy one threads
that wait for each other make it many times slower. Sums that threads share also end in other digits, so that
results would depend on the number of cores. Trainings run side by side instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def one_thread() -> Iterator[None]:
    """Holds torch to one thread, and lets it go as it was. Also a decorator: `@one_thread()`."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
