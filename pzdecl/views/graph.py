"""The dependency graph as pictures that other tools draw: DOT for Graphviz, Mermaid for GitHub and editors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action

Edges = Iterable[tuple[Address, Address]]
"""Pairs (what is needed, what needs it)."""

_SHAPES = {
    "DatasetGroup": "folder",
    "Dataset": "cylinder",
    "DatasetImport": "cds",
    "SolutionVersion": "component",
    "Campaign": "ellipse",
    "Recommender": "ellipse",
    "DatasetExport": "note",
    "BatchInferenceJob": "note",
    "BatchSegmentJob": "note",
}

_FILL = {
    Action.CREATE: "#d7f5dd",
    Action.UPDATE: "#fff3c4",
    Action.REPLACE: "#ffd9d6",
    Action.DELETE: "#ffb3ad",
    Action.IMPORT: "#e5dcff",
    Action.TRAIN: "#e5dcff",
    Action.DEPLOY: "#e5dcff",
    Action.INFER: "#e5dcff",
}


def dot(nodes: Iterable[Address], edges: Edges, actions: Mapping[Address, Action] | None = None) -> str:
    """A digraph; an arrow points from what is needed to what needs it. `actions` colour what a plan touches."""
    actions = actions or {}
    lines = ["digraph pzdecl {", "  rankdir = LR;", "  node [fontname = sans, shape = box];"]
    for node in sorted(nodes):
        facts = [f'label = "{node.kind}\\n{_quoted(node.name)}"']
        if node.kind in _SHAPES:
            facts.append(f"shape = {_SHAPES[node.kind]}")
        if color := _FILL.get(actions.get(node, Action.NO_OP)):
            facts.append(f'style = filled, fillcolor = "{color}"')
        lines.append(f'  "{_quoted(str(node))}" [{", ".join(facts)}];')
    lines += [f'  "{_quoted(str(a))}" -> "{_quoted(str(b))}";' for a, b in sorted(edges)]
    return "\n".join([*lines, "}"]) + "\n"


def mermaid(nodes: Iterable[Address], edges: Edges, actions: Mapping[Address, Action] | None = None) -> str:
    """A flowchart with the same arrows and colours."""
    actions = actions or {}
    ids = {node: f"n{i}" for i, node in enumerate(sorted(nodes))}
    lines = ["flowchart LR"]
    lines += [f'  {ids[node]}["{node.kind}<br/>{_entity(node.name)}"]' for node in ids]
    lines += [f"  {ids[a]} --> {ids[b]}" for a, b in sorted(edges)]
    for action, color in _FILL.items():
        if touched := [ids[node] for node in ids if actions.get(node) is action]:
            lines.append(f"  classDef {action} fill:{color},stroke:#555,color:#000")
            lines.append(f"  class {','.join(touched)} {action}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _entity(text: str) -> str:
    return text.replace('"', "#quot;")
