"""The canonical form of manifests: order of keys, indentation, blank lines. Comments and scalars stay.

Only layout changes: keys of a document and of its metadata get their usual order, blocks are indented by two
spaces (lists below a key too), and no more than one blank line stands in a row. No value changes,
and no plain scalar is written in another way.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any

from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, SequenceNode, compose
from pzdecl.manifests.report import Report

TOP = ("apiVersion", "kind", "metadata", "spec")
METADATA = ("name", "dependsOn", "tags", "lifecycle")
_WIDE = 1 << 20
"""Lines are never folded."""
_STR, _NULL = "tag:yaml.org,2002:str", "tag:yaml.org,2002:null"


def format_text(text: str, file: str = "manifest") -> str:
    """The canonical form of a file; the same text if it has it already.

    Raises InvalidProject if it is not YAML that pzdecl reads. Files without a document are left alone.
    """
    meaning = _meaning(text, file)
    if not meaning:
        return text
    body = text.removeprefix("\ufeff").replace("\r\n", "\n")
    ordered = _reordered(_reordered(body, (), TOP), ("metadata",), METADATA)
    formatted = _tidy(_indented(ordered))
    # Layout may never change meaning: rather leave a file as its author wrote it.
    return formatted if _meaning(formatted, file) == meaning else text


def _meaning(text: str, file: str) -> list[Any]:
    """The values of the documents, placeholders as they are. Raises InvalidProject."""
    report, found = Report(), Report()
    nodes = compose(text, file, report)
    evaluator = Evaluator(file, Variables(), found)
    values = [evaluator.value(node) for node in nodes or ()]
    report.errors += [error for error in found.errors if not error.code.startswith("PZ0")]
    report.raise_errors()
    return values


def _reordered(text: str, path: Sequence[str], order: Sequence[str]) -> str:
    """Moves whole lines, so that the keys of the block mapping at `path` of each document come in order.

    The comment lines right above a key go with it; what stands above the first key stays at the top.
    """
    lines = text.split("\n")
    for document in reversed(compose(text, "", Report()) or []):
        mapping: Node | None = document
        for step in path:
            inner = mapping.value if isinstance(mapping, MappingNode) else ()
            mapping = next((value for key, value in inner if key.value == step), None)
        if not isinstance(mapping, MappingNode) or mapping.flow_style or len(mapping.value) < 2:
            continue
        column = mapping.start_mark.column
        names = [str(key.value) for key, _ in mapping.value]
        starts = [key.start_mark.line for key, _ in mapping.value]
        if starts[0] == document.start_mark.line and path:
            continue
        for index in range(1, len(starts)):
            while starts[index] - 1 > starts[index - 1] and _is_comment(lines[starts[index] - 1], column):
                starts[index] -= 1
        ends = [
            *starts[1:],
            mapping.end_mark.line + (1 if mapping.end_mark.column and _last(mapping, lines) else 0),
        ]
        while ends[-1] - 1 > starts[-1] and (
            not lines[ends[-1] - 1].strip() or _is_comment(lines[ends[-1] - 1], column)
        ):
            ends[-1] -= 1
        rank = {name: order.index(name) if name in order else len(order) for name in names}
        wanted = sorted(range(len(names)), key=lambda index: rank[names[index]])
        pieces = [lines[starts[index] : ends[index]] for index in range(len(names))]
        if wanted != sorted(wanted):
            lines[starts[0] : ends[-1]] = [line for index in wanted for line in _stripped(pieces[index])]
    return "\n".join(lines)


def _is_comment(line: str, column: int) -> bool:
    """Whether a line is a comment that does not belong to something deeper than `column`."""
    return line.lstrip().startswith("#") and _indent(line) <= column


def _stripped(lines: list[str]) -> list[str]:
    while len(lines) > 1 and not lines[-1].strip():
        lines = lines[:-1]
    return lines


def _last(mapping: MappingNode, lines: Sequence[str]) -> bool:
    """Whether a mapping ends in the middle of the text's last line, which has no newline."""
    return bool(mapping.end_mark.line == len(lines) - 1)


def _indented(text: str) -> str:
    """The text after a round trip through ruamel.yaml, in which every plain scalar is text."""
    from ruamel.yaml import YAML
    from ruamel.yaml.constructor import RoundTripConstructor
    from ruamel.yaml.resolver import VersionedResolver
    from ruamel.yaml.tag import Tag

    class AsWritten(VersionedResolver):
        """Sees text in every plain scalar but the empty one: `~`, `1e3` and `True` come out as they are."""

        def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
            if kind.__name__ == "ScalarNode":
                return Tag(suffix=_STR if value or not implicit[0] else _NULL)
            return super().resolve(kind, value, implicit)

    yaml = YAML(typ="rt")
    yaml.Resolver = AsWritten
    yaml.Constructor = RoundTripConstructor
    yaml.preserve_quotes = True
    yaml.width = _WIDE
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.explicit_start = text.lstrip("\n").startswith("---") or None
    documents = list(yaml.load_all(text))
    stream = StringIO()
    yaml.dump_all([_flow_ordered(document) for document in documents], stream)
    return stream.getvalue()


def _flow_ordered(document: Any) -> Any:
    """Brings the keys of metadata in `{...}` in order; those in blocks are already."""
    metadata = document.get("metadata") if isinstance(document, dict) else None
    if isinstance(metadata, dict) and metadata.fa.flow_style():  # type: ignore[attr-defined]
        for key in sorted(metadata, key=lambda key: METADATA.index(key) if key in METADATA else len(METADATA)):
            metadata[key] = metadata.pop(key)
    return document


def _tidy(text: str) -> str:
    """Aligns comments, drops trailing spaces and extra blank lines. Lines of multi-line scalars stay."""
    lines = text.split("\n")
    fixed = _scalar_lines(text)
    kept: list[str] = []
    for number, line in enumerate(lines):
        if number in fixed:
            kept.append(line)
            continue
        stripped = line.strip()
        if stripped.startswith("#"):
            kept.append(" " * _comment_indent(lines, number, fixed) + stripped)
        elif stripped or (kept and kept[-1]):
            kept.append(line.rstrip())
    while kept and not kept[-1] and len(lines) - 2 not in fixed:
        kept.pop()
    return "\n".join(kept).rstrip("\n") + "\n"


def _comment_indent(lines: Sequence[str], number: int, fixed: set[int]) -> int:
    """A comment stands as deep as the line after it or, if that is nearer, as the one before."""
    own = _indent(lines[number])
    around = []
    for step in (1, -1):
        at = number + step
        while 0 <= at < len(lines) and (not lines[at].strip() or lines[at].lstrip().startswith("#")):
            at += step
        if 0 <= at < len(lines) and at not in fixed:
            around.append(_indent(lines[at]))
    return min(around, key=lambda indent: abs(indent - own)) if around else own


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _scalar_lines(text: str) -> set[int]:
    """The numbers (from 0) of lines after the first of a scalar of several lines."""
    found: set[int] = set()
    for node in _scalars(compose(text, "", Report()) or []):
        end = node.end_mark.line + (1 if node.end_mark.column else 0)
        found.update(range(node.start_mark.line + 1, end))
    return found


def _scalars(nodes: Sequence[Any]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, ScalarNode):
            yield node
        elif isinstance(node, SequenceNode):
            yield from _scalars(node.value)
        else:
            for key, value in node.value:
                yield from _scalars([key, value])
