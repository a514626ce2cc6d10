"""What starting costs: seconds over a bare interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.bench.projects import write_pzdecl
from tests.bench.report import Report
from tests.bench.timing import run, typical

PZDECL = str(Path(sys.executable).parent / "pzdecl")
TIMES = 9


def bench(report: Report, scratch: Path) -> None:
    project = write_pzdecl(scratch / "startup", 1000)
    bare = typical(lambda: run([sys.executable, "-c", "pass"], project), TIMES).seconds
    for name, command, limit in (
        ("pzdecl --version over python -c pass, s", [PZDECL, "--version"], 0.1),
        ("validate of 1,000 over python -c pass, s", [PZDECL, "validate"], 0.35),
    ):
        cost = typical(lambda command=command: run(command, project), TIMES)
        report.add(name, cost.seconds - bare, limit, f"{cost.seconds:.3f} s - {bare:.3f} s")
