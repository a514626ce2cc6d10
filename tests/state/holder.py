"""A process that holds the lock of a state until it is killed: `python -m tests.state.holder PATH`."""

from __future__ import annotations

import sys
import time
from pathlib import Path

from pzdecl.state import open_state

if __name__ == "__main__":
    with open_state(Path(sys.argv[1]), create=True) as state, state.lock(command="apply --auto-approve"):
        print("held", flush=True)
        time.sleep(float(sys.argv[2]) if len(sys.argv) > 2 else 60)
