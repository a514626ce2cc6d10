"""Five million interactions from CSV to a dataset ready for training, beside a plain CSV-to-Parquet run.

The engine's import job checks every value, gives users and items integers, and sorts by user and time. It is
timed from the request until the import is ACTIVE, and then the reading of the events into memory. The peer is
polars, streaming, which does none of that. Both run in processes of their own, by turns, and time themselves;
the file is in the page cache.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from pathlib import Path
from statistics import median

from tests.bench import shop
from tests.bench.report import Report
from tests.bench.timing import Cost, run

ROWS = 5_000_000
TIMES = 3
SHARE = 0.3
"""Of the peer's rows a second."""

MEMORY = 1536.0


def bench(report: Report, scratch: Path) -> None:
    folder = scratch / "ingest"
    folder.mkdir()
    file = folder / "interactions.csv"
    _in_a_process("data", file, file)  # here, it would count as memory of what this process starts
    peer = importlib.util.find_spec("polars") is not None
    ours: list[tuple[list[float], Cost]] = []
    theirs: list[tuple[list[float], Cost]] = []
    for turn in range(TIMES):
        ours.append(_timed("pzdecl", file, folder / f"engine-{turn}"))
        if peer:
            theirs.append(_timed("polars", file, folder / "peer.parquet"))
    seconds, reading = (median(parts) for parts in zip(*(parts for parts, _ in ours), strict=True))
    peak = max(cost.peak for _, cost in ours)
    size = f"{ROWS:,} rows, {file.stat().st_size / 1e6:.0f} MB"
    name = "CSV import: rows/s of polars sink_parquet"
    if peer:
        plain = median(parts[0] for parts, _ in theirs)
        basis = f"{size}: {seconds:.2f} s, then {reading:.2f} s to read it; polars {plain:.2f} s"
        report.add(name, plain / seconds, SHARE, basis, at_least=True)
    else:
        report.skip(name, f"{size}: {seconds:.2f} s; to compare: pip install --group bench")
    report.add("CSV import: peak memory, MiB", peak, MEMORY, size)


def _timed(engine: str, file: Path, out: Path) -> tuple[list[float], Cost]:
    """Seconds of each step of the work itself, and what the process cost."""
    cost = _in_a_process(engine, file, out)
    return [float(one) for one in out.with_suffix(".seconds").read_text().split()], cost


def _in_a_process(task: str, file: Path, out: Path) -> Cost:
    root = Path(__file__).resolve().parents[2]
    return run([sys.executable, "-m", "tests.bench.ingest", task, file, out], root)


def write(file: Path, _: Path) -> list[float]:
    """The CSV file."""
    shop.write(file, ROWS)
    return []


def by_polars(file: Path, out: Path) -> list[float]:
    """CSV to Parquet as it stands; seconds."""
    import polars

    started = time.perf_counter()
    polars.scan_csv(file).sink_parquet(out)
    return [time.perf_counter() - started]


def by_pzdecl(file: Path, out: Path) -> list[float]:
    """From CreateDatasetImportJob until it is ACTIVE, then until the events are in memory; seconds."""
    from pzdecl.engine import Engine
    from pzdecl.engine.data.interactions import load_interactions
    from tests.contract.clients import InProcess, dataset, group, schema, settled

    with Engine(out) as engine:
        service = InProcess(engine)
        of = dataset(service, group(service), schema(service, fields=shop.SCHEMA))
        engine.start_worker()
        started = time.perf_counter()
        source = {"dataLocation": str(file)}
        asked = service.call("create_dataset_import_job", jobName="import", datasetArn=of, dataSource=source)
        key = {"datasetImportJobArn": asked["datasetImportJobArn"]}
        job = settled(service, "describe_dataset_import_job", "datasetImportJob", 600, **key)
        if job["status"] != "ACTIVE":
            raise RuntimeError(job["failureReason"])
        imported = time.perf_counter()
        with engine._context.store.read() as reader:
            parts = [engine.folder / part.path for part in reader.parts(of)]
        events = load_interactions(parts)
        read = time.perf_counter()
    if not ROWS * 0.99 < len(events) <= ROWS:
        raise RuntimeError(f"{len(events)} events of {ROWS} rows")
    return [imported - started, read - imported]


if __name__ == "__main__":
    task, *paths = sys.argv[1:]
    file, out = map(Path, paths)
    seconds = {"data": write, "polars": by_polars, "pzdecl": by_pzdecl}[task](file, out)
    out.with_suffix(".seconds").write_text(" ".join(map(str, seconds)))
