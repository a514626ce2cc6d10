from __future__ import annotations

from pathlib import Path

import pytest

from pzdecl.errors import Diagnostic, Position
from pzdecl.views import diagnostics

SOURCE = "kind: Solution\nspec:\n  hiden_dimension: 43\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "solutions.yaml").write_text(SOURCE)
    return tmp_path


WRONG = Diagnostic(
    "PZ3001",
    "unknown field hiden_dimension",
    Position("solutions.yaml", 3, 3),
    address="Solution/movies",
    field="spec.hiden_dimension",
    expected="a field of Solution",
    suggestion="hidden_dimension",
    hint="remove it",
)


def test_text_shows_the_line_with_a_caret_and_every_fact(root: Path) -> None:
    assert diagnostics.render([WRONG], root) == (
        "error PZ3001: unknown field hiden_dimension\n"
        "  --> solutions.yaml:3:3\n"
        "  |\n"
        "3 |   hiden_dimension: 43\n"
        "  |   ^^^^^^^^^^^^^^^\n"
        "  = resource: Solution/movies\n"
        "  = field: spec.hiden_dimension\n"
        "  = expected: a field of Solution\n"
        "  = did you mean: hidden_dimension\n"
        "  = hint: remove it\n\n"
    )


def test_json_has_terraforms_keys(root: Path) -> None:
    found = diagnostics.document([WRONG], root)
    assert (found["valid"], found["error_count"], found["warning_count"]) == (False, 1, 0)
    (one,) = found["diagnostics"]
    assert one["range"] == {
        "filename": "solutions.yaml",
        "start": {"line": 3, "column": 3, "byte": 23},
        "end": {"line": 3, "column": 18, "byte": 38},
    }
    assert SOURCE.encode()[23:38] == b"hiden_dimension"
    assert one["snippet"]["code"] == "  hiden_dimension: 43"
    assert one["suggestion"] == "hidden_dimension"
    assert diagnostics.document([], root)["valid"] is True


@pytest.mark.parametrize(
    "position",
    [
        Position("gone.yaml", 1),
        Position("solutions.yaml", 99),
        Position("solutions.yaml", 1, 500),
        Position("solutions.yaml", 4, 1),
        Position("binary.yaml", 1, 2),
        Position("long.yaml", 1, 5000),
    ],
)
def test_places_that_are_not_there_are_still_named(root: Path, position: Position) -> None:
    (root / "binary.yaml").write_bytes(b"\xff\xfe\x00\n")
    (root / "long.yaml").write_text("x" * 10_000)
    text = diagnostics.render([Diagnostic("PZ1", "wrong", position)], root)
    assert f"--> {position}" in text
    assert max(map(len, text.splitlines())) < 300
    diagnostics.document([Diagnostic("PZ1", "wrong", position)], root)


def test_annotations_name_the_file(root: Path) -> None:
    assert diagnostics.workflow([WRONG]).startswith(
        "::error file=solutions.yaml,line=3,col=3,title=PZ3001 Solution/movies::unknown field"
    )
