"""`python -m tests.bench.quality [--data D] [--recipe R] [--title T] [--seeds 0,1]`: figures beside limits.

A figure is the mean over the seeds; behind it stand the seeds' own values and the seconds that each training
took. Exits 1 on a miss. Without options everything is measured, which takes hours on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from statistics import fmean

from tests.bench.quality.measure import Measured
from tests.bench.quality.rows import ROWS, Row
from tests.bench.report import Report


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quality", description=__doc__)
    parser.add_argument("--data", help="only this data set")
    parser.add_argument("--recipe", help="only this recipe")
    parser.add_argument("--title", help="only rows whose title contains this")
    parser.add_argument("--seeds", help="comma-separated; as many as the row says unless given")
    options = parser.parse_args(arguments)
    rows = [
        row
        for row in ROWS
        if options.data in (None, row.data)
        and options.recipe in (None, row.recipe)
        and (options.title or "") in row.title
    ]
    if not rows:
        parser.error("no row is like that; see tests/bench/quality/rows.py")
    report = Report()
    for row in rows:
        seeds = [int(seed) for seed in options.seeds.split(",")] if options.seeds else list(range(row.seeds))
        add(report, row, seeds)
    return 1 if report.missed else 0


def add(report: Report, row: Row, seeds: Sequence[int]) -> None:
    """Measures a row and adds its figures."""
    name = f"{row.recipe} {row.data}, {row.title}"
    runs: list[Measured] = []
    for seed in seeds:
        run = row.measure(row.data, row.recipe, row.parameters, seed)
        if run is None:
            report.skip(name, f"set PZDECL_DATA to a folder that holds splits/{row.data}/")
            return
        runs.append(run)
    took = ", ".join(f"{run.seconds:.0f} s" for run in runs)
    for figure, limit in row.limits.items():
        values = [run.scores[figure] for run in runs]
        basis = f"seeds {', '.join(map(str, seeds))}: {', '.join(f'{v:.4f}' for v in values)}; {took}"
        report.add(f"{name}: {figure}", fmean(values), limit, basis, at_least=True)


if __name__ == "__main__":
    sys.exit(main())
