"""What a running job is given: where to work, whom to tell, and whether to stop."""

from __future__ import annotations

import contextlib
import threading
from pathlib import Path

from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.progress import Progress


class JobFailed(Exception):
    """The job's input is at fault. The text becomes the resource's failureReason."""


class JobCancelled(Exception):
    """The job noticed that it shall stop."""


class Control:
    """One job's line to its worker: the job reports and asks, the worker's heartbeat does the rest."""

    def __init__(self, job: Job, folder: Path) -> None:
        self.job = job
        self.progress: Progress | None = None
        self.stop_asked = threading.Event()
        """The resource's creation shall be stopped (StopSolutionVersionCreation)."""
        self.shutdown = threading.Event()
        """The worker shall stop: the job goes back into the queue."""
        self.lost = threading.Event()
        """Another process has the job now."""
        self._staging = folder / "staging"

    def report(self, progress: Progress) -> None:
        """Keeps the newest progress; it is written down a few times a second at most."""
        self.progress = progress

    def cancelled(self) -> bool:
        """Whether to give up, for whatever reason."""
        return self.stop_asked.is_set() or self.shutdown.is_set() or self.lost.is_set()

    def check(self) -> None:
        """Raises JobCancelled where the job shall give up."""
        if self.cancelled():
            raise JobCancelled

    def workspace(self) -> Path:
        """A folder that only this attempt writes to.

        What an earlier attempt left (a checkpoint) is taken over by renaming: an owner that was only believed
        dead no longer finds its files and can't disturb this one.
        """
        mine = self._staging / f"{self.job.id}.{self.job.attempts}"
        if not mine.exists():
            self._staging.mkdir(parents=True, exist_ok=True)
            left = sorted(
                self._staging.glob(f"{self.job.id}.*"), key=lambda entry: int(entry.name.rpartition(".")[2])
            )
            if left:
                with contextlib.suppress(FileNotFoundError):
                    left[-1].rename(mine)
            mine.mkdir(exist_ok=True)
        return mine
