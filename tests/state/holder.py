"""A process that holds the lock of a state until it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from pzdecl.manifests.model import StateSettings
from pzdecl.state import open_state


@contextmanager
def holder(place: StateSettings, seconds: float = 600) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.state.holder", json.dumps(asdict(place), default=str), str(seconds)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def _work(told: str, seconds: float) -> None:
    values = json.loads(told)
    place = StateSettings(**{**values, "path": Path(values["path"]) if values["path"] else None})
    with open_state(place, create=True) as state, state.lock(command="apply --auto-approve"):
        print("held", flush=True)
        time.sleep(seconds)


if __name__ == "__main__":
    _work(sys.argv[1], float(sys.argv[2]))
