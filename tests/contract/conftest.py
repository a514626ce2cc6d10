"""The targets that the contract is checked on. A further one is a further parameter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.contract.clients import InProcess, Service
from tests.contract.served import Served
from tests.engine.http.running import Running, running

TARGETS = ["in-process", "served"]


@pytest.fixture(autouse=True)
def _without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about power failures: not waiting for the disk makes the suite several times quicker."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """One server for all tests; each puts its own engine behind it."""
    folder = tmp_path_factory.mktemp("served")
    with Engine(folder / "none") as engine, running(engine, roots=(folder.parent,)) as server:
        yield server


def _service(target: str, engine: Engine, request: pytest.FixtureRequest) -> Service:
    if target == "in-process":
        return InProcess(engine)
    server: Running = request.getfixturevalue("server")
    server.gateway.engine = engine
    return Served(engine, server)


@pytest.fixture(params=TARGETS)
def service(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """An empty service with nothing running in the background."""
    with Engine(tmp_path / "engine") as engine:
        yield _service(request.param, engine, request)


@pytest.fixture(params=TARGETS)
def working(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Service]:
    """An empty service whose jobs are run."""
    with Engine(tmp_path / "engine") as engine:
        engine.start_worker()
        yield _service(request.param, engine, request)
