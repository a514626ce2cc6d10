from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.workbench import Workbench


@pytest.fixture
def fresh(tmp_path: Path) -> Workbench:
    """A project that was never applied."""
    return Workbench.new(tmp_path / "shop")


@pytest.fixture(scope="session")
def applied_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    workbench = Workbench.new(tmp_path_factory.mktemp("applied") / "shop")
    workbench.apply()
    return workbench.root


@pytest.fixture
def applied(applied_once: Path, tmp_path: Path) -> Workbench:
    """A project that was applied, in a folder of its own: nothing it holds depends on where it lies."""
    return Workbench(shutil.copytree(applied_once, tmp_path / "shop"))
