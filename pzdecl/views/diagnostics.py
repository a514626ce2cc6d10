"""What is wrong, shown where it is: text with a caret, Terraform's JSON, annotations."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any, Literal

from pzdecl.errors import Diagnostic, Position, Severity
from pzdecl.views.annotations import Level, annotation, limited
from pzdecl.views.places import below
from pzdecl.views.style import PLAIN, Style

WIDTH = 140
"""Longest piece of a source line that is shown."""

ALIKE = 3
"""Cells of a column that are shown with their lines where more are wrong in the same way."""


def render(diagnostics: Sequence[Diagnostic], root: Path, style: Style = PLAIN) -> str:
    """All diagnostics with the source lines that they point at, ending in a newline; empty for none.

    Of more than `ALIKE` in a row about the same column of a file, those after them are told by their lines.
    """
    text = ""
    for _, group in groupby(diagnostics, _cell):
        found = list(group)
        shown = len(found) if len(found) <= ALIKE + 1 or _cell(found[0]) is None else ALIKE
        text += "".join("\n".join(_lines(d, root, style)) + "\n\n" for d in found[:shown])
        if found[shown:]:
            text += "\n".join(_more(found[shown:], style)) + "\n\n"
    return text


def _cell(diagnostic: Diagnostic) -> tuple[object, ...] | None:
    """What those of one column that is wrong in row after row have in common."""
    at = diagnostic.position
    if diagnostic.code != "PZ7003" or at is None:
        return None
    return (at.file, diagnostic.address, diagnostic.field, diagnostic.expected)


def _more(alike: Sequence[Diagnostic], style: Style) -> Iterator[str]:
    last = alike[-1]
    label = style.paint(f"{last.severity} {last.code}", "bold", _color(last))
    lines = ", ".join(str(d.position.line) for d in alike if d.position)
    yield f"{label}: {style.paint(f'{len(alike)} more like these', 'bold')}, in lines {lines}"
    if last.hint:
        yield f"  {style.paint('=', 'blue')} hint: {last.hint}"


def _color(diagnostic: Diagnostic) -> str:
    return "red" if diagnostic.severity is Severity.ERROR else "yellow"


def _lines(diagnostic: Diagnostic, root: Path, style: Style) -> Iterator[str]:
    color = _color(diagnostic)
    label = style.paint(f"{diagnostic.severity} {diagnostic.code}", "bold", color)
    yield f"{label}: {style.paint(diagnostic.summary, 'bold')}"
    indent = 3
    if at := diagnostic.position:
        yield f"  {style.paint('-->', 'blue')} {at}"
        found = snippet(root, at)
        if found:
            number, (code, start, end) = str(at.line), found
            indent = len(number) + 1
            bar = style.paint("|", "blue")
            yield f"{' ' * indent}{bar}"
            yield f"{style.paint(number, 'blue')} {bar} {code}"
            yield f"{' ' * indent}{bar} {' ' * start}{style.paint('^' * (end - start), color)}"
    for name, text in _facts(diagnostic):
        yield f"{' ' * indent}{style.paint('=', 'blue')} {name}: {text}"


def _facts(diagnostic: Diagnostic) -> Iterator[tuple[str, str]]:
    for name, text in (
        ("resource", diagnostic.address),
        ("field", diagnostic.field),
        ("expected", diagnostic.expected),
        ("did you mean", diagnostic.suggestion),
        ("hint", diagnostic.hint),
    ):
        if text:
            yield name, text


def snippet(root: Path, position: Position) -> tuple[str, int, int] | None:
    """The source line, and where in it the word at the position begins and ends; None if unreadable."""
    lines = _source(root / position.file)
    if not 1 <= position.line <= len(lines):
        return None
    line = lines[position.line - 1].rstrip("\r")
    start = min(max(position.column - 1, 0), len(line))
    end = start
    while end < len(line) and not line[end].isspace() and line[end] not in ",:{}[]":
        end += 1
    shift = max(0, start - WIDTH // 2)
    clean = "".join(c if c.isprintable() else " " for c in line[shift : shift + WIDTH])
    return clean.rstrip(), start - shift, max(min(end - shift, len(clean)), start - shift + 1)


def _source(path: Path) -> list[str]:
    try:
        found = path.stat()
    except OSError:
        return []
    return _content(path.absolute(), found.st_mtime_ns, found.st_size)


@lru_cache(maxsize=16)
def _content(path: Path, modified: int, size: int) -> list[str]:  # noqa: ARG001  what was read may have changed
    try:
        return path.read_bytes().decode("utf-8", errors="replace").split("\n")
    except OSError:
        return []


def document(diagnostics: Sequence[Diagnostic], root: Path) -> dict[str, Any]:
    """The whole answer of `validate --format json`, with Terraform's keys."""
    errors = sum(d.severity is Severity.ERROR for d in diagnostics)
    return {
        "format_version": "1.0",
        "valid": errors == 0,
        "error_count": errors,
        "warning_count": len(diagnostics) - errors,
        "diagnostics": [as_json(d, root) for d in diagnostics],
    }


def as_json(diagnostic: Diagnostic, root: Path) -> dict[str, Any]:
    """One diagnostic: Terraform's `severity, summary, detail, range, snippet`, and our own facts."""
    out: dict[str, Any] = {
        "severity": str(diagnostic.severity),
        "code": diagnostic.code,
        "summary": diagnostic.summary,
        "detail": ". ".join(f"{name}: {text}" for name, text in _facts(diagnostic) if name != "resource"),
    }
    for key in ("address", "field", "expected", "suggestion", "hint"):
        if getattr(diagnostic, key):
            out[key] = getattr(diagnostic, key)
    if at := diagnostic.position:
        found = snippet(root, at)
        width = found[2] - found[1] if found else 1
        start = _byte(root, at)
        out["range"] = {
            "filename": at.file,
            "start": {"line": at.line, "column": at.column, "byte": start},
            "end": {"line": at.line, "column": at.column + width, "byte": start + width},
        }
        if found:
            out["snippet"] = {
                "context": diagnostic.address,
                "code": found[0],
                "start_line": at.line,
                "highlight_start_offset": found[1],
                "highlight_end_offset": found[2],
                "values": [],
            }
    return out


def _byte(root: Path, at: Position) -> int:
    lines = _source(root / at.file)
    before = sum(len(line.encode()) + 1 for line in lines[: at.line - 1])
    rest = lines[at.line - 1][: at.column - 1] if at.line <= len(lines) else ""
    return before + len(rest.encode())


def in_format(
    format: Literal["github", "junit", "sarif"],
    diagnostics: Sequence[Diagnostic],
    addresses: Iterable[str] = (),
    base: str = "",
) -> str:
    """For CI. `addresses` are what was looked at, as far as it could be read; `base` is the way from the
    repository's top to the project's folder (`pzdecl.views.places`).
    """
    from pzdecl.views import findings, junit, sarif

    match format:
        case "junit":
            return junit.render("validate", addresses, findings.of_diagnostics(diagnostics))
        case "sarif":
            return sarif.render(findings.of_diagnostics(diagnostics), base)
        case "github":
            return workflow(diagnostics, base)


def workflow(diagnostics: Sequence[Diagnostic], base: str = "") -> str:
    """GitHub workflow commands, a line for each diagnostic, errors first."""
    out: list[str] = []
    levels: tuple[tuple[Level, bool], ...] = (("error", True), ("warning", False))
    for level, wrong in levels:
        lines = [
            annotation(
                level,
                f"{d.code} {d.address or ''}".strip(),
                "\n".join([d.summary, *(f"{name}: {text}" for name, text in _facts(d) if name != "resource")]),
                below(base, d.position),
            )
            for d in diagnostics
            if (d.severity is Severity.ERROR) is wrong
        ]
        out += limited(level, lines, "pzdecl", "see the log")
    return "".join(f"{line}\n" for line in out)
