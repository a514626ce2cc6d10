"""The page for users of Terraform: its tests are there, its commands and options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pzdecl.cli.app import COMMANDS, command

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "terraform.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:30])
def test_a_row_names_a_test_and_what_it_shows_exists(row: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", row)
    assert any("tests/" in link for link in links)
    for link in links:
        assert (DOCS / link).exists(), link
    for text in re.findall(r"`pzdecl ([^`]+)`", row):
        words = [word for word in text.split() if word not in ("-e", "prod", "dev")]
        assert words[0] in COMMANDS
        known = {option for parameter in command(words[0]).params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", text)) <= known, text
