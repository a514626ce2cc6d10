"""Threads that make the requests, as many at once as `--parallelism` says.

Unlike `concurrent.futures`, its threads are daemons: a process that is told twice to stop waits for none.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

Job = TypeVar("Job")
Answer = TypeVar("Answer")


class Pool(Generic[Job, Answer]):
    """Runs `work(job)` and calls `outbox(job, answer, seconds)`, or `broken(error)` if it raised.

    Threads start as needed.
    """

    def __init__(
        self,
        size: int,
        outbox: Callable[[Job, Answer, float], None],
        broken: Callable[[BaseException], None],
    ) -> None:
        self._size = size
        self._outbox = outbox
        self._broken = broken
        self._inbox: SimpleQueue[tuple[Job, Callable[[Job], Answer]] | None] = SimpleQueue()
        self._threads = 0
        self._waiting = threading.Semaphore(0)
        """Counts idle threads, so that small plans start few."""

    def submit(self, job: Job, work: Callable[[Job], Answer]) -> None:
        """Queues the job; called from one thread only."""
        if not self._waiting.acquire(blocking=False) and self._threads < self._size:
            self._threads += 1
            threading.Thread(target=self._serve, name=f"pzdecl-call-{self._threads}", daemon=True).start()
        self._inbox.put((job, work))

    def take_back(self) -> list[Job]:
        """Removes the jobs that no thread has begun, and gives them."""
        jobs: list[Job] = []
        while True:
            try:
                item = self._inbox.get_nowait()
            except Empty:
                return jobs
            if item is not None:
                jobs.append(item[0])

    def close(self) -> None:
        """Lets the threads end once they have nothing to do; waits for none."""
        for _ in range(self._threads):
            self._inbox.put(None)

    def _serve(self) -> None:
        while (item := self._inbox.get()) is not None:
            job, work = item
            began = time.monotonic()
            try:
                answer = work(job)
            except BaseException as error:
                # Whoever waits for the answer has to know, or would wait for ever.
                self._broken(error)
                return
            self._outbox(job, answer, time.monotonic() - began)
            self._waiting.release()
