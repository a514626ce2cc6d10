"""What starting costs: seconds over a bare interpreter."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

from tests.bench.projects import write_pzdecl
from tests.bench.report import Report
from tests.bench.timing import run, typical

PZDECL = str(Path(sys.executable).parent / "pzdecl")
TIMES = 9


def bench(report: Report, scratch: Path) -> None:
    small = write_pzdecl(scratch / "startup-10", 10)
    large = write_pzdecl(scratch / "startup-1000", 1000)
    bare = typical(lambda: run([sys.executable, "-c", "pass"], small), TIMES).seconds
    for name, folder, command, limit in (
        ("pzdecl --version", small, [PZDECL, "--version"], 0.1),
        ("validate of 10", small, [PZDECL, "validate"], 0.2),
        ("plan of 10", small, [PZDECL, "plan"], 0.3),
        ("validate of 1,000", large, [PZDECL, "validate"], 0.35),
    ):
        cost = typical(partial(run, command, folder), TIMES)
        basis = f"{cost.seconds:.3f} s - {bare:.3f} s ({cost.cpu:.3f} s of CPU)"
        report.add(f"{name} over python -c pass, s", cost.seconds - bare, limit, basis)
