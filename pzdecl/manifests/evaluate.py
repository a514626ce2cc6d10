"""Nodes to plain values: scalars resolved, variables filled in, keys checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pzdecl.errors import Position, nearest
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, SequenceNode, place
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import Scalar, resolve, tagged

_TAG = "tag:yaml.org,2002:"
_PLACEHOLDER = re.compile(r"(?P<escaped>\$\$\{)|\$\{(?P<inside>[^}]*)(?P<end>\}?)")
_NAME = r"\s*(?P<root>var|each|param)\.(?P<path>\w[\w.-]*)\s*"
_WHOLE = re.compile(rf"\$\{{{_NAME}\}}")
_VARIABLE = re.compile(_NAME)
_ROOTS = {
    "each": "each stands for an entry only in a document with forEach",
    "param": "param stands for a parameter only inside a Template",
}
_MAX_NODES = 1_000_000
"""Aliases of aliases can grow without bound: no real manifest comes near this."""


@dataclass(frozen=True)
class Variables:
    """Values of variables, by name; those of `sensitive` ones stay out of plans and state.

    `local` holds what `each` and `param` mean in one copy of a document, `hidden` the parameters among them
    that were given a sensitive value.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    sensitive: frozenset[str] = frozenset()
    local: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    hidden: frozenset[str] = frozenset()

    def within(self, root: str, names: Mapping[str, Any], hidden: frozenset[str] | None = None) -> Variables:
        """These, and what `root` (`each`, `param`) means in one copy of a document."""
        return replace(
            self, local={**self.local, root: names}, hidden=self.hidden if hidden is None else hidden
        )

    def names(self, root: str) -> Mapping[str, Any] | None:
        """What may stand behind `root.`; None where it means nothing."""
        return self.values if root == "var" else self.local.get(root)

    def secret(self, root: str, name: str) -> bool:
        """Whether a value must not be shown."""
        return name in (self.sensitive if root == "var" else self.hidden if root == "param" else ())


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
                hint = f"the first is in line {first[key].start_mark.line + 1}"
                if key == "apiVersion":
                    hint += "; if a document begins here, put a line --- above it"
                self._report.add(
                    "PZ1004",
                    f"the key {key} is there twice",
                    place(self.file, key_node.start_mark),
                    field=key,
                    expected="each key once",
                    hint=hint,
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

    def _scalar(self, node: ScalarNode) -> Any:
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

    def _substitute(self, node: ScalarNode) -> Any:
        text: str = node.value
        if whole := _WHOLE.fullmatch(text):
            return self._variable(whole, node, 0)
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
                expected="${var.NAME}, ${each.key}, ${each.value} or ${param.NAME}",
                hint="write $${ for the characters ${ themselves",
            )
            return match[0]
        value = self._variable(variable, node, match.start())
        if isinstance(value, (dict, list)):
            what = "a mapping" if isinstance(value, dict) else "a list"
            expected = f"{match[0]} alone, or one of its values"
            self._bad(node, match.start(), "PZ0006", f"{match[0]} is {what}, inside a text", expected=expected)
            return match[0]
        return _text(value)

    def _variable(self, match: re.Match[str], node: ScalarNode, offset: int) -> Any:
        root, path = match["root"], match["path"]
        value: Any = self._variables.names(root)
        name = path.partition(".")[0]
        for step in path.split("."):
            if isinstance(value, Mapping) and step in value:
                value = value[step]
                continue
            self._unknown(node, offset, root, path, step, value)
            return f"${{{root}.{path}}}"
        if self._variables.secret(root, name):
            self.sensitive.add(id(node))
            self._report.mark_secret(place(self.file, node.start_mark))
        return value

    def _unknown(self, node: ScalarNode, offset: int, root: str, path: str, step: str, among: Any) -> None:
        names = list(among) if isinstance(among, Mapping) else []
        if root == "var" and "." not in path:
            summary, expected = f"there is no variable {step}", "a variable of pzdecl.yaml"
        elif among is None and root in _ROOTS:
            summary, expected = f"${{{root}.{path}}} means nothing here", _ROOTS[root]
        else:
            summary, expected = f"{root}.{path} is not there", ", ".join(map(str, names)) or "a plain value"
        self._bad(
            node,
            offset,
            "PZ0003",
            summary,
            expected=expected,
            suggestion=nearest(step, names) if names else None,
        )

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
