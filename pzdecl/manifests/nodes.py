"""Bytes to YAML nodes with marks. libyaml's parser where it is there, PyYAML's own otherwise."""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from pzdecl.errors import Position
from pzdecl.manifests.report import Report

__all__ = ["MappingNode", "Node", "ScalarNode", "SequenceNode", "compose", "decode", "duplicate", "place"]

try:
    from yaml import _yaml

    CParser: Any = _yaml.CParser
except (ImportError, AttributeError):
    CParser = None


_TAB = re.compile(r" *(?:- +)*\t")


class _Unresolved:
    """In place of PyYAML's resolver: tags stay empty unless written down. `scalars` resolves, by YAML 1.2."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:  # noqa: ARG002
        return ""

    def descend_resolver(self, parent: Any, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def check_resolver_prefix(self, *_: Any) -> None:
        pass


class PureLoader(
    _Unresolved, yaml.reader.Reader, yaml.scanner.Scanner, yaml.parser.Parser, yaml.composer.Composer
):
    """Composes with PyYAML alone."""

    def __init__(self, stream: bytes) -> None:
        yaml.reader.Reader.__init__(self, stream)
        yaml.scanner.Scanner.__init__(self)
        yaml.parser.Parser.__init__(self)
        yaml.composer.Composer.__init__(self)


if CParser is None:
    Loader: Any = PureLoader
else:

    class FastLoader(_Unresolved, CParser):  # type: ignore[misc]
        """Composes with libyaml."""

        def __init__(self, stream: bytes) -> None:
            CParser.__init__(self, stream)

    Loader = FastLoader


def place(file: str, mark: Any) -> Position:
    """A mark of PyYAML as a position."""
    return Position(file, mark.line + 1, mark.column + 1)


def duplicate(node: Any) -> Any:
    """The same nodes once more, at the same marks. What an alias repeats stays one node."""
    made: dict[int, Any] = {}

    def copied(one: Any) -> Any:
        if isinstance(one, tuple):
            return (copied(one[0]), copied(one[1]))
        if id(one) not in made:
            if isinstance(one, ScalarNode):
                made[id(one)] = ScalarNode(one.tag, one.value, one.start_mark, one.end_mark, one.style)
            else:
                new = made[id(one)] = type(one)(one.tag, [], one.start_mark, one.end_mark, one.flow_style)
                new.value += [copied(inner) for inner in one.value]
        return made[id(one)]

    return copied(node)


def decode(data: bytes, file: str, report: Report) -> str | None:
    """UTF-8 bytes (with or without a byte order mark) as text; None and a diagnostic if they are not."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace")
        at = Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add(
            "PZ1001",
            f"the byte 0x{data[error.start]:02x} is not UTF-8",
            at,
            expected="a file in UTF-8",
            hint="save it as UTF-8",
        )
        return None


def compose(text: str, file: str, report: Report, loader: Any = None) -> list[Node] | None:
    """The documents of a file. None if it is not YAML: the reason is in the report."""
    documents: list[Node] = []
    parser = None
    try:
        parser = (loader or Loader)(text.encode())
        while parser.check_node():
            documents.append(parser.get_node())
    except yaml.MarkedYAMLError as error:
        _syntax_error(error, text, file, report)
    except ReaderError as error:
        before = (
            text.encode()[: error.position].decode("utf-8", "replace") if CParser else text[: error.position]
        )
        at = Position(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        report.add(
            "PZ1002", f"a control character (0x{_code(error.character):02x})", at, expected="printable text"
        )
    except RecursionError:
        report.add("PZ1002", "nested too deeply", Position(file), expected="fewer levels")
    else:
        return documents if "\t" not in text or not _has_tabs(documents, text, file, report) else None
    finally:
        if parser is not None and hasattr(parser, "dispose"):
            parser.dispose()
    return None


def _has_tabs(documents: list[Node], text: str, file: str, report: Report) -> bool:
    """Whether tabs indent a block: libyaml lets some of them pass."""
    lines = text.split("\n")
    stack: list[Any] = list(documents)
    seen: set[int] = set()
    while stack:
        node = stack.pop()
        if isinstance(node, ScalarNode) or node.flow_style or id(node) in seen:
            continue
        seen.add(id(node))
        children = [child for pair in node.value for child in (pair if isinstance(pair, tuple) else (pair,))]
        for child in children:
            tab = _TAB.match(lines[child.start_mark.line][: child.start_mark.column])
            if tab:
                _tab(Position(file, child.start_mark.line + 1, tab.end()), report)
                return True
        stack += children
    return False


def _tab(at: Position, report: Report) -> None:
    report.add("PZ1003", "a tab where the line is indented", at, expected="spaces", hint="indent with spaces")


def _syntax_error(error: yaml.MarkedYAMLError, text: str, file: str, report: Report) -> None:
    mark = error.problem_mark or error.context_mark
    at = place(file, mark) if mark else Position(file)
    lines = text.splitlines()
    line = lines[at.line - 1] if at.line <= len(lines) else ""
    tab = _TAB.match(line)
    if tab or line[at.column - 1 : at.column] == "\t":
        column = tab.end() if tab else at.column
        _tab(Position(file, at.line, column), report)
        return
    problem = str(error.problem or "not valid YAML")
    hint = None
    if "mapping values are not allowed" in problem:
        hint = "put text that holds `: ` in quotes, and check the indentation"
    elif "cannot start any token" in problem:
        hint = "put the text in quotes"
    elif "did not find expected key" in problem or "expected <block end>" in problem:
        hint = "keys of one mapping stand below each other: this line is indented otherwise than those above it"
    elif "did not find expected '-' indicator" in problem:
        hint = "entries of one list stand below each other: this line is indented otherwise than those above it"
    elif "flow" in str(error.context) and "${" in line:
        hint = 'inside { } and [ ], put text with a placeholder in quotes: "${var.NAME}"'
    context = f" {error.context}" if error.context else ""
    report.add("PZ1002", f"{problem}{context}", at, expected="YAML", hint=hint)


def _code(character: Any) -> int:
    return character if isinstance(character, int) else ord(character[:1] or "\0")
