"""A trial in a process of its own: both ends of the pipe.

The parent writes a task as one line of JSON to the child's standard input and keeps it open: when it closes,
because the trial is no longer wanted or the parent died, the child stops. The child writes lines of JSON to its
standard output: `progress` a few times a second, then `metrics`, or `failed` with the reason.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any

from pzdecl.engine.progress import Progress, Report
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.tuning.task import Task, run

MODULE = "pzdecl.engine.training.tuning.child"
"""What the child runs."""
LOG = "log.txt"
"""In the trial's folder: what the child wrote to standard error."""
MOST_TOLD = 4000
"""Characters of that which are told where a child can't even begin."""
LOOK = 0.1
"""Seconds between looks at whether the trial is still wanted, and between reports of progress."""
PATIENCE = 10.0
"""Seconds that a child has to stop by itself."""
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
"""Trials side by side use a core each; threads that wait for each other would slow all of them down."""


class ChildBroken(RuntimeError):
    """A bug showed in a child, or it could not even begin. `str()` ends with what was raised."""


def run_in_child(task: Task, report: Report, cancelled: Callable[[], bool]) -> dict[str, float]:
    """As `task.run`, in a process of its own, on one thread. Raises TrainingFailed, TrainingCancelled.

    A child that dies without a word is a failed trial; what went wrong inside of it otherwise is a ChildBroken
    with its traceback.
    """
    folder = Path(task.scratch)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOG).open("w", encoding="utf-8") as log:
        child = subprocess.Popen(
            [sys.executable, "-m", MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            encoding="utf-8",
            env={**os.environ, **ONE_THREAD},
            start_new_session=True,  # an interrupt of the terminal is the parent's to handle
        )
    assert child.stdin
    assert child.stdout
    try:
        child.stdin.write(json.dumps(asdict(task)) + "\n")
        child.stdin.flush()
        found = _listen(child.stdout, report, cancelled)
    except BrokenPipeError:
        found = {}
    finally:
        _stop(child)
    if "metrics" in found:
        metrics: dict[str, float] = found["metrics"]
        return metrics
    if "failed" in found:
        raise TrainingFailed(found["failed"])
    if "error" in found:
        raise ChildBroken(f"a trial failed:\n{found['error']}")
    if child.returncode > 0:
        wrote = (folder / LOG).read_text(encoding="utf-8", errors="replace")
        raise ChildBroken(f"a trial's process ended with status {child.returncode}:\n{wrote[-MOST_TOLD:]}")
    raise TrainingFailed(
        f"The trial's process was killed (signal {-child.returncode}), usually for want of memory: "
        "set maxParallelTrainingJobs lower."
    )


def _listen(lines: IO[str], report: Report, cancelled: Callable[[], bool]) -> dict[str, Any]:
    """The child's last message; empty where it died. Raises TrainingCancelled as soon as it is not wanted."""
    arrived: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read() -> None:
        for line in lines:
            arrived.put(line)
        arrived.put(None)

    threading.Thread(target=read, name="pzdecl-trial", daemon=True).start()
    while True:
        if cancelled():
            raise TrainingCancelled
        try:
            line = arrived.get(timeout=LOOK)
        except queue.Empty:
            continue
        if line is None:
            return {}
        message: dict[str, Any] = json.loads(line)
        if "progress" not in message:
            return message
        report(Progress(**message["progress"]))


def _stop(child: subprocess.Popen[str]) -> None:
    assert child.stdin
    with contextlib.suppress(BrokenPipeError):
        child.stdin.close()
    try:
        child.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


def main() -> None:
    """The child: reads a task, runs it, tells."""
    # Whatever a library prints must not get between the messages.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    task = Task(**json.loads(sys.stdin.readline()))
    unwanted = threading.Event()

    def wait_for_the_end() -> None:
        sys.stdin.read()
        unwanted.set()

    threading.Thread(target=wait_for_the_end, daemon=True).start()
    told = 0.0

    def tell(**message: Any) -> None:
        out.write(json.dumps(message) + "\n")
        out.flush()

    def report(progress: Progress) -> None:
        nonlocal told
        if time.monotonic() - told >= LOOK:
            told = time.monotonic()
            tell(progress=asdict(progress))

    try:
        tell(metrics=run(task, report, unwanted.is_set))
    except TrainingFailed as error:
        tell(failed=str(error))
    except (TrainingCancelled, BrokenPipeError):
        pass
    except Exception:
        import traceback

        tell(error=traceback.format_exc())


if __name__ == "__main__":
    main()
