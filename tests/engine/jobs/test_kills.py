"""SIGKILL at any instant leaves the old data or the new, and nothing is done twice or left lying about."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.clients import INTERACTIONS, avro, dataset, field, group, schema, write_interactions
from tests.engine.jobs.conftest import Bench
from tests.engine.jobs.programs import STEPS
from tests.waiting import PATIENCE, until

ROOT = Path(__file__).resolve().parents[3]


def _run(bench: Bench, seconds: float | None, steps: int = 0) -> int:
    """Works in another process; kills it that long after it began and made so many steps of training."""
    last = STEPS + 1 if seconds is None else STEPS - 1  # what is to be killed comes to no end before that
    command = [sys.executable, "-m", "tests.engine.jobs.programs", str(bench.folder), str(last)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "started\n"
        if seconds is not None:
            until(lambda: _steps(bench), lambda made: made >= steps)
            time.sleep(seconds)
            process.send_signal(signal.SIGKILL)
        return process.wait(timeout=PATIENCE)


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


def test_a_recommender_that_is_killed_in_training_goes_on_and_serves_one_model(bench: Bench) -> None:
    domain = {"domain": "ECOMMERCE"}
    shop = group(bench.service, "shop", **domain)
    fields = avro("Interactions", *INTERACTIONS["fields"], field("EVENT_TYPE", "string"))
    dataset(bench.service, shop, schema(bench.service, "typed", fields, **domain), name="typed")
    recipe = "arn:aws:personalize:::recipe/aws-ecomm-recommended-for-you"
    params = {"name": "for-you", "datasetGroupArn": shop, "recipeArn": recipe}
    data = write_typed(bench.data / "typed.csv")
    bench.service.call(
        "create_dataset_import_job",
        jobName="typed",
        datasetArn=f"{bench.service.arn_prefix}dataset/shop/INTERACTIONS",
        dataSource={"dataLocation": str(data)},
    )
    arn = bench.service.call("create_recommender", **params)["recommenderArn"]

    def status() -> str:
        found = bench.service.call("describe_recommender", recommenderArn=arn)["recommender"]
        return str(found["status"])

    _run(bench, 0.0, steps=5)
    _run(bench, 0.0, steps=15)
    assert status() == "CREATE IN_PROGRESS"
    assert _run(bench, None) == 0
    assert status() == "ACTIVE"
    steps = [int(line) for line in bench.log.read_text().split()]
    assert sorted(set(steps)) == list(range(1, STEPS + 1))
    assert len(steps) <= STEPS + 2
    models = {name.rpartition("/")[0] for name in bench.files() if name.startswith("models/")}
    assert len(models) == 1
    assert models.pop().startswith("models/recommender.for-you/")


def write_typed(path: Path) -> Path:
    """Interactions with a column EVENT_TYPE."""
    plain = write_interactions(path.with_name("plain.csv")).read_text().splitlines()
    lines = [f"{plain[0]},EVENT_TYPE", *(f"{line},View" for line in plain[1:])]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


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
