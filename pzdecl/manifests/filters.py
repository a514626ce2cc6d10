"""Filter expressions: read at once, checked against the declared schemas, errors shown inside the text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.errors import Position
from pzdecl.kinds.address import Address
from pzdecl.kinds.dataset import TYPES
from pzdecl.manifests.documents import Document
from pzdecl.manifests.nodes import ScalarNode
from pzdecl.manifests.report import Report

if TYPE_CHECKING:
    from pzdecl.engine.filters.check import Columns
    from pzdecl.engine.filters.syntax import Problem

Documents = Mapping[Address, Document]
PATH = ("spec", "filterExpression")
FIELD = "spec.filterExpression"


def check_filters(root: Path, documents: Documents, report: Report) -> None:
    """Reports every expression that is none, or that does not fit the datasets of its group."""
    filters = [one for one in documents.values() if one.kind.name == "Filter" and one.spec is not None]
    if not filters:
        return
    from pzdecl.engine.filters.check import problems
    from pzdecl.engine.filters.parser import parse
    from pzdecl.engine.filters.syntax import ExpressionError

    sound = not report.errors  # what is missing may stand where something else is wrong
    for document in filters:
        text = document.inputs["filterExpression"]
        try:
            expression = parse(text)
        except ExpressionError as error:
            _add(root, document, error.problem, report)
            continue
        for problem in problems(expression, _columns(documents, document.inputs["datasetGroup"], sound)):
            _add(root, document, problem, report)


def _columns(documents: Documents, group: str, sound: bool) -> Columns:
    """The columns of a group's datasets, as far as they are declared here; None where that isn't known."""
    from pzdecl.engine.data.schema import columns

    declared: dict[str, Any] = {}
    for dataset in documents.values():
        if dataset.kind.name != "Dataset" or dataset.spec is None or dataset.inputs["datasetGroup"] != group:
            continue
        schema = documents.get(Address("Schema", dataset.inputs["schema"]))
        fields = schema.inputs["schema"].get("fields") if schema and schema.spec is not None else None
        known = sound and isinstance(fields, list)
        declared[dataset.inputs["datasetType"]] = columns({"fields": fields}) if known else None
    if declared and sound and Address("DatasetGroup", group) in documents:
        return declared
    return dict.fromkeys(TYPES) | declared


def _add(root: Path, document: Document, problem: Problem, report: Report) -> None:
    if not problem.syntax:
        summary = problem.message
    elif problem.message == "the end":
        summary = "the filter expression ends too early"
    else:
        summary = f"unexpected {problem.message} in the filter expression"
    report.add(
        "PZ5020" if not problem.syntax else "PZ3020",
        summary,
        _inside(root, document, problem.place),
        address=document.address,
        field=FIELD,
        expected=problem.expected,
        suggestion=problem.suggestion,
    )


def _inside(root: Path, document: Document, place: int) -> Position:
    """Where a character of the expression stands in its file.

    Where that can't be told (a variable stands in the text, or it comes from elsewhere): where the text begins.
    """
    positions = document.positions
    begin = positions.nearest(PATH)
    node = positions.node(PATH)
    text: str = document.inputs["filterExpression"]
    plain = isinstance(node, ScalarNode) and node.value == text and begin.file == positions.file
    if not plain or PATH[1] in document.sensitive:
        return begin
    try:
        source = (root / positions.file).read_text("utf-8-sig")
    except OSError:
        return begin
    lines = source.splitlines(keepends=True)
    start = sum(map(len, lines[: begin.line - 1])) + begin.column - 1
    if source[start : start + 1] in ("|", ">"):
        start = source.find("\n", start)
    return _position(source, _aligned(source, start, text, place), positions.file)


def _aligned(source: str, start: int, text: str, place: int) -> int:
    """The index in `source` of the character at `place` of a scalar that is written from `start` on.

    Quotes, escapes, indentation and line breaks are passed over: the text's characters come in their order.
    """
    at = start - 1
    for character in text[: place + 1].rstrip():
        if not character.isspace():
            found = source.find(character, at + 1)
            if found < 0:
                return start
            at = found
    return at + 1 if place >= len(text.rstrip()) else at


def _position(source: str, index: int, file: str) -> Position:
    before = source[:index]
    return Position(file, before.count("\n") + 1, index - before.rfind("\n"))
