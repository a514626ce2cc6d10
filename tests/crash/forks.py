"""Processes that cost little: forks of a parent that has imported everything, and runs nothing itself.

A fork does what a process of its own does, but for starting Python and importing. Forking is safe while no
other thread runs in the parent, so what may start threads is done in forks.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "POLARS_MAX_THREADS", "MKL_NUM_THREADS")
FAILED = 70
"""The exit status of a fork whose function raised."""


def single_threaded() -> None:
    """Keeps the libraries that forks will use from starting threads in this process. Call it before imports."""
    for name in THREADS:
        os.environ[name] = "1"


def fork(function: Callable[[], int | None], log: Path) -> int:
    """Runs a function in a child, what it prints going into `log`; returns the child's process id.

    What the function returns is the exit status, None being 0.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child:
        return child
    status = FAILED
    try:
        handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((null, 0), (handle, 1), (handle, 2)):
            os.dup2(source, target)
        status = function() or 0
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def worker(folder: Path, log: Path) -> int:
    """Starts a process that empties an engine's queue until it is killed; returns its process id."""

    def work() -> int:
        from pzdecl.engine import Engine

        Engine(folder).start_worker(scheduled=False)
        while True:
            signal.pause()

    return fork(work, log)


def ended(child: int, *, wait: bool = True) -> int | None:
    """The exit status of a child, -9 if it was killed; None while it runs, which `wait` rules out."""
    found, status = os.waitpid(child, 0 if wait else os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def kill(child: int) -> bool:
    """Ends a child with SIGKILL and waits for it; whether it still ran."""
    os.kill(child, signal.SIGKILL)
    return ended(child) == -signal.SIGKILL


def preload(run: Callable[[], int], scratch: Path) -> None:
    """Imports here what `run` imports in a fork, so that later forks find it imported."""
    told = scratch / "modules.json"

    def work() -> int:
        status = run()
        told.write_text(json.dumps(list(sys.modules)))
        return status

    log = scratch / "preload.log"
    if ended(fork(work, log)):
        raise RuntimeError(log.read_text())
    for name in json.loads(told.read_text()):
        if name not in sys.modules and name.partition(".")[0] != "__main__":
            # Some are made at run time, or only exist while another one is imported.
            try:
                importlib.import_module(name)
            except Exception:
                continue
