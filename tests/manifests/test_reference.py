"""The reference of fields is generated, and whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.kinds import KINDS
from pzdecl.manifests import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fields.md"


def test_the_page_is_current() -> None:
    assert reference.main(["--check", str(PAGE)]) == 0, "run `make schemas`"


def test_a_page_that_is_not_current_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "fields.md"
    assert reference.main(["--check", str(page)]) == 1
    assert "make schemas" in capsys.readouterr().err
    assert reference.main([str(page)]) == 0
    assert reference.main(["--check", str(page)]) == 0


def test_every_field_is_there_and_says_what_it_is() -> None:
    page = reference.page()
    for kind in KINDS.values():
        if not kind.declared:
            continue
        section = page.partition(f"## {kind.name}\n")[2].partition("\n## ")[0]
        for name, info in kind.spec.model_fields.items():
            shown = f"`{info.alias or name}`"
            assert f"| {f'**{shown}**' if info.is_required() else shown} |" in section
    rows = [line for line in page.splitlines() if line.startswith(("| `", "| **`"))]
    assert not [row for row in rows if row.endswith("|  |")], "fields without a description"


def test_what_stands_in_two_places_is_shown_once() -> None:
    page = reference.page()
    assert "| `provider.quotas` |" in page
    assert "environments.NAME.provider.quotas" not in page
    assert "Fields as those of `provider`." in page
