"""Telling a process from every other, and whether it is certainly gone: for whoever holds a lock or a job."""

from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


class Process(NamedTuple):
    """`place` names the set of processes that `pid` counts in; `started` tells reused pids apart."""

    host: str
    place: str
    pid: int
    started: str | None

    def is_gone(self) -> bool:
        """True only where this process can know: the other one counted its pid where we do, and it ended.

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
        state, started = _look(self.pid)
        if state in {"Z", "X"}:  # ended, and only its parent hasn't asked for its status yet
            return True
        return started is not None and self.started is not None and started != self.started


def this_process() -> Process:
    """The process that asks."""
    pid = os.getpid()
    return Process(socket.gethostname(), _place(), pid, _look(pid)[1])


def user() -> str:
    """Who runs this process, for people."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no name for this uid, as in many containers
        return f"uid {os.getuid()}" if hasattr(os, "getuid") else "unknown"


def _look(pid: int) -> tuple[str, str | None]:
    """A process's state (a letter, "" if unknown), and when it began: equal text for the same process."""
    try:
        # Fields 3 and 22, counted after the command in parentheses, which may hold anything.
        fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
        return fields[0], fields[19]
    except (OSError, IndexError):
        pass
    if sys.platform != "darwin":
        return "", None
    command = ["/bin/ps", "-o", "state=", "-o", "lstart=", "-p", str(pid)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    state, _, started = answer.partition(" ")
    return state[:1], started.strip() or None


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


def _read(path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""
