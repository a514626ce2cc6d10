from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.state import SqliteState, open_state


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "default.db"


@pytest.fixture
def state(path: Path) -> Iterator[SqliteState]:
    """A new state, locked."""
    with open_state(path, create=True) as opened, opened.lock(command="test"):
        yield opened
