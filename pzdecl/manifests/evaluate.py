"""Nodes to plain values: scalars resolved, variables filled in, keys checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pzdecl.errors import Position, nearest
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, SequenceNode, place
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import Scalar, resolve, tagged

_TAG = "tag:yaml.org,2002:"
_PLACEHOLDER = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_WHOLE = re.compile(r"\$\{\s*var\.(?P<name>[A-Za-z_][\w-]*)\s*\}")
_VARIABLE = re.compile(r"\s*var\.(?P<name>[A-Za-z_][\w-]*)\s*")
_MAX_NODES = 1_000_000
"""Aliases of aliases can grow without bound: no real manifest comes near this."""


@dataclass(frozen=True)
class Variables:
    """Values of variables, by name; those of `sensitive` ones stay out of plans and state."""

    values: Mapping[str, Scalar] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()


class Evaluator:
    """Evaluates the documents of one file.

    Keys are text, whatever they look like. A broken value is reported, its place marked bad, and None or its
    text put there, so that the rest of the document can be checked.
    """

    def __init__(self, file: str, variables: Variables, report: Report) -> None:
        self.file = file
        self.sensitive: set[int] = set()
        """The ids of scalar nodes that hold the value of a sensitive variable."""
        self._variables = variables
        self._report = report
        self._open: set[int] = set()
        self._evaluated_keys: set[int] = set()
        self._left = _MAX_NODES

    def value(self, node: Node) -> Any:
        """The plain value of a node."""
        if type(node) is ScalarNode:
            return self._scalar(node)
        if id(node) in self._open:
            self._unsupported(node, "an alias to what it stands in", "a value that does not hold itself")
            return None
        if node.tag and node.tag not in (f"{_TAG}map", f"{_TAG}seq"):
            self._unsupported(node, f"the tag {_short(node.tag)}", "a plain mapping or list")
        self._left -= len(node.value)
        if self._left < 0:
            self._unsupported(node, "more than a million values", "fewer aliases of aliases")
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, SequenceNode):
                return [self.value(element) for element in node.value]
            assert isinstance(node, MappingNode)
            return self._mapping(node)
        finally:
            self._open.discard(id(node))

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        result: dict[str, Any] = {}
        first: dict[str, Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if key in result:
                self._report.add(
                    "PZ1004",
                    f"the key {key} is there twice",
                    place(self.file, key_node.start_mark),
                    field=key,
                    expected="each key once",
                    hint=f"the first is in line {first[key].start_mark.line + 1}",
                )
                continue
            first[key] = key_node
            result[key] = self.value(value_node)
        return result

    def _key(self, node: Node) -> str | None:
        if type(node) is not ScalarNode:
            self._unsupported(node, "a key that is no text", "text")
            return None
        if node.value == "<<" and not node.style:
            self._unsupported(node, "a merge key (<<)", "the fields themselves, or a variable")
            return None
        if "${" in node.value and id(node) not in self._evaluated_keys:
            value = self._substitute(node)
            if id(node) in self.sensitive:
                self._secret(node, "a key")
            # Positions are looked up by key, so the node takes the name that the key has now.
            node.value = value if isinstance(value, str) else _text(value)
            self._evaluated_keys.add(id(node))
        return str(node.value)

    def _scalar(self, node: ScalarNode) -> Scalar:
        text: str = node.value
        if "${" in text:
            return self._substitute(node)
        if node.tag:
            tag = node.tag.removeprefix(_TAG)
            try:
                return tagged(tag, text)
            except ValueError:
                self._unsupported(node, f"{text!r} with the tag {_short(node.tag)}", "a value without a tag")
                return text
        return text if node.style else resolve(text)

    def _substitute(self, node: ScalarNode) -> Scalar:
        text: str = node.value
        if whole := _WHOLE.fullmatch(text):
            return self._variable(whole["name"], node, 0)
        return _PLACEHOLDER.sub(lambda match: self._placeholder(match, node), text)

    def _placeholder(self, match: re.Match[str], node: ScalarNode) -> str:
        if match["escaped"]:
            return "${"
        variable = _VARIABLE.fullmatch(match["inside"])
        if variable is None or not match["end"]:
            self._bad(
                node,
                match.start(),
                "PZ0006",
                f"{match[0]} cannot be filled in",
                expected="${var.NAME}",
                hint="write $${ for the characters ${ themselves",
            )
            return match[0]
        return _text(self._variable(variable["name"], node, match.start()))

    def _variable(self, name: str, node: ScalarNode, offset: int) -> Scalar:
        if name not in self._variables.values:
            self._bad(
                node,
                offset,
                "PZ0003",
                f"there is no variable {name}",
                expected="a variable of pzdecl.yaml",
                suggestion=nearest(name, self._variables.values),
            )
            return str(node.value)
        if name in self._variables.sensitive:
            self.sensitive.add(id(node))
            self._report.mark_secret(place(self.file, node.start_mark))
        return self._variables.values[name]

    def _bad(self, node: ScalarNode, offset: int, /, code: str, summary: str, **more: Any) -> None:
        at = place(self.file, node.start_mark)
        if node.start_mark.line == node.end_mark.line:
            at_offset = Position(at.file, at.line, at.column + offset + (1 if node.style else 0))
        else:
            at_offset = at
        self._report.add(code, summary, at_offset, **more)
        self._report.mark_bad(at)

    def _unsupported(self, node: Node, what: str, expected: str) -> None:
        at = place(self.file, node.start_mark)
        self._report.add("PZ1006", f"{what} cannot stand in a manifest", at, expected=expected)
        self._report.mark_bad(at)

    def _secret(self, node: Node, where: str) -> None:
        at = place(self.file, node.start_mark)
        self._report.add(
            "PZ0007", f"{where} holds a sensitive variable", at, expected="a variable that is not sensitive"
        )
        self._report.mark_bad(at)


def _text(value: Scalar) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _short(tag: str) -> str:
    return f"!!{tag.removeprefix(_TAG)}" if tag.startswith(_TAG) else tag
