"""One document, many resources: `enabled`, `forEach`, and instances of templates.

    enabled: ${var.search}                 the document counts only if this is true
    forEach: [berlin, madrid]              a copy for each; ${each.key} and ${each.value} are the entry
    forEach: {berlin: {tps: 2}, ...}       ${each.key} is the key, ${each.value.tps} what stands behind it

    kind: Template                         documents with parameters, which stand for nothing by themselves
    metadata: {name: site}
    parameters: {city: {type: string}, tps: {type: integer, default: 1}}
    documents: [...]                       they use ${param.city}, and ${param.name}, the instance's name

    kind: Instance                         the template's documents, with these parameters
    metadata: {name: berlin}
    spec: {template: site, parameters: {city: berlin}}

All of it is settled before any document is read as a resource, so plans and state know nothing of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, duplicate, place
from pzdecl.manifests.patches import Patch
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import describe
from pzdecl.manifests.templates import Templates

_OWN = ("forEach", "enabled")
_MOST_LEVELS = 8
"""Instances of templates whose documents are instances: a template in itself would never end."""


class Copy(NamedTuple):
    """A document as it is to be read: its file, its nodes, and what its placeholders mean."""

    file: str
    node: Node
    variables: Variables
    patches: tuple[Patch, ...] = ()


def expand(
    file: str, node: Node, variables: Variables, templates: Templates, report: Report, level: int = 0
) -> Iterator[Copy]:
    """The copies of a document; none where it is not enabled or a template. What is wrong is reported."""
    keys = _keys(node)
    kind = _text(keys.get("kind"))
    if kind == "Template":
        return
    if not any(name in keys for name in _OWN) and kind != "Instance":
        yield Copy(file, node, variables)
        return
    many = "forEach" in keys
    entries = _entries(file, keys["forEach"], variables, report) if many else [variables]
    plain = _without(node)
    for names in entries:
        if "enabled" in keys and not _enabled(file, keys["enabled"], names, report):
            continue
        one = duplicate(plain) if many else plain
        if kind != "Instance":
            yield Copy(file, one, names)
            continue
        if level >= _MOST_LEVELS:
            at = place(file, node.start_mark)
            report.add(
                "PZ2006", "instances inside templates go too deep", at, expected="a template without itself"
            )
            return
        for inner, place_of, local in templates.instance(file, one, names, report):
            yield from expand(place_of, inner, local, templates, report, level + 1)


def _entries(file: str, node: Node, variables: Variables, report: Report) -> list[Variables]:
    """What `each` means in each of the copies."""
    evaluator = Evaluator(file, variables, report)
    before = len(report.errors)
    value = evaluator.value(node)
    if len(report.errors) > before:
        return []
    at = place(file, node.start_mark)
    if evaluator.sensitive:
        report.add(
            "PZ0007",
            "forEach holds a sensitive variable",
            at,
            field="forEach",
            expected="one that is not sensitive",
        )
        return []
    if isinstance(value, Mapping):
        pairs: list[tuple[Any, Any]] = list(value.items())
    elif isinstance(value, list) and not any(isinstance(one, (dict, list)) or one is None for one in value):
        pairs = [(one, one) for one in value]
        twice = next((one for one, times in Counter(value).items() if times > 1), None)
        if twice is not None:
            report.add("PZ2004", f"forEach has {twice} twice", at, field="forEach", expected="each entry once")
            return []
    else:
        what = (
            "a list with other things than text and numbers in it"
            if isinstance(value, list)
            else describe(value)
        )
        report.add(
            "PZ2004",
            f"forEach is {what}",
            at,
            field="forEach",
            expected="a list of texts or numbers, or a mapping",
            hint="give each entry a key: {berlin: {tps: 2}}",
        )
        return []
    return [variables.within("each", {"key": str(key), "value": one}) for key, one in pairs]


def _enabled(file: str, node: Node, variables: Variables, report: Report) -> bool:
    before = len(report.errors)
    value = Evaluator(file, variables, report).value(node)
    if isinstance(value, bool) or len(report.errors) > before:
        return value is True
    report.add(
        "PZ2005",
        f"enabled is {describe(value)}",
        place(file, node.start_mark),
        field="enabled",
        expected="true or false",
    )
    return False


def _without(node: Any) -> Node:
    """The document without what was settled here. The nodes inside stay the same."""
    kept = [
        (key, value) for key, value in node.value if not (isinstance(key, ScalarNode) and key.value in _OWN)
    ]
    return MappingNode(node.tag, kept, node.start_mark, node.end_mark, flow_style=node.flow_style)


def _keys(node: Node) -> dict[str, Node]:
    if not isinstance(node, MappingNode):
        return {}
    return {key.value: value for key, value in node.value if isinstance(key, ScalarNode)}


def _text(node: Node | None) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None
