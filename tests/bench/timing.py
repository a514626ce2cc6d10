"""Runs a command as a process of its own and tells what it cost."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True)
class Cost:
    """`seconds` of wall time, `peak` resident memory in MiB, and `cpu` seconds of all its threads."""

    seconds: float
    peak: float
    cpu: float = 0.0


def run(command: Sequence[str | Path], folder: Path) -> Cost:
    """Runs `command` in `folder`; a non-zero exit is an error that shows what it printed."""
    log = folder / ".bench.log"
    with log.open("wb") as out:
        started = time.perf_counter()
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=_environment(),
        )
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{command} exited {process.returncode}:\n{log.read_text()[-4000:]}")
    return Cost(seconds, usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime)


def _environment() -> dict[str, str]:
    """As installed: bytecode is kept, nothing looks for updates, nothing is set for pzdecl."""
    mine = ("PZDECL_", "PYTHONDONTWRITEBYTECODE")
    kept = {key: value for key, value in os.environ.items() if not key.startswith(mine)}
    return {**kept, "NO_COLOR": "1", "CHECKPOINT_DISABLE": "1"}


def typical(measure: Callable[[], Cost], times: int) -> Cost:
    """The middle of several runs, after one that warms the caches."""
    measure()
    return middle([measure() for _ in range(times)])


def middle(costs: Sequence[Cost]) -> Cost:
    """The median times and the greatest memory."""
    seconds, cpu = (median(getattr(cost, name) for cost in costs) for name in ("seconds", "cpu"))
    return Cost(seconds, max(cost.peak for cost in costs), cpu)
