"""Where each field of a document stands. Looked up in the nodes when asked: most places are never asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pzdecl.errors import Position
from pzdecl.kinds.fields import join
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode, SequenceNode, place

Path = Sequence[str | int]


class Positions(Mapping[str, Position]):
    """Dotted paths (`spec.schema.fields[0].type`) of a document to places.

    The place of a scalar is its own, that of a mapping or list is its key's. `renamed` maps paths that other
    code asks for to paths that are written; `grafts` puts another file's document below a path (`schemaFile`).
    """

    def __init__(
        self,
        file: str,
        root: Node,
        *,
        renamed: Mapping[str, str] | None = None,
        grafts: Mapping[str, tuple[str, Node]] | None = None,
        over: Mapping[str, Position] | None = None,
    ) -> None:
        self.file = file
        self.root = root
        self._renamed = renamed or {}
        self._grafts = grafts or {}
        self._over = over or {}

    def over(self, places: Mapping[str, Position]) -> Positions:
        """These, but for the fields at some dotted paths and below, which are written elsewhere."""
        return Positions(
            self.file, self.root, renamed=self._renamed, grafts=self._grafts, over={**self._over, **places}
        )

    def __getitem__(self, path: str) -> Position:
        for old, new in self._renamed.items():
            if path == old or path.startswith((f"{old}.", f"{old}[")):
                path = new + path[len(old) :]
        if (elsewhere := self._elsewhere(path)) is not None:
            return elsewhere
        for prefix, (file, root) in self._grafts.items():
            if path == prefix or path.startswith(f"{prefix}."):
                found = _find(root, path[len(prefix) + 1 :], root)
                if found is None:
                    raise KeyError(path)
                return place(file, found.start_mark)
        found = _find(self.root, path, self.root)
        if found is None:
            raise KeyError(path)
        return place(self.file, found.start_mark)

    def __iter__(self) -> Iterator[str]:
        yield from _paths(self.root, "")
        for prefix, (_, root) in self._grafts.items():
            yield from _paths(root, prefix)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def nearest(self, path: Path, *, on_key: bool = False) -> Position:
        """The place of a path or, where there is nothing, of the closest thing above it."""
        if self._over and (elsewhere := self._elsewhere(join(path))) is not None:
            return elsewhere
        node: Node = self.root
        at: Node = self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                return place(self.file, at.start_mark)
            key, node = child
            at = node if isinstance(node, ScalarNode) and not on_key else key
        return place(self.file, at.start_mark)

    def _elsewhere(self, path: str) -> Position | None:
        for over, position in self._over.items():
            if path == over or path.startswith((f"{over}.", f"{over}[")):
                return position
        return None

    def node(self, path: Path) -> Node | None:
        """The node at a path, None where there is none."""
        node: Node = self.root
        for step in path:
            child = _child(node, step)
            if child is None:
                return None
            node = child[1]
        return node

    def field_at(self, position: Position) -> str | None:
        """The dotted path of the innermost field that a place of this document belongs to."""
        if position.file != self.file:
            return None
        spot = (position.line - 1, position.column - 1)
        path: list[str | int] = []
        node: Node | None = self.root
        while node is not None:
            node = next((_enter(path, *child) for child in _children(node) if _covers(child, spot)), None)
        return join(path) or None

    def depth(self, path: Path) -> int:
        """How many steps of a path lead somewhere."""
        node: Node = self.root
        for count, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return count
            node = child[1]
        return len(path)


def _child(node: Node, step: str | int) -> tuple[Node, Node] | None:
    """The key's node and the value's node (for an element of a list, twice the element)."""
    if isinstance(node, MappingNode):
        return next(((key, value) for key, value in node.value if key.value == step), None)
    if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None


def _children(node: Node) -> Iterator[tuple[str | int, Node, Node]]:
    """The step to each child, with the nodes at which it begins and ends."""
    if isinstance(node, MappingNode):
        pairs = ((key, value) for key, value in node.value if isinstance(key, ScalarNode))
        yield from ((str(key.value), key, value) for key, value in pairs)
    elif isinstance(node, SequenceNode):
        yield from ((index, element, element) for index, element in enumerate(node.value))


def _covers(child: tuple[str | int, Node, Node], spot: tuple[int, int]) -> bool:
    _, begin, end = child
    first, last = begin.start_mark, end.end_mark
    # An alias stands elsewhere than what it repeats: then only the key counts.
    last = max((last.line, last.column), (begin.end_mark.line, begin.end_mark.column))
    return bool((first.line, first.column) <= spot < last)


def _enter(path: list[str | int], step: str | int, _: Node, inner: Node) -> Node:
    path.append(step)
    return inner


def _find(node: Node, path: str, at: Node) -> Node | None:
    """Follows a dotted path. Keys may hold dots themselves, so each is matched as a whole."""
    if not path:
        return node if isinstance(node, ScalarNode) else at
    if isinstance(node, SequenceNode) and path.startswith("["):
        index, _, rest = path[1:].partition("]")
        if not index.isdigit() or int(index) >= len(node.value):
            return None
        element = node.value[int(index)]
        return _find(element, rest.removeprefix("."), element)
    if isinstance(node, MappingNode):
        for key, value in node.value:
            name: Any = key.value
            if path == name:
                return _find(value, "", key)
            if path.startswith((f"{name}.", f"{name}[")):
                found = _find(value, path[len(name) :].removeprefix("."), key)
                if found is not None:
                    return found
    return None


def _paths(node: Node, prefix: str) -> Iterator[str]:
    if prefix:
        yield prefix
    if isinstance(node, MappingNode):
        for key, value in node.value:
            yield from _paths(value, f"{prefix}.{key.value}" if prefix else str(key.value))
    elif isinstance(node, SequenceNode):
        for index, element in enumerate(node.value):
            yield from _paths(element, f"{prefix}[{index}]")
