"""The project files of the page on state are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pzdecl.manifests import load
from tests.manifests.projects import GROUP

PAGE = (Path(__file__).parents[2] / "docs" / "state.md").read_text()
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS)
def test_an_example_is_a_project_file(block: str, tmp_path: Path) -> None:
    (tmp_path / "pzdecl.yaml").write_text(block)
    (tmp_path / "m.yaml").write_text(GROUP)
    found = load(tmp_path, environment="prod" if "prod:" in block else None).state
    assert found.type == (re.search(r"type: (\w+)", block) or ["", "file"])[1]
    if "prod:" in block:
        assert "pzdecl/movies/prod" in (found.schema, found.key)
