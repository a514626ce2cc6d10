#!/usr/bin/env python3
"""From nothing to recommendations: data, plan, apply, metrics, recommend, as a user types them.

    python examples/movies/demo.py

A second run finds nothing to change and recommends at once.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PROJECT = HERE.relative_to(ROOT).as_posix()
MEMBER = "member-0042"
PLAN = ".pzdecl/demo.plan"
CHANGES = 2


def pzdecl(*arguments: str, accept: tuple[int, ...] = (0,)) -> int:
    """Prints a command, runs it, and gives its exit status; one that is not accepted ends the demo."""
    print(f"\n$ pzdecl -C {PROJECT} {' '.join(arguments)}", flush=True)
    command = [sys.executable, "-m", "pzdecl", "-C", PROJECT, *arguments]
    status = subprocess.run(command, cwd=ROOT, check=False).returncode
    if status not in accept:
        sys.exit(status)
    return status


def main() -> None:
    """The demonstration."""
    if not (HERE / "data" / "interactions.csv").exists():
        print(f"$ python {PROJECT}/generate.py", flush=True)
        subprocess.run([sys.executable, f"{PROJECT}/generate.py"], cwd=ROOT, check=True)
    if pzdecl("plan", "--detailed-exitcode", "--out", PLAN, accept=(0, CHANGES)) == CHANGES:
        pzdecl("apply", PLAN)
    pzdecl("metrics")
    pzdecl("recommend", "movies-hrnn", MEMBER, "--count", "10")
    pzdecl("recommend", "movies-sims", "--item", "amber-carousel", "--count", "5")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
