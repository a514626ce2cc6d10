"""`python -m tests.bench [NAME ...]`: measures, prints each figure beside its limit, exits 1 on a miss."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.bench import batch, events, filters, ingest, planning, recipes, related, serving, startup, states
from tests.bench.report import Report

BENCHES = {
    "startup": startup.bench,
    "planning": planning.bench,
    "states": states.bench,
    "recipes": recipes.bench,
    "related": related.bench,
    "ingest": ingest.bench,
    "batch": batch.bench,
    "filters": filters.bench,
    "events": events.bench,
    "serving": serving.bench,
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"which ones: {', '.join(BENCHES)} (all unless named)")
    names = parser.parse_args().names or list(BENCHES)
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        parser.error(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHES)}")
    report = Report()
    with tempfile.TemporaryDirectory(prefix="pzdecl-bench-") as scratch:
        for name in names:
            BENCHES[name](report, Path(scratch))
    print(f"\n{len(report.figures) - len(report.missed)} of {len(report.figures)} figures reached")
    return 1 if report.missed else 0


if __name__ == "__main__":
    sys.exit(main())
