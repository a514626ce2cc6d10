"""Where sensitive variables stand: only in values of fields, which plans and state can hide."""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.kinds.fields import join, split
from pzdecl.manifests.nodes import MappingNode, Node, SequenceNode, place
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report

Path = tuple[str | int, ...]

_PLAIN_FIELDS = (
    "schema",
    "schemaFile",
    "dataset",
    "datasetGroup",
    "solution",
    "recipe",
    "training",
    "datasetType",
)
"""Fields of a spec that name something, or that everything else is compared by."""


def sensitive_paths(
    positions: Positions, kind: Kind, nodes: AbstractSet[int], address: Address, report: Report
) -> frozenset[str]:
    """The dotted paths of inputs that hold a sensitive value. Reports those in places that cannot be hidden."""
    found = set()
    for path, node in _scalars(positions.root, ()):
        if id(node) not in nodes:
            continue
        if _can_hide(path):
            found.add(join(path[1:]))
            continue
        report.add(
            "PZ0007",
            f"{join(path)} holds a sensitive variable",
            place(positions.file, node.start_mark),
            address=address,
            field=join(path),
            expected="a variable that is not sensitive",
            hint=f"plans and state show this part of a {kind.name}",
        )
    return frozenset(found)


def _can_hide(path: Path) -> bool:
    """Whether a value is one of a plain field of the spec."""
    if path[0] != "spec" or len(path) < 2 or any(isinstance(step, int) for step in path):
        return False
    if tuple(split(join(path))) != path:  # a key with a dot in it: the value would not be found again
        return False
    return path[1] not in _PLAIN_FIELDS and path[1:] != ("dataSource", "dataLocation")


def _scalars(node: Node, path: Path) -> Iterator[tuple[Path, Node]]:
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _scalars(value, (*path, str(key.value)))
    elif isinstance(node, SequenceNode):
        for index, element in enumerate(node.value):
            yield from _scalars(element, (*path, index))
    else:
        yield path, node
