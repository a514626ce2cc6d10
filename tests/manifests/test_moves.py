"""moved and removed documents."""

from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.kinds.address import Address
from pzdecl.manifests import load
from tests.manifests.projects import EVERYTHING, GROUP, errors, write

HEAD = "apiVersion: pzdecl/v1\n"


def everything(tmp_path: Path, more: str) -> Path:
    return write(tmp_path, {"m.yaml": "---\n".join([*EVERYTHING, more]), "interactions.csv": "USER_ID\n"})


def test_moves_are_followed_and_take_a_solutions_training_along(tmp_path: Path) -> None:
    text = (
        f"{HEAD}moved:\n  - {{from: Solution/a, to: Solution/b}}\n  - {{from: Solution/b, to: Solution/hrnn}}\n"
        "removed:\n  - {address: Campaign/old}\n  - {address: Solution/old, destroy: true}\n"
    )
    project = load(everything(tmp_path, text))
    assert {str(a): str(b) for a, b in project.moved.items()} == {
        "Solution/a": "Solution/hrnn",
        "SolutionVersion/a": "SolutionVersion/hrnn",
        "Solution/b": "Solution/hrnn",
        "SolutionVersion/b": "SolutionVersion/hrnn",
    }
    assert not project.removed[Address("Campaign", "old")].destroy
    assert project.removed[Address("SolutionVersion", "old")].destroy
    assert project.removed[Address("Campaign", "old")].position.file == "m.yaml"


@pytest.mark.parametrize(
    ("entry", "text"),
    [
        ("moved:\n  - {from: DatasetGroup/movies, to: DatasetGroup/movies}\n", "cannot become"),
        ("moved:\n  - {from: DatasetGroup/a, to: Schema/b}\n", "cannot become Schema/b"),
        ("moved:\n  - {from: DatasetGroup/a, to: DatasetGroup/movie}\n", "DatasetGroup/movie is not declared"),
        ("moved:\n  - {from: DatasetGrop/a, to: DatasetGroup/movies}\n", "no kind DatasetGrop"),
        ("moved:\n  - {from: a, to: DatasetGroup/movies}\n", "is not an address"),
        ("moved:\n  - {from: SolutionVersion/a, to: SolutionVersion/b}\n", "no kind SolutionVersion"),
        ("moved:\n  - {frm: DatasetGroup/a, to: DatasetGroup/movies}\n", "no field frm"),
        (
            "moved:\n" + "  - {from: DatasetGroup/a, to: DatasetGroup/movies}\n" * 2,
            "DatasetGroup/a is moved twice",
        ),
        ("removed:\n  - {address: DatasetGroup/movies}\n", "is removed, and still declared"),
        ("moved: {}\n", "moved is"),
        ("moved: []\nspec: {}\n", "no field spec"),
    ],
)
def test_what_is_wrong_is_told(entry: str, text: str, tmp_path: Path) -> None:
    found = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{HEAD}{entry}"}))
    assert any(text in one.summary for one in found), [one.summary for one in found]
    assert all(one.position and one.position.line > 3 for one in found)


def test_a_move_of_what_is_still_declared_is_refused(tmp_path: Path) -> None:
    second = GROUP.replace("movies", "films")
    entry = f"{HEAD}moved:\n  - {{from: DatasetGroup/movies, to: DatasetGroup/films}}\n"
    [found] = errors(write(tmp_path, {"m.yaml": f"{GROUP}---\n{second}---\n{entry}"}))
    assert found.code == "PZ4007"
    assert "still declared" in found.summary
