"""What is served is in memory before the first request."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.serving import served
from pzdecl.engine.serving.served import ServedModel
from tests.bench.loaded import write_random
from tests.bench.serving import deployed
from tests.engine.http.running import running
from tests.waiting import PATIENCE

LOAD = ServedModel.load


@pytest.fixture
def campaign(tmp_path: Path) -> tuple[str, str]:
    """Campaign and user of a small model that was never trained."""
    folder = tmp_path / "engine"
    arn, users = deployed(folder, lambda model: write_random(model, users=3, items=40, hidden=8))
    return arn, users[1]


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The threads that load models."""
    threads: list[str] = []

    def load(folder: Path, update: str | None = None) -> ServedModel:
        threads.append(threading.current_thread().name)
        return LOAD(folder, update)

    monkeypatch.setattr(ServedModel, "load", load)
    return threads


def _ask(engine: Engine, campaign: tuple[str, str]) -> dict[str, Any]:
    return engine.call("get_recommendations", {"campaignArn": campaign[0], "userId": campaign[1]})


def test_a_request_finds_the_model_loaded(
    tmp_path: Path, campaign: tuple[str, str], loaded: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(served, "BLOCK", 1000)  # of which even a small model has several
    with Engine(tmp_path / "engine") as engine:
        engine.prepare(wait=True)
        assert loaded == ["pzdecl-prepare"]
        assert len(_ask(engine, campaign)["itemList"]) == 25
        engine.prepare(wait=True)
    assert loaded == ["pzdecl-prepare"]


def test_a_server_prepares_when_it_starts(tmp_path: Path, campaign: tuple[str, str], loaded: list[str]) -> None:
    with Engine(tmp_path / "engine") as engine:
        with running(engine):
            pass  # its end waits for what is being loaded
        assert loaded == ["pzdecl-prepare"] * len(loaded)
        engine.prepare(wait=True)
        assert loaded == ["pzdecl-prepare"]


def test_a_model_that_can_not_be_loaded_is_told(
    tmp_path: Path, campaign: tuple[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    with Engine(tmp_path / "engine") as engine:
        version = engine.call("describe_campaign", {"campaignArn": campaign[0]})["campaign"]
        (model_folder(engine.folder, version["solutionVersionArn"]) / "model.safetensors").write_bytes(b"")
        engine.prepare(wait=True)
    assert "can't be loaded" in caplog.text


def test_stopping_does_not_wait_for_the_rest(
    tmp_path: Path, campaign: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go, ended = threading.Event(), threading.Event(), threading.Event()
    prepare = ServedModel.prepare

    def slow(model: ServedModel, check: Any) -> None:
        begun.set()
        assert go.wait(PATIENCE)
        try:
            prepare(model, check)
        except BaseException:
            ended.set()
            raise

    monkeypatch.setattr(ServedModel, "prepare", slow)
    engine = Engine(tmp_path / "engine")
    engine.prepare()
    assert begun.wait(PATIENCE)
    stopping = threading.Thread(target=engine.close)
    stopping.start()
    assert engine._leave.wait(PATIENCE)
    go.set()
    stopping.join()
    assert ended.is_set()


def test_where_no_engine_is_nothing_is_made(tmp_path: Path) -> None:
    with Engine(tmp_path / "engine") as engine:
        engine.prepare(wait=True)
    assert not (tmp_path / "engine").exists()
