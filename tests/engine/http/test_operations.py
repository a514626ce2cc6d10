"""The page of operations is generated, and current."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.engine.api import operation
from pzdecl.engine.http import operations
from pzdecl.engine.http.routing import routes

PAGE = Path(__file__).parents[3] / "docs/reference/operations.md"


def test_the_page_is_current() -> None:
    assert operations.main(["--check", str(PAGE)]) == 0


def test_the_page_has_every_operation() -> None:
    rows = [line for line in operations.page().splitlines() if line.startswith("| `")]
    assert len(rows) == len(routes())
    performed = [found for found in operation.load().values() if found.performed]
    assert sum("| yes |" in row for row in rows) == len(performed)
    assert len(performed) > 60


def test_a_page_that_is_not_current_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "docs" / "operations.md"
    assert operations.main(["--check", str(page)]) == 1
    assert "make schemas" in capsys.readouterr().err
    assert operations.main([str(page)]) == 0
    assert operations.main(["--check", str(page)]) == 0
    page.write_text(page.read_text().replace("| yes |", "| not yet |", 1))
    assert operations.main(["--check", str(page)]) == 1
