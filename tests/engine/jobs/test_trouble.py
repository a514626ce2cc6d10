"""A database that cannot be written: whoever waits for a job is told, and need not wait for ever."""

from __future__ import annotations

import errno
import sqlite3
import threading
from pathlib import Path

import pytest

from pzdecl.engine.engine import Engine
from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.jobs import importing, queue, worker
from pzdecl.engine.store.store import EngineFolderError
from tests.contract.clients import settled
from tests.engine.jobs.conftest import Bench
from tests.waiting import until


def test_lasting_trouble_is_told_and_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = [True]
    claim = queue.claim

    def stubborn(*arguments: object) -> object:
        if full[0]:
            raise EngineFolderError("engine.db can't be written: database or disk is full")
        return claim(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "claim", stubborn)
    monkeypatch.setattr(worker, "GRACE", 0.1)
    with Engine(tmp_path / "engine") as engine:
        group = engine.client().create_dataset_group(name="movies")["datasetGroupArn"]
        engine.start_worker()

        def told() -> bool:
            try:
                engine.client().describe_dataset_group(datasetGroupArn=group)
            except UnavailableException as error:
                return "disk is full" in str(error)
            return False

        until(told)
        full[0] = False
        until(lambda: not told())


def test_an_internal_error_ends_no_lane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    claim, broken = queue.claim, threading.Event()

    def breaking(*arguments: object) -> object:
        if not broken.is_set():
            broken.set()
            raise KeyError("nobody thought of this")
        return claim(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(queue, "claim", breaking)
    with Engine(tmp_path / "engine") as engine:
        engine.client().create_dataset_group(name="movies")
        engine.start_worker(scheduled=False)
        lanes = engine._worker._threads  # type: ignore[union-attr]
        until(broken.is_set)
        until(lambda: "nobody thought of this" in caplog.text)
        assert all(lane.is_alive() for lane in lanes)


def test_finding_nothing_to_claim_is_no_sign_that_writing_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The outcome of a job could not be written, so it is nobody's: looking at the queue does not mend that."""
    monkeypatch.setattr(worker, "GRACE", 0.0)
    with Engine(tmp_path / "engine") as engine:
        idle = worker.Worker(engine._context)
        with idle._noticing("run", ("import",)):
            raise EngineFolderError("disk full")
        with idle._noticing("claim", ("import",)):
            pass
        assert idle.trouble() == "disk full"
        with idle._noticing("run", ("import",)):
            pass
        assert idle.trouble() is None


@pytest.mark.parametrize(
    ("error", "message", "hint"),
    [
        ("database or disk is full", "can't be written", "disk space"),
        ("attempt to write a readonly database", "can't be written", "writable"),
        ("file is not a database", "can't be read", "backup"),
    ],
)
def test_a_full_disk_is_no_reason_to_remove_the_engine(
    tmp_path: Path, error: str, message: str, hint: str
) -> None:
    with Engine(tmp_path / "engine") as engine:
        found = engine._context.store._unusable(sqlite3.OperationalError(error))
    assert isinstance(found, EngineFolderError)
    assert message in found.message
    assert hint in str(found.hint)
    assert ("remove" in str(found.hint)) == ("backup" in hint)


def test_what_a_job_wrote_makes_room_for_telling_that_it_failed(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The failure can't be written down while the job's own files fill the disk."""
    finish = queue.finish

    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    def finishing(*arguments: object, **more: object) -> None:
        if any((bench.folder / "staging").iterdir()):
            raise EngineFolderError("engine.db can't be written: database or disk is full")
        finish(*arguments, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(importing, "readers", full)
    monkeypatch.setattr(queue, "finish", finishing)
    bench.engine.start_worker()
    arn = bench.start_import("a")
    done = settled(bench.service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn)
    assert done["status"] == "CREATE FAILED"
    assert "no room for the data" in str(done["failureReason"])


def test_a_full_disk_is_told_apart_from_a_service_that_is_silent_for_a_while(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker.Worker, "trouble", lambda _: "engine.db can't be written: disk is full")
    bench.engine.start_worker()
    with pytest.raises(UnavailableException) as caught:
        bench.service.call("describe_dataset", datasetArn=bench.dataset)
    assert caught.value.lasting


def test_a_disk_that_fills_up_while_importing_is_called_so(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> object:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(importing, "readers", full)
    bench.engine.start_worker()
    arn = bench.start_import("a")
    done = settled(bench.service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn)
    assert "no room for the data: No space left on device" in str(done["failureReason"])


def test_a_folder_that_may_not_be_looked_through_is_told_and_can_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever runs the tests may read everything, so the folder refuses by itself."""

    def refused(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "engine/models")

    with Engine(tmp_path / "engine") as engine:
        engine.client("personalize").create_dataset_group(name="movies")
        with monkeypatch.context() as patch:
            patch.setattr("pzdecl.engine.jobs.worker.sweep", refused)
            with pytest.raises(
                EngineFolderError, match="engine/models can't be used: Permission denied"
            ) as told:
                engine.start_worker()
        assert "mode and owner" in str(told.value.hint)
        engine.stop()  # nothing had begun
        engine.start_worker()
        assert engine._worker is not None
