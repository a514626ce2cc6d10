"""Templates that hold themselves, directly or by way of others: what they make would never end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pzdecl.errors import Position
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, place
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report
from pzdecl.manifests.templates import Template, Templates


def find_endless(templates: Templates, report: Report) -> None:
    """Reports every circle of templates once, and takes its templates out of those that were found.

    Instances under `enabled` or `forEach` may come to an end, and those whose template is a placeholder are not
    known yet: how deep they go is counted when they are made.
    """
    edges = {name: dict(_held(template)) for name, template in templates.found.items()}
    for name in sorted(edges):
        circle = _circle(name, edges) if name in templates.found else None
        if circle is None:
            continue
        itself = circle == [name, name]
        report.add(
            "PZ2006",
            f"the template {name} holds an instance of itself"
            if itself
            else f"templates hold each other: {' -> '.join(circle)}",
            edges[name][circle[1]],
            address=f"Template/{name}",
            expected="a template without itself",
            hint="take this instance out, or name another template",
        )
        for one in set(circle):
            templates.found.pop(one, None)
            templates.broken.add(one)


def _held(template: Template) -> Iterator[tuple[str, Position]]:
    """The templates that each instance of this one makes instances of, and where that is written."""
    for document in template.documents.value:
        if not isinstance(document, MappingNode):
            continue
        places = Positions(template.file, document)
        kind, name = places.node(("kind",)), places.node(("spec", "template"))
        perhaps = any(places.node((key,)) is not None for key in ("enabled", "forEach"))
        if perhaps or _text(kind) != "Instance" or not isinstance(name, ScalarNode):
            continue
        yield str(name.value), place(template.file, name.start_mark)


def _circle(name: str, edges: Mapping[str, Mapping[str, Position]]) -> list[str] | None:
    """The shortest way from a template back to it, both ends included."""
    ways = [[name]]
    seen: set[str] = set()
    for way in ways:
        for one in edges.get(way[-1], ()):
            if one == name:
                return [*way, name]
            if one not in seen:
                seen.add(one)
                ways.append([*way, one])
    return None


def _text(node: Node | None) -> str | None:
    return str(node.value) if isinstance(node, ScalarNode) else None
