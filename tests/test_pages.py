"""The pages: what they link to is there, their commands and options exist, their examples are valid."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pzdecl.cli.app import COMMANDS, command
from pzdecl.errors import InvalidProject
from pzdecl.manifests import load
from tests.manifests.projects import DATASET, GROUP, IMPORT, SCHEMA

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


MANIFESTS = (DOCS / "manifests.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", MANIFESTS, re.DOTALL)
AROUND = {
    "Campaign/movies": "kind: Campaign\nmetadata: {name: movies}\nspec: {solution: movies-hrnn}\n",
    "Solution/movies-hrnn": "kind: Solution\nmetadata: {name: movies-hrnn}\n"
    "spec: {datasetGroup: movies, recipe: aws-hrnn}\n",
}
"""What examples speak of, where they do not declare it themselves."""


@pytest.mark.parametrize("block", EXAMPLES, ids=lambda block: block.splitlines()[0])
def test_the_examples_of_manifests_are_valid(block: str, tmp_path: Path) -> None:
    project = block.startswith("# pzdecl.yaml")
    variables = "variables: {live: {type: boolean, default: true}}\n"
    (tmp_path / "pzdecl.yaml").write_text(block if project else f"name: movies\n{variables}")
    manifests = [GROUP, SCHEMA, DATASET, IMPORT.replace("name: interactions}", "name: movies}")]
    for address, text in AROUND.items():
        kind, name = address.split("/")
        if project or not re.search(rf"^kind: {kind}\nmetadata:\s+\{{?name: {name}\b", block, re.MULTILINE):
            manifests.append(f"apiVersion: pzdecl/v1\n{text}")
    (tmp_path / "around.yaml").write_text("---\n".join(manifests))
    (tmp_path / "interactions.csv").write_text("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n")
    if not project:
        (tmp_path / "example.yaml").write_text(block)
    assert load(tmp_path).resources
    if "prod:" in block:
        with pytest.raises(InvalidProject) as raised:
            load(tmp_path, environment="prod")
        # Amazon Personalize reads no files of this machine; everything else is as it should be.
        assert {error.code for error in raised.value.diagnostics} == {"PZ5005"}


def test_the_index_names_every_page() -> None:
    index = (DOCS / "README.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)#]+\.md)", index))
    pages = {page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md")}
    assert {page for page in pages if not page.startswith("decisions/")} - {"README.md"} <= linked
    assert all((DOCS / link).exists() for link in linked)
    decisions = (DOCS / "decisions" / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\]\(([^)#]+\.md)", decisions))
    assert named == {page.name for page in (DOCS / "decisions").glob("*.md")} - {"README.md"}


PAGES = [
    page
    for place in ("README.md", "docs/**/*.md", "examples/**/*.md")
    for page in sorted(DOCS.parent.glob(place))
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS.parent).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, heading = link.partition("#")
        if "://" in link:
            continue
        target = page.parent / file if file else page
        assert target.exists(), link
        if heading and target.suffix == ".md":
            text = target.read_text(encoding="utf-8")
            titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}, (
                link
            )


def test_commands_of_the_pages_exist() -> None:
    """Every `pzdecl COMMAND` in README and docs names a command that there is."""
    for page in (DOCS.parent / "README.md", *DOCS.rglob("*.md")):
        text = page.read_text(encoding="utf-8")
        for word in re.findall(r"(?:`|^\$ |^)pzdecl (?:-[Ce] \S+ )*([a-z]+)\b", text, re.MULTILINE):
            assert word in COMMANDS or word in ("does", "is", "goes", "may"), f"{page.name}: pzdecl {word}"
