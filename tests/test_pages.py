"""The page for users of Terraform: its tests are there, its commands and options exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pzdecl.cli.app import COMMANDS, command
from pzdecl.errors import InvalidProject
from pzdecl.manifests import load

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "terraform.md").read_text(encoding="utf-8")
ROWS = [line for line in PAGE.splitlines() if line.startswith("| ")][2:]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:30])
def test_a_row_names_a_test_that_is_there_and_what_it_shows_exists(row: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", row)
    for link in links:
        file, _, _ = link.partition("#")
        assert (DOCS / file).exists(), link
    tests = [link.partition("#") for link in links if "tests/" in link]
    assert tests
    for file, _, name in tests:
        assert name.startswith("test_")
        assert re.search(rf"^def {name}\(", (DOCS / file).read_text("utf-8"), re.MULTILINE), f"{file}: {name}"
    for text in re.findall(r"`pzdecl ([^`]+)`", row):
        words = [word for word in text.split() if word not in ("-e", "prod", "dev")]
        assert words[0] in COMMANDS
        known = {option for parameter in command(words[0]).params for option in parameter.opts}
        assert set(re.findall(r"--[a-z-]+", text)) <= known, text


def test_its_manifest_is_one(tmp_path: Path) -> None:
    """The example of `retrainOn` fits what editors are told, and what manifests are."""
    [block] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    (tmp_path / "pzdecl.yaml").write_text("name: movies\n")
    (tmp_path / "solution.yaml").write_text(block)
    with pytest.raises(InvalidProject) as raised:
        load(tmp_path)
    # What it names is not beside it, and that is all that is wrong.
    assert {error.code for error in raised.value.diagnostics} == {"PZ4001"}


def test_its_commands_are_there() -> None:
    [block] = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines():
        words = line.split()
        known = {option for parameter in command(words[1]).params for option in parameter.opts}
        assert words[0] == "pzdecl"
        assert set(words[2:]) <= known
