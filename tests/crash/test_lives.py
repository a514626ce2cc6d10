"""Random SIGKILLs over lives of a shop: `python -m tests.crash` in a process of its own, since it forks.

`PZDECL_LIVES` sets how many kills the default test makes.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is neither fork nor SIGKILL")


def kill(kills: int, folder: Path) -> str:
    """What the runner tells; all lives must go well."""
    command = [sys.executable, "-m", "tests.crash", "--kills", str(kills), "--folder", str(folder)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_some_kills(tmp_path: Path) -> None:
    kills = int(os.environ.get("PZDECL_LIVES", "2"))
    assert int(kill(kills, tmp_path).splitlines()[-1].split()[0]) >= kills
    assert list(tmp_path.iterdir()) == [], "what went well leaves nothing behind"


@pytest.mark.slow
def test_a_thousand_kills(tmp_path: Path) -> None:
    kill(1000, tmp_path)
