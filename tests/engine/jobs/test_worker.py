"""What workers do with jobs that go well, fail, are stopped, or are taken over."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from pzdecl.engine.engine import Engine
from pzdecl.engine.jobs import queue
from pzdecl.engine.progress import Progress
from pzdecl.engine.training import train as training
from tests.contract.clients import settled, write_interactions
from tests.engine.jobs.conftest import Bench
from tests.engine.jobs.programs import STEPS
from tests.waiting import until


def _steps(bench: Bench) -> list[int]:
    return [int(line) for line in bench.log.read_text().split()] if bench.log.exists() else []


def test_full_replaces_and_incremental_appends(bench: Bench) -> None:
    bench.engine.start_worker()
    for name, rows, mode, total in (
        ("a", 1200, "FULL", 1200),
        ("b", 1000, "INCREMENTAL", 2200),
        ("c", 1500, "FULL", 1500),
        ("d", 1001, "INCREMENTAL", 2501),
    ):
        arn = bench.start_import(name, rows, mode)
        done = settled(
            bench.service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn
        )
        assert done["status"] == "ACTIVE"
        assert bench.rows() == total
        progress = bench.engine.progress(arn)
        assert progress
        assert (progress.unit, progress.done, progress.total) == ("rows", rows, rows)
    assert len(bench.files()) == 2


def test_a_relative_path_is_that_of_whoever_asked(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    write_interactions(bench.data / "data.csv")
    monkeypatch.chdir(bench.data)
    arn = bench.service.call(
        "create_dataset_import_job",
        jobName="r",
        datasetArn=bench.dataset,
        dataSource={"dataLocation": "data.csv"},
    )["datasetImportJobArn"]
    monkeypatch.chdir("/")
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    found = bench.service.call("describe_dataset_import_job", datasetImportJobArn=arn)["datasetImportJob"]
    assert found["status"] == "ACTIVE"
    assert found["dataSource"] == {"dataLocation": "data.csv"}
    assert bench.rows() == 1200


def test_imports_of_a_dataset_run_in_the_order_in_which_they_were_asked_for(bench: Bench) -> None:
    bench.start_import("a", 1200)
    bench.start_import("b", 1000, "INCREMENTAL")
    version = bench.start_training()
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    assert bench.rows() == 2200
    assert bench.version(version)["status"] == "ACTIVE"
    tail = version.rpartition(":solution/")[2]
    assert (bench.folder / "models" / tail / "model.json").read_text() == '{"rows": 2}'


def test_data_that_was_replaced_goes_when_what_read_it_ends(bench: Bench) -> None:
    bench.start_import("a")
    bench.engine.start_worker()
    until(lambda: bench.rows() == 1200)
    bench.halt.step = 3
    arn = bench.start_training()
    until(lambda: _steps(bench))
    again = bench.start_import("b", 1500)
    done = settled(bench.service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=again)
    assert done["status"] == "ACTIVE"

    def parts() -> list[str]:
        return [name for name in bench.files() if name.startswith("datasets/")]

    assert bench.version(arn)["status"] == "CREATE IN_PROGRESS"
    assert len(parts()) == 2, "the training may still read the first"
    bench.halt.go_on.set()
    settled(bench.service, "describe_solution_version", "solutionVersion", solutionVersionArn=arn)
    until(lambda: len(parts()) == 1)


def test_progress_of_a_training_is_told(bench: Bench) -> None:
    bench.start_import("a")
    arn = bench.start_training()
    bench.engine.start_worker()
    first = until(lambda: bench.engine.progress(arn))
    bench.engine.stop(finish=True)
    assert first
    assert (first.unit, first.total) == ("steps", STEPS)
    assert bench.engine.progress(arn) == Progress("steps", STEPS, STEPS)


def test_a_training_that_is_stopped_leaves_nothing(bench: Bench) -> None:
    bench.halt.step = 3
    bench.start_import("a")
    arn = bench.start_training()
    bench.engine.start_worker()
    until(lambda: _steps(bench))
    bench.service.call("stop_solution_version_creation", solutionVersionArn=arn)
    assert bench.version(arn)["status"] == "CREATE STOPPING"
    done = settled(bench.service, "describe_solution_version", "solutionVersion", solutionVersionArn=arn)
    assert done["status"] == "CREATE STOPPED"
    bench.engine.stop()
    assert len(_steps(bench)) < STEPS
    assert not [name for name in bench.files() if not name.startswith("datasets/")]


def test_closing_puts_a_training_back_and_the_next_worker_goes_on(bench: Bench) -> None:
    bench.halt.step = 10
    bench.start_import("a")
    arn = bench.start_training()
    bench.engine.start_worker()
    until(lambda: len(_steps(bench)) > 3)
    bench.reopen()
    before = _steps(bench)
    assert bench.version(arn)["status"] == "CREATE IN_PROGRESS"
    bench.halt.go_on.set()
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    assert bench.version(arn)["status"] == "ACTIVE"
    assert before == list(range(1, len(before) + 1))
    assert _steps(bench) == list(range(1, STEPS + 1))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (training.TrainingFailed("Dataset has fewer than 25 users"), "Dataset has fewer than 25 users"),
        (RuntimeError("boom"), "Internal error in the built-in engine: RuntimeError: boom"),
    ],
)
def test_a_failing_training_says_why(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    def fail(*_: object, **__: object) -> dict[str, float]:
        raise error

    monkeypatch.setattr(training, "train", fail)
    bench.start_import("a")
    arn = bench.start_training()
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    found = bench.version(arn)
    assert (found["status"], found["failureReason"]) == ("CREATE FAILED", reason)
    assert not [name for name in bench.files() if name.startswith("staging/")]


def test_nothing_is_deleted_under_a_running_job(bench: Bench) -> None:
    bench.start_import("a")
    for operation, key, arn in (
        ("delete_dataset", "datasetArn", bench.dataset),
        ("delete_dataset_group", "datasetGroupArn", bench.group),
    ):
        assert bench.service.refused(operation, **{key: arn})[0] == "ResourceInUseException"


def test_data_in_use_stays_while_a_training_runs(bench: Bench) -> None:
    bench.halt.step = 3
    bench.start_import("a")
    bench.start_training()
    bench.engine.start_worker()
    until(lambda: _steps(bench))
    (old,) = [name for name in bench.files() if name.startswith("datasets/")]
    arn = bench.start_import("b", 1500)
    settled(bench.service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn)
    assert old in bench.files()
    bench.halt.go_on.set()
    bench.engine.stop(finish=True)
    bench.reopen()
    bench.engine.start_worker()
    assert old not in bench.files()
    assert bench.rows() == 1500


def test_a_job_is_claimed_once(bench: Bench) -> None:
    for number in range(8):
        bench.service.call("create_solution_version", solutionArn=bench.solution, name=f"v{number}")
    engines = [Engine(bench.folder) for _ in range(4)]
    claimed: list[int] = []

    def claim(engine: Engine) -> None:
        while job := queue.claim(engine._context.store, ("train",)):
            claimed.append(job.id)

    threads = [threading.Thread(target=claim, args=(engine,)) for engine in engines]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(set(claimed))
    assert len(claimed) == 8
    for engine in engines:
        engine.close()


def test_a_silent_owner_loses_its_job(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    store = bench.engine._context.store
    bench.start_training()
    first = queue.claim(store, ("train",))
    assert first
    assert queue.claim(store, ("train",)) is None
    assert queue.beat(store, first, None) is False
    monkeypatch.setattr(queue, "SILENCE", -1.0)
    second = queue.claim(store, ("train",))
    assert second
    assert (second.id, second.attempts) == (first.id, 2)
    with pytest.raises(queue.JobLost):
        queue.beat(store, first, None)
    with pytest.raises(queue.JobLost), store.write() as tx:
        queue.finish(tx, first)
    with store.write() as tx:
        queue.finish(tx, second)


def _die(bench: Bench, *, done: float | None = None, seconds: float = 0.0) -> None:
    """As if a process had claimed the training, told that it was so far, and been killed that much later."""
    job = queue.claim(bench.engine._context.store, ("train",))
    assert job
    queue.beat(bench.engine._context.store, job, None if done is None else Progress("steps", done, STEPS))
    with bench.engine._context.store.write() as tx:
        tx.connection.execute(
            "UPDATE jobs SET pid = 1, started = '0', heartbeat = claimed + ? WHERE id = ?", (seconds, job.id)
        )


def _finished(bench: Bench, arn: str) -> dict[str, Any]:
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    return bench.version(arn)


def _waiting(bench: Bench) -> str:
    """A training that nobody has begun, of data that is there."""
    bench.start_import("a")
    bench.engine.start_worker()
    bench.engine.stop(finish=True)
    return bench.start_training()


def test_a_training_that_kills_its_processes_fails_in_the_end(bench: Bench) -> None:
    arn = _waiting(bench)
    for _ in range(queue.MAX_DEATHS):
        _die(bench, done=7)
    found = _finished(bench, arn)
    assert found["status"] == "CREATE FAILED"
    assert "died 3 times" in found["failureReason"]
    assert not _steps(bench), "it was not begun again"


def test_deaths_do_not_count_while_it_gets_further_or_is_stopped(bench: Bench) -> None:
    arn = _waiting(bench)
    for done in range(5):
        _die(bench, done=done + 1)
    _die(bench)
    for _ in range(3):
        job = queue.claim(bench.engine._context.store, ("train",))
        assert job
        queue.release(bench.engine._context.store, job)
    assert _finished(bench, arn)["status"] == "ACTIVE"


def test_the_hours_of_a_training_are_those_of_all_attempts(bench: Bench) -> None:
    arn = _waiting(bench)
    _die(bench, done=1, seconds=7200)
    job = queue.claim(bench.engine._context.store, ("train",))
    assert job
    assert job.worked == pytest.approx(7200)
    with bench.engine._context.store.write() as tx:
        tx.connection.execute("UPDATE jobs SET claimed = claimed - 3600 WHERE id = ?", (job.id,))
    queue.release(bench.engine._context.store, job)
    assert _finished(bench, arn)["trainingHours"] == pytest.approx(3, abs=0.01)
