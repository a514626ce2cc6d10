"""The worker: threads of one process that empty the queue.

Trainings run in one lane, batch jobs and exports in another, and everything else in a third, so that an import
or a deployment never waits behind a training of something else. A heartbeat thread tells for all of them that
they live and how far they are.
"""

from __future__ import annotations

import contextlib
import logging
import shutil
import sqlite3
import threading
import time
import traceback
from collections.abc import Callable, Iterator

from pzdecl.engine.api.campaigns import catch_up
from pzdecl.engine.api.common import FAILED, IN_PROGRESS, PENDING
from pzdecl.engine.api.families import CAMPAIGN, DATASET, DELETION_JOB
from pzdecl.engine.api.operation import Context
from pzdecl.engine.errors import ServiceError
from pzdecl.engine.jobs import queue, recommending, reporting, schedule
from pzdecl.engine.jobs.control import Control, JobCancelled, JobFailed
from pzdecl.engine.jobs.deploying import fail_deployment, pending_update, run_deployment
from pzdecl.engine.jobs.erasing import run_erasure
from pzdecl.engine.jobs.exporting import run_export
from pzdecl.engine.jobs.importing import READING, run_conform, run_import
from pzdecl.engine.jobs.inference import run_inference
from pzdecl.engine.jobs.queue import Job, JobLost
from pzdecl.engine.jobs.segmenting import run_segments
from pzdecl.engine.jobs.sweep import sweep
from pzdecl.engine.jobs.training import run_training, stop_training
from pzdecl.engine.jobs.updating import note_update, run_update
from pzdecl.engine.store.rows import Resource
from pzdecl.engine.store.store import EngineFolderError
from pzdecl.errors import PzdeclError

LANES = (
    ("train",),
    ("import", "conform", "deploy", "switch", "update", "erase"),
    ("infer", "segment", "export", "report"),
)
HANDLERS: dict[str, Callable[[Context, Job, Control], None]] = {
    "train": run_training,
    "import": run_import,
    "conform": run_conform,
    "deploy": run_deployment,
    "switch": recommending.run_switch,
    "update": run_update,
    "erase": run_erasure,
    "infer": run_inference,
    "segment": run_segments,
    "export": run_export,
    "report": reporting.run_report,
}
BEGUN = {PENDING: IN_PROGRESS, "PENDING": "IN_PROGRESS"}
"""What becomes of a status when its job is begun; data deletion jobs have words of their own."""
POLL = 0.25
"""Seconds between looks at the queue while nothing wakes the worker."""
BEAT = 0.5
"""Seconds between heartbeats: also how soon a stop is noticed and progress is written."""
DEADLY = (
    "The process that worked on it died {} times, each time without getting any further. "
    "Usually that is for want of memory: give it more, or less data"
)
GRACE = 5.0
"""Seconds for which trouble with the database may pass by itself."""
PATIENCE = 60.0
"""Seconds that `stop` waits for a cancelled job to notice."""


class Worker:
    """Runs jobs of one engine in this process. `start` once, `stop` once.

    scheduled  whether it also begins what is due by itself: automatic trainings and updates, reports
    """

    def __init__(self, context: Context, *, scheduled: bool = True) -> None:
        self._context = context
        self._scheduled = scheduled
        self._stopping = threading.Event()
        self._draining = threading.Event()
        self._finished = threading.Event()
        self._wakes = [threading.Event() for _ in LANES]
        self._controls: dict[int, Control] = {}
        self._lock = threading.Lock()
        self._trouble: dict[tuple[str, ...], tuple[float, str]] = {}
        self._threads = [
            threading.Thread(target=self._lane, args=(kinds, wake), name=f"pzdecl-{kinds[0]}", daemon=True)
            for kinds, wake in zip(LANES, self._wakes, strict=True)
        ]
        self._pulse = threading.Thread(target=self._beat, name="pzdecl-heartbeat", daemon=True)
        self._clockwork = threading.Thread(target=self._schedule, name="pzdecl-schedule", daemon=True)

    def start(self) -> None:
        """Sweeps up after killed processes, then begins with what is queued."""
        if self._context.store.exists():
            sweep(self._context)
        for thread in (*self._threads, self._pulse, *([self._clockwork] if self._scheduled else [])):
            thread.start()

    def wake(self) -> None:
        """Looks at the queue now."""
        for event in self._wakes:
            event.set()

    def stop(self, *, finish: bool) -> None:
        """Waits for the threads to end; cancels what they do unless it shall be finished first."""
        if finish:
            self._draining.set()
        else:
            self._stopping.set()
            with self._lock:
                for control in self._controls.values():
                    control.shutdown.set()
        self.wake()
        for thread in self._threads:
            thread.join(None if finish else PATIENCE)
        self._finished.set()
        self._pulse.join(PATIENCE)
        if self._scheduled:
            self._clockwork.join(PATIENCE)

    def _lane(self, kinds: tuple[str, ...], wake: threading.Event) -> None:
        while not self._stopping.is_set():
            wake.clear()
            try:
                job = None
                # Another process may hold the database for long; the queue is looked at again later.
                with self._noticing("claim", kinds):
                    job = queue.claim(self._context.store, kinds)
                if job is not None:
                    # Where even the outcome can't be written, the job falls silent and is claimed again.
                    with self._noticing("run", kinds):
                        self._run(job)
                elif self._draining.is_set() and self._idle():
                    return
                else:
                    wake.wait(POLL)
            except Exception:  # a lane that ended here would leave its jobs waiting for ever
                logging.getLogger(__name__).exception("the worker for %s goes on after", ", ".join(kinds))
                wake.wait(POLL)

    @contextlib.contextmanager
    def _noticing(self, what: str, kinds: tuple[str, ...]) -> Iterator[None]:
        """Lets a lane outlive trouble with the database, and remembers since when there has been any.

        Claiming and running are told apart: where nothing is free to be claimed, nothing is written, and that
        is no sign that writing works again.
        """
        lane = (what, *kinds)
        try:
            yield
        except (EngineFolderError, sqlite3.Error) as error:
            with self._lock:
                since = self._trouble.get(lane, (time.monotonic(), ""))[0]
                self._trouble[lane] = since, str(error)
        else:
            with self._lock:
                self._trouble.pop(lane, None)

    def trouble(self) -> str | None:
        """Why no job gets on: what has kept the worker from writing for a while. None where nothing has."""
        with self._lock:
            lasting = [why for since, why in self._trouble.values() if time.monotonic() - since > GRACE]
        return lasting[0] if lasting else None

    def _idle(self) -> bool:
        """Whether no job is left that this worker could still have to do."""
        with self._context.store.read() as reader:
            return not reader.unfinished()

    def _run(self, job: Job) -> None:
        control = Control(job, self._context.folder)
        with self._lock:
            self._controls[job.id] = control
        if self._stopping.is_set():
            control.shutdown.set()
        try:
            if queue.beat(self._context.store, job, None):
                control.stop_asked.set()
            control.check()
            if job.deaths >= queue.MAX_DEATHS:
                raise JobFailed(DEADLY.format(job.deaths))
            self._mark(job)
            HANDLERS[job.kind](self._context, job, control)
        except JobLost:
            return
        except JobCancelled:
            self._cancelled(job, control)
        except JobFailed as error:
            self._fail(job, control, str(error))
        except (PzdeclError, ServiceError) as error:
            hint = getattr(error, "hint", None)
            self._fail(job, control, f"{error.message}{f'; {hint}' if hint else ''}")
        except Exception as error:
            reason = f"Internal error in the built-in engine: {type(error).__name__}: {error}"
            self._fail(job, control, reason, traceback.format_exc())
        finally:
            with self._lock:
                self._controls.pop(job.id, None)
        if job.kind in READING:
            with contextlib.suppress(OSError):
                sweep(self._context)  # data that was replaced, or deleted, while it was being read

    def _mark(self, job: Job) -> None:
        """Moves the resource, or its update, from PENDING to IN_PROGRESS; nothing where it began by itself."""
        if job.kind in ("update", "report"):
            return
        with self._context.store.write() as tx:
            resource = tx.get(job.arn)
            if resource is None:
                raise JobLost(job.arn)
            if resource.type in recommending.TYPES:
                recommending.begin(tx, resource)
                return
            update = pending_update(resource) if resource.type == CAMPAIGN.type else None
            if resource.type == DATASET.type:
                resource.status = "UPDATE IN_PROGRESS"
                resource.body["latestDatasetUpdate"]["status"] = resource.status
            elif update is not None:
                update["status"] = IN_PROGRESS
            elif resource.status in BEGUN:
                resource.status = BEGUN[resource.status]
            tx.save(resource)

    def _cancelled(self, job: Job, control: Control) -> None:
        if control.lost.is_set():
            return
        if control.stop_asked.is_set() and job.kind == "train":
            with contextlib.suppress(JobLost):
                stop_training(self._context, job)
            self._clear(control)
        else:
            queue.release(self._context.store, job)

    def _fail(self, job: Job, control: Control, reason: str, trace: str | None = None) -> None:
        with contextlib.suppress(JobLost):
            try:
                self._write_failure(job, control, reason, trace)
            except EngineFolderError:
                # What the job wrote may be what fills the disk; a job that failed has no more use for it.
                self._clear(control)
                self._write_failure(job, control, reason, trace)
            self._clear(control)

    def _write_failure(self, job: Job, control: Control, reason: str, trace: str | None) -> None:
        with self._context.store.write() as tx:
            queue.finish(tx, job, progress=control.progress, error=trace)
            resource = tx.get(job.arn)
            if job.kind == "update":  # what serves goes on serving, and is tried again when it is due
                logging.getLogger(__name__).warning("%s was not updated: %s", job.arn, reason)
                note_update(tx, job.arn, self._context.clock(), None, None)
            elif resource is not None and resource.type in recommending.TYPES:
                recommending.fail(tx, resource, reason)
            elif resource is not None and job.kind == "report":
                logging.getLogger(__name__).warning("%s was not reported: %s", job.arn, reason)
                reporting.note_failure(tx, resource, reason)
            elif resource is not None:
                _failed(resource, reason)
                tx.save(resource)
                if resource.type == CAMPAIGN.type:
                    catch_up(tx, resource)

    @staticmethod
    def _clear(control: Control) -> None:
        with contextlib.suppress(OSError):
            shutil.rmtree(control.workspace(), ignore_errors=True)

    def _schedule(self) -> None:
        while not (self._stopping.is_set() or self._draining.is_set()):
            try:
                with self._noticing("schedule", ()):
                    schedule.tick(self._context)
            except (
                PzdeclError,
                ServiceError,
            ) as error:  # of one resource: what is due otherwise comes next time
                logging.getLogger(__name__).warning("nothing was begun by itself: %s", error)
            except Exception:
                logging.getLogger(__name__).exception("what is due by itself is looked at again after")
            if self._finished.wait(schedule.TICK):
                return

    def _beat(self) -> None:
        while not self._finished.wait(BEAT):
            with self._lock:
                controls = list(self._controls.values())
            for control in controls:
                try:
                    if queue.beat(self._context.store, control.job, control.progress):
                        control.stop_asked.set()
                except JobLost:
                    control.lost.set()
                except (EngineFolderError, sqlite3.Error):
                    continue  # the database is held by another process: the next beat tries again


def _failed(resource: Resource, reason: str) -> None:
    if resource.type == CAMPAIGN.type:
        fail_deployment(resource, reason)
    elif resource.type == DATASET.type:
        resource.status = "ACTIVE"
        resource.body["latestDatasetUpdate"] |= {"status": "UPDATE FAILED", "failureReason": reason}
    else:
        resource.status = "FAILED" if resource.type == DELETION_JOB.type else FAILED
        resource.body["failureReason"] = reason
