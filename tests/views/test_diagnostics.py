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


def cells(count: int, column: str = "TIMESTAMP") -> list[Diagnostic]:
    """A column that is wrong in each of the first rows; the last one says that there may be more."""
    return [
        Diagnostic(
            "PZ7003",
            f"{column} is {line}000",
            Position("a.csv", line, 1),
            field=column,
            expected="seconds",
            hint="there may be more" if line == count + 1 else None,
        )
        for line in range(2, count + 2)
    ]


def test_a_column_that_is_wrong_all_the_way_down_is_told_in_short(root: Path) -> None:
    text = diagnostics.render(cells(20), root)
    assert text.count("error PZ7003: TIMESTAMP is") == 3
    assert text.endswith(
        f"error PZ7003: 17 more like these, in lines {', '.join(str(line) for line in range(5, 22))}\n"
        "  = hint: there may be more\n\n"
    )
    assert len(diagnostics.document(cells(20), root)["diagnostics"]) == 20, "programs get all"


def test_what_is_wrong_in_few_rows_or_different_ways_is_told_in_full(root: Path) -> None:
    assert diagnostics.render(cells(4), root).count("TIMESTAMP is") == 4
    mixed = [one for pair in zip(cells(9), cells(9, "PRICE"), strict=True) for one in pair]
    assert "more like these" not in diagnostics.render(mixed, root)
    assert diagnostics.render([WRONG] * 5, root).count("error PZ3001") == 5
