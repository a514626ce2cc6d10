from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.state import open_state
from tests.apply.plans import Bench


@pytest.fixture(scope="session")
def newborn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty state file: a copy is quicker than a birth."""
    path = tmp_path_factory.mktemp("newborn") / "state.db"
    open_state(path, create=True).close()
    return path


@pytest.fixture
def bench(tmp_path: Path, newborn: Path) -> Iterator[Bench]:
    shutil.copy(newborn, tmp_path / "state.db")
    made = Bench(tmp_path)
    yield made
    made.state.close()
