"""The targets that the contract is checked on. A further one is a further parameter."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.contract.clients import InProcess, Service

TARGETS = ["in-process"]


@pytest.fixture(autouse=True)
def _without_flushing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing here is about power failures: not waiting for the disk makes the suite several times quicker."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")


@pytest.fixture(params=TARGETS)
def service(tmp_path: Path) -> Iterator[Service]:
    """An empty service with nothing running in the background."""
    with Engine(tmp_path / "engine") as engine:
        yield InProcess(engine)


@pytest.fixture(params=TARGETS)
def working(tmp_path: Path) -> Iterator[Service]:
    """An empty service whose jobs are run."""
    with Engine(tmp_path / "engine") as engine:
        engine.start_worker()
        yield InProcess(engine)
