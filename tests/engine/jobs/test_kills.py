"""SIGKILL at any instant leaves the old data or the new, and nothing is done twice or left lying about."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.engine.jobs.conftest import Bench
from tests.engine.jobs.programs import STEPS

ROOT = Path(__file__).resolve().parents[3]


def _run(bench: Bench, seconds: float | None, steps: int = 0) -> int:
    """Works in another process; kills it that long after it began and made so many steps of training."""
    command = [sys.executable, "-m", "tests.engine.jobs.programs", str(bench.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        if seconds is not None:
            deadline = time.monotonic() + 30
            while _steps(bench) < steps:
                assert time.monotonic() < deadline
                time.sleep(0.005)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        return process.wait(timeout=60)


def _steps(bench: Bench) -> int:
    return len(bench.log.read_text().split()) if bench.log.exists() else 0


def test_a_killed_training_goes_on_and_is_not_done_twice(bench: Bench) -> None:
    bench.start_import("a")
    arn = bench.start_training()
    _run(bench, 0.0, steps=5)
    _run(bench, 0.0, steps=15)
    assert bench.version(arn)["status"] == "CREATE IN_PROGRESS"
    assert _run(bench, None) == 0
    assert bench.version(arn)["status"] == "ACTIVE"
    steps = [int(line) for line in bench.log.read_text().split()]
    assert sorted(set(steps)) == list(range(1, STEPS + 1))
    assert len(steps) <= STEPS + 2, "each kill may repeat the step whose checkpoint was not written"
    assert sorted(bench.files())[1:] == [
        f"models/{arn.rpartition(':solution/')[2]}/{name}" for name in ("model.json", "result.json", "step")
    ]


def test_a_finished_model_is_not_trained_again(bench: Bench) -> None:
    """A kill between the renaming of the model and the transaction."""
    bench.start_import("a")
    arn = bench.start_training()
    assert _run(bench, None) == 0
    with bench.engine._context.store.write() as tx:
        tx.connection.execute("UPDATE jobs SET state = 'running', pid = 1, started = '0' WHERE arn = ?", (arn,))
        version = tx.get(arn)
        assert version
        version.status = "CREATE IN_PROGRESS"
        tx.save(version)
    before = bench.log.read_text()
    assert _run(bench, None) == 0
    assert bench.version(arn)["status"] == "ACTIVE"
    assert bench.log.read_text() == before


@pytest.mark.parametrize("mode", ["FULL", "INCREMENTAL"])
def test_a_killed_import_leaves_the_old_data_or_the_new(bench: Bench, mode: str) -> None:
    bench.start_import("first", 1200)
    assert _run(bench, None) == 0
    draw = random.Random(3)
    total = 1200
    for turn in range(2):
        rows = 40_000 + turn
        old, total = total, rows + (total if mode == "INCREMENTAL" else 0)
        bench.start_import(f"again-{turn}", rows, mode, seed=turn)
        _run(bench, draw.uniform(0.0, 0.12))
        assert bench.rows() in {old, total}
        assert _run(bench, None) == 0
        assert bench.rows() == total
    with bench.engine._context.store.read() as reader:
        assert bench.files() == {part.path for part in reader.parts(bench.dataset)}
