"""Who holds a lock: a process, described well enough to tell from elsewhere whether it still lives."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Owner:
    """`place` names the set of processes that `pid` counts in; `process_started` tells reused pids apart."""

    who: str
    host: str
    place: str
    pid: int
    process_started: str | None

    def provably_dead(self) -> bool:
        """True only where this process can know: the owner counted its pid where we do, and it is gone.

        False for another host or container, and wherever processes can't be looked up.
        """
        here = _place()
        if self.host != socket.gethostname():
            return False
        if self.place != here:
            return _rebooted(self.place, here)
        if sys.platform == "win32":  # os.kill(pid, 0) would end the process there
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            pass  # it lives, under another user; it may still be a different process
        started = process_started(self.pid)
        return started is not None and self.process_started is not None and started != self.process_started


def this_process() -> Owner:
    """The owner that a lock taken now has."""
    pid = os.getpid()
    return Owner(_who(), socket.gethostname(), _place(), pid, process_started(pid))


def process_started(pid: int) -> str | None:
    """When the process began, as the system tells it: equal text for the same process, None if unknown."""
    try:
        # Field 22, counted after the command in parentheses, which may hold spaces itself.
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        pass
    if sys.platform != "darwin":
        return None
    answer = subprocess.run(
        ["/bin/ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return answer.stdout.strip() or None


@lru_cache(maxsize=1)
def _place() -> str:
    """`machine boot namespace`: pids mean the same thing only where all three are equal."""
    machine = _read("/etc/machine-id")
    boot = _read("/proc/sys/kernel/random/boot_id")
    try:
        namespace = os.readlink("/proc/self/ns/pid")
    except OSError:
        namespace = ""
    return f"{machine or '-'} {boot or '-'} {namespace or '-'}"


def _rebooted(then: str, now: str) -> bool:
    """The same machine, started again since: whatever ran there then is gone."""
    old, new = then.split(), now.split()
    known = "-" not in (*old[:2], *new[:2])
    return known and len(old) == len(new) == 3 and old[0] == new[0] and old[1] != new[1]


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this uid, as in many containers
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
