"""`moved:` and `removed:` documents: what became of addresses that are declared no more.

    apiVersion: pzdecl/v1
    moved:
      - {from: Solution/films, to: Solution/movies}
    ---
    apiVersion: pzdecl/v1
    removed:
      - {address: Campaign/old, destroy: false}     # forgotten: it goes on running

A resource that is moved keeps its name in the service; only pzdecl calls it otherwise. The documents may stay
for as long as there is an environment whose state has not seen them yet: after that they say nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field

from pzdecl.errors import nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Spec
from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.model import Removal
from pzdecl.manifests.nodes import MappingNode, Node, ScalarNode
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report
from pzdecl.manifests.values import validate, without_nulls

WORDS = ("moved", "removed")


class MoveSpec(Spec):
    """One address that became another."""

    source: str = Field(alias="from", description="The former address.", examples=["Solution/films"])
    target: str = Field(alias="to", description="Today's address.", examples=["Solution/movies"])


class RemovalSpec(Spec):
    """What becomes of a resource that is declared no more."""

    address: str = Field(description="Its address.", examples=["Campaign/old"])
    destroy: bool = Field(False, description="Whether it is deleted; otherwise it is forgotten and goes on.")


class HistorySpec(Spec):
    """A document that declares nothing, and says what became of what was declared."""

    api_version: str = Field(alias="apiVersion", pattern="pzdecl/v1", description="The version of the format.")
    moved: list[MoveSpec] | None = Field(None, description="Addresses that became others.")
    removed: list[RemovalSpec] | None = Field(None, description="What becomes of what is declared no more.")


@dataclass(slots=True)
class History:
    """All that such documents say. `moved` is by the former address, with where it is written."""

    moved: dict[Address, tuple[Address, Positions, int]] = field(default_factory=dict)
    removed: dict[Address, Removal] = field(default_factory=dict)

    def add(self, file: str, node: Node, variables: Variables, report: Report) -> None:
        """Takes in one document. What is wrong with it is reported."""
        places = Positions(file, node)
        value = Evaluator(file, variables, report).value(node)
        spec = validate(HistorySpec, without_nulls(value), below=(), positions=places, report=report)
        if spec is None:
            return
        for index, move in enumerate(spec.moved or ()):
            source = self._address(move.source, ("moved", index, "from"), places, report)
            target = self._address(move.target, ("moved", index, "to"), places, report)
            if source is None or target is None:
                continue
            if source.kind != target.kind or source == target:
                at = places.nearest(("moved", index, "to"))
                what = f"{source} cannot become {target}"
                report.add("PZ4007", what, at, expected=f"another {source.kind}")
            elif source in self.moved:
                at = places.nearest(("moved", index, "from"))
                report.add("PZ4007", f"{source} is moved twice", at, expected="each address once")
            else:
                self.moved[source] = (target, places, index)
        for index, removal in enumerate(spec.removed or ()):
            path = ("removed", index, "address")
            address = self._address(removal.address, path, places, report)
            if address is not None:
                self.removed[address] = Removal(removal.destroy, places.nearest(path))

    def _address(
        self, text: str, path: tuple[str | int, ...], places: Positions, report: Report
    ) -> Address | None:
        try:
            address = Address.parse(text)
        except ValueError as error:
            report.add("PZ4007", str(error), places.nearest(path), expected="Kind/name")
            return None
        kind = KINDS.get(address.kind)
        if kind is None or not kind.declared:
            report.add(
                "PZ4007",
                f"{text}: there is no kind {address.kind} that is declared",
                places.nearest(path),
                expected="Kind/name",
                suggestion=nearest(address.kind, [name for name, one in KINDS.items() if one.declared]),
            )
            return None
        return address

    def settle(
        self, declared: Mapping[Address, Any], report: Report
    ) -> tuple[dict[Address, Address], dict[Address, Removal]]:
        """Moves by former address, followed to their end, versions of solutions included; and removals.

        Reported are addresses that are still declared, and moves to what is not.
        """
        moves: dict[Address, Address] = {}
        for source, (_, places, index) in self.moved.items():
            target, seen = source, {source}
            while target in self.moved and self.moved[target][0] not in seen:
                target = self.moved[target][0]
                seen.add(target)
            if source in declared:
                at = places.nearest(("moved", index, "from"))
                hint = "rename its manifest, or take the entry back"
                report.add(
                    "PZ4007", f"{source} is moved, and still declared", at, expected="one of both", hint=hint
                )
            elif target not in declared:
                at = places.nearest(("moved", index, "to"))
                close = nearest(str(target), [str(one) for one in declared if one.kind == target.kind])
                report.add("PZ4007", f"{target} is not declared", at, expected="a manifest", suggestion=close)
            else:
                moves[source] = target
                if source.kind == "Solution":
                    version = "SolutionVersion"
                    moves[Address(version, source.name)] = Address(version, target.name)
        for address, removal in self.removed.items():
            if address in declared:
                hint = "delete its manifest, or take the entry back"
                report.add("PZ4007", f"{address} is removed, and still declared", removal.position, hint=hint)
        versions = {
            Address("SolutionVersion", address.name): removal
            for address, removal in self.removed.items()
            if address.kind == "Solution"
        }
        return moves, {**self.removed, **versions}


def is_history(node: Node) -> bool:
    """Whether a document says what became of addresses, instead of declaring something."""
    if not isinstance(node, MappingNode):
        return False
    keys = [key.value for key, _ in node.value if isinstance(key, ScalarNode)]
    return "kind" not in keys and any(word in keys for word in WORDS)
