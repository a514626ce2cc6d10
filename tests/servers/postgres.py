"""A throw-away PostgreSQL server from the machine's own package, reached by a socket in its folder alone."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MISSING = "PostgreSQL's server is not installed (Debian: apt-get install postgresql)"
_SPEED = ("fsync=off", "full_page_writes=off")


def binaries() -> Path | None:
    """The folder of initdb and pg_ctl: Debian keeps one a version, beside the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    for folder in reversed(found):
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there and shutil.which("pg_ctl") else None


@contextmanager
def server(*, durable: bool = False) -> Iterator[str]:
    """Starts a server; gives the URL of its database. `durable` waits for the disk, as a real one does."""
    folder = binaries()
    assert folder, MISSING
    user = _user()
    # Not in TMPDIR: the user of the server may have no way in there, and a socket's path is short.
    home = Path(tempfile.mkdtemp(prefix="pzdecl-pg-", dir="/tmp"))
    try:
        if user:
            shutil.chown(home, user, pwd.getpwnam(user).pw_gid)
        data = home / "data"
        _run([folder / "initdb", "-D", data, "-U", "pzdecl", "-A", "trust", "-E", "UTF8", "--no-sync"], user)
        options = ["listen_addresses=", f"unix_socket_directories={home}", *(() if durable else _SPEED)]
        settings = " ".join(f"-c {option}" for option in options)
        _run([folder / "pg_ctl", "-D", data, "-o", settings, "-l", home / "log", "-w", "start"], user)
        try:
            yield f"postgresql://pzdecl@/postgres?host={home}"
        finally:
            _run([folder / "pg_ctl", "-D", data, "-m", "immediate", "-w", "stop"], user)
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _user() -> str | None:
    """Who runs it: the server refuses root."""
    if os.getuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _run(command: list[Any], user: str | None) -> None:
    done = subprocess.run(
        [str(part) for part in command],
        user=user,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE if "initdb" in str(command[0]) else subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, f"{command[0]}: {(done.stdout or b'').decode()}"
