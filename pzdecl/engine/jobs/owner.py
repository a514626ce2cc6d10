"""Who works on a job: a process, told from every other, and whether it is certainly gone."""

from __future__ import annotations

import functools
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple


class Owner(NamedTuple):
    """`host` covers the boot and the process namespace, so that a `pid` means the same to both sides."""

    host: str
    pid: int
    started: str


def this_process() -> Owner:
    """The owner of what this process claims."""
    pid = os.getpid()
    return Owner(_host(), pid, _started(pid) or "")


def is_gone(owner: Owner) -> bool:
    """True only where it is certain: the same host, and the process ended or its number is another's now."""
    if owner.host != _host():
        return False
    started = _started(owner.pid)
    return started is None or started != owner.started


@functools.cache
def _host() -> str:
    parts = [socket.gethostname()]
    try:
        parts.append(Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip())
        parts.append(os.readlink("/proc/self/ns/pid"))
    except OSError:
        pass  # not Linux: the name has to do
    return " ".join(parts)


def _started(pid: int) -> str | None:
    """When a process started, in whatever form the system tells it; None where there is no such process."""
    if sys.platform == "linux":
        try:
            stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        except OSError:
            return None
        # The name, in parentheses, may hold anything; state and the other fields follow the last parenthesis.
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] in {"Z", "X"} else fields[19]
    told = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return told.stdout.strip() or None
