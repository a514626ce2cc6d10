"""`python -m tests.crash --kills 1000`: random SIGKILLs over lives of a small shop, until that many have hit.

Prints the seed of each life that went wrong, whose folder and log stay where they are; `--seed N --lives 1`
draws that life again: the same stage, and the same moments as far as processes keep time. The exit status is 1
where anything was wrong.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

from tests.crash import forks


def main() -> int:
    """Runs the lives; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--kills", type=int, default=1000, help="how many kills must have hit a process")
    parser.add_argument("--seed", type=int, default=None, help="of the first life; each has the next one")
    parser.add_argument("--lives", type=int, default=None, help="at most so many lives")
    parser.add_argument("--stage", action="append", help="only lives of this stage (may be given again)")
    parser.add_argument("--folder", type=Path, default=None, help="where to work instead of /tmp")
    parser.add_argument("--minutes", type=float, default=None, help="at most so long")
    asked = parser.parse_args()
    forks.single_threaded()
    from tests.crash.lives import Lives

    folder = Path(tempfile.mkdtemp(prefix="pzdecl-crash-", dir=asked.folder))
    first = int(time.time()) if asked.seed is None else asked.seed
    began = time.monotonic()
    lives = Lives(folder)
    lives.prepare()
    tally, seed = lives.tally, first
    print(f"first seed {first}, prepared in {time.monotonic() - began:.1f} s, working in {folder}", flush=True)
    while tally.kills < asked.kills and (asked.lives is None or tally.lives < asked.lives):
        if asked.minutes is not None and time.monotonic() - began > 60 * asked.minutes:
            break
        if not lives.live(seed, asked.stage):
            print(f"WRONG {tally.wrong[-1]}", flush=True)
        elif tally.lives % 20 == 0:
            print(f"{tally.lives} lives, {tally.kills} kills, {time.monotonic() - began:.0f} s", flush=True)
        seed += 1
    told = ", ".join(f"{name} {count}" for name, count in sorted(tally.killed.items()))
    print(
        f"{tally.kills} kills ({told}) in {tally.lives} lives, seeds {first} to {seed - 1}, "
        f"{time.monotonic() - began:.0f} s: {len(tally.wrong)} went wrong"
    )
    if not tally.wrong:
        shutil.rmtree(folder)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
