"""Patches: what an environment has otherwise, put over the manifests as they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from pzdecl.errors import Position, nearest
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import split
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, place
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report

ROOTS = ("metadata", "spec")
FIXED = ("metadata.name",)


@dataclass(frozen=True, slots=True)
class Patch:
    """Values by dotted path for all that `target` (an address or a pattern) names; None: no such field.

    `places` says where each path is written.
    """

    target: str
    values: Mapping[str, Any]
    places: Mapping[str, Position]
    position: Position

    def meets(self, address: str) -> bool:
        """Whether it is about this resource."""
        return fnmatchcase(address.casefold(), self.target.casefold())


def patched(
    value: dict[str, Any], address: str, patches: Iterable[Patch], positions: Positions, report: Report
) -> Positions:
    """Puts the patches over a document's value, in place; returns where its fields are written now."""
    moved: dict[str, Position] = {}
    for patch in patches:
        if not patch.meets(address):
            continue
        for path, new in patch.values.items():
            at = patch.places[path]
            steps = split(path)
            if not steps or steps[0] not in ROOTS or path in FIXED or any(isinstance(s, int) for s in steps):
                expected = "a dotted path below spec or metadata, without metadata.name and entries of lists"
                report.add("PZ0010", f"{path} cannot be patched", at, address=address, expected=expected)
            elif not _put(value, [str(step) for step in steps], new):
                report.add("PZ0010", f"{path} leads through a value", at, address=address, expected="fields")
            else:
                moved[path] = at
    return positions.over(moved) if moved else positions


def _put(value: dict[str, Any], steps: list[str], new: Any) -> bool:
    for step in steps[:-1]:
        if value.get(step) is None:
            value[step] = {}
        value = value[step]
        if not isinstance(value, dict):
            return False
    if new is None:
        value.pop(steps[-1], None)
    else:
        value[steps[-1]] = new
    return True


def check_targets(patches: Iterable[Patch], declared: Collection[Address], report: Report) -> None:
    """Reports patches that are about nothing."""
    names = [str(address) for address in declared]
    for patch in patches:
        if not any(patch.meets(name) for name in names):
            report.add(
                "PZ0010",
                f"{patch.target} is nothing that is declared",
                patch.position,
                field="target",
                expected="Kind/name, or a pattern such as Campaign/*",
                suggestion=nearest(patch.target, names),
            )


def check_sensitive(positions: Positions, sensitive: AbstractSet[int], report: Report) -> None:
    """Reports sensitive variables in patches: plans and state would show them."""
    environments = positions.node(("environments",))
    for key, block in environments.value if isinstance(environments, MappingNode) else ():
        patches = (
            positions.node(("environments", key.value, "patches")) if isinstance(key, ScalarNode) else None
        )
        for node in _scalars(patches) if patches is not None and isinstance(block, MappingNode) else ():
            if id(node) in sensitive:
                report.add(
                    "PZ0007",
                    "a patch holds a sensitive variable",
                    place(positions.file, node.start_mark),
                    expected="a variable that is not sensitive",
                    hint="use the variable in the manifest: its value can be another one in each environment",
                )


def _scalars(node: Node) -> Iterable[Node]:
    if isinstance(node, ScalarNode):
        yield node
        return
    for pair in node.value:
        for part in pair if isinstance(pair, tuple) else (pair,):
            yield from _scalars(part)
