"""What is wrong with a CSV file, as diagnostics: in plain words, at the very cell."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pzdecl.errors import Diagnostic, Position
from pzdecl.manifests.model import Desired, Project

MIN_INTERACTIONS = 1000
LOCATION = "spec.dataSource.dataLocation"
LIMIT = 20
"""Problems after which reading stops."""

Problem = Sequence[Any]
"""A CsvProblem as a list: file, line, number of the field, name of the field, message, expected."""
Cell = tuple[int, int]
"""The line on which a record begins, and the number of a field in it, both from 1."""
_MISSING = "missing the following columns"


def diagnostics(project: Project, desired: Desired, problems: Sequence[Problem]) -> list[Diagnostic]:
    """The problems of an import's data. One without a line has its place where the manifest names the file."""
    places: dict[str | None, Mapping[Cell, Cell]] = {}
    for file in {problem[0] for problem in problems}:
        cells = {(line, column or 1) for name, line, column, *_ in problems if name == file and line}
        places[file] = locate(_path(desired, file), cells) if cells else {}
    found = [_diagnostic(project, desired, problem, places[problem[0]]) for problem in _plain(problems)]
    if len(problems) >= LIMIT:
        last = found[-1]
        hint = f"reading stopped after {LIMIT} problems: there may be more"
        found[-1] = Diagnostic(
            last.code,
            last.summary,
            last.position,
            last.address,
            last.field,
            last.expected,
            last.suggestion,
            hint,
        )
    return found


def _plain(problems: Sequence[Problem]) -> Iterator[Problem]:
    """The problems in plain words, without those that only follow from another one."""
    headless = _headless(problems)
    unclosed = {problem[0] for problem in problems if "never closed" in problem[4]}
    for file, line, column, field, message, expected in problems:
        if line == 1 and _MISSING in message:
            names = message.partition("[")[2].partition("]")[0]
            several = "columns" if "," in names else "column"
            yield [file, line, column, field, f"the header lacks the {several} {names}", expected]
        elif not (field and line == 1 and file in headless) and not (
            file in unclosed and message.startswith("the row has")
        ):
            yield [file, line, column, field, message, expected]


def _headless(problems: Sequence[Problem]) -> set[str | None]:
    """Files whose first line has no wanted name, nor one near it: there is no header, or no commas in it."""
    found = set()
    for file in {problem[0] for problem in problems}:
        first = [problem for problem in problems if problem[0] == file and problem[1] == 1]
        lacks = next((problem for problem in first if _MISSING in problem[4]), None)
        near = any("did you mean" in problem[5] for problem in first)
        if lacks and not near and lacks[4].count(",") == lacks[5].count(","):
            found.add(file)
    return found


def _diagnostic(
    project: Project, desired: Desired, problem: Problem, places: Mapping[Cell, Cell]
) -> Diagnostic:
    file, line, column, field, message, expected = problem
    path = _path(desired, file)
    cell = places.get((line, column or 1), (line, 1)) if line else None
    position = Position(shown(path, project.root), *cell) if cell else at(desired, LOCATION)
    if "the header lacks" in message or (field and line == 1):
        code = "PZ7002"
    elif f"fewer than {MIN_INTERACTIONS}" in message:
        code = "PZ7005"
    else:
        code = "PZ7003" if field and line else "PZ7004"
    hint = None if line else f"the data is {shown(path, project.root)}"
    if "the header lacks" in message:
        hint = "the first line names the columns, with commas between them"
    wanted, _, near = expected.partition("; did you mean ")
    return Diagnostic(
        code, message, position, str(desired.address), field or LOCATION, wanted, near.rstrip("?") or None, hint
    )


def locate(path: Path, cells: Collection[Cell]) -> dict[Cell, Cell]:
    """Line and column, in characters, at which fields begin. Those that cannot be found are left out."""
    found: dict[Cell, Cell] = {}
    wanted: dict[int, list[int]] = {}
    for line, number in cells:
        wanted.setdefault(line, []).append(number)
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            lines = enumerate(file, 1)
            for line, text in lines:
                if line > max(wanted):
                    break
                if line in wanted:
                    starts = _starts(line, text, lines, max(wanted[line]))
                    found |= {(line, n): starts[n - 1] for n in wanted[line] if n <= len(starts)}
    except OSError:
        return found
    return found


def _starts(line: int, text: str, lines: Iterator[tuple[int, str]], count: int) -> list[Cell]:
    """Where the first `count` fields of the record that begins here begin; quotes may hold commas and lines."""
    starts, quoted = [(line, 1)], False
    while True:
        for column, sign in enumerate(text, 1):
            if sign == '"':
                quoted = not quoted
            elif sign == "," and not quoted:
                starts.append((line, column + 1))
                if len(starts) >= count:
                    return starts
        following = next(lines, None) if quoted else None
        if following is None:
            return starts
        line, text = following


def _path(desired: Desired, file: str | None) -> Path:
    assert desired.data
    assert desired.data.path
    return desired.data.path / file if file else desired.data.path


def shown(path: Path, root: Path) -> str:
    """A path as diagnostics name it: from the project's root, where it lies below."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.as_posix()


def at(desired: Desired, field: str) -> Position:
    """Where a field is written, or else the resource."""
    return desired.positions.get(field, desired.position)
