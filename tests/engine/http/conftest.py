from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.engine.http.running import Running, Wire, running


@pytest.fixture(autouse=True)
def _without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about power failures."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    with Engine(tmp_path / "engine") as engine:
        yield engine


@pytest.fixture
def server(engine: Engine) -> Iterator[Running]:
    with running(engine) as server:
        yield server


@pytest.fixture
def wire(server: Running) -> Iterator[Wire]:
    wire = Wire(server)
    yield wire
    wire.close()


@pytest.fixture(scope="session")
def common(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wire]:
    """A server for the requests that leave nothing behind."""
    with Engine(tmp_path_factory.mktemp("common") / "engine") as engine, running(engine) as server:
        wire = Wire(server)
        yield wire
        wire.close()
