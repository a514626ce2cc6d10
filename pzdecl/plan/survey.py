"""Everything that deciding looks at: what is wanted, recorded, live, begun and failed, and the nodes so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from pzdecl.errors import PzdeclError
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.manifests.model import Project
from pzdecl.plan.node import Node
from pzdecl.plan.options import PlanOptions, checked, jobs, replaceable, within
from pzdecl.plan.refresh import Live, describe, present, refresh
from pzdecl.plan.secrets import Secrets
from pzdecl.providers.client import ReadClient
from pzdecl.state.model import Failure, Reader, Recorded
from pzdecl.state.moves import moved, moved_former


class Survey:
    """One look at state and service. It is taken once; deciding may run over it more than once."""

    def __init__(self, project: Project, reader: Reader, client: ReadClient, options: PlanOptions) -> None:
        self.project, self.client, self.options = project, client, options
        self.prefix = project.name_prefix
        self._looks_only = options.destroy or options.refresh_only
        """What is declared is not wanted by this plan."""
        wanted = () if self._looks_only else tuple(project.resources)
        self.retrain = jobs(options.retrain, wanted)
        self.replace = replaceable(options.replace, wanted)
        within("--retrain", self.retrain, options.scope)
        within("--replace", self.replace, options.scope)
        self.secrets = Secrets(project.name, project.environment)
        self.original = reader.resources()
        self.moves = {} if self._looks_only else pending_moves(project, self.original)
        self.came_from = {target: source for source, target in self.moves.items()}
        self.recorded = self._moved(self.original)
        named = {self.moves.get(address, address) for address in options.allow_destroy}
        self.allowed = checked("--allow-destroy", named, {*project.resources, *self.recorded})
        self.deposed = _grouped([moved_former(one, self.moves) for one in reader.deposed()])
        self.intents = _grouped(reader.intents())
        self.failures: Mapping[Address, Sequence[Failure]] = reader.failures()
        for source in self.moves:
            if source in self.intents or source in self.failures:
                raise PzdeclError(
                    f"{source} can't be moved: an earlier run of it is not finished",
                    hint="take its moved: entry and its new name back, apply, and move it then",
                )
        self.live: Mapping[Address, Live] = (
            refresh(self._in_scope(self.recorded), client, tags=not options.destroy) if options.refresh else {}
        )
        self.nodes: dict[Address, Node] = {}
        self._seen: dict[str, Mapping[str, Any] | None] = {}
        self._listed: dict[str, dict[str, str]] = {}
        self._prefix: str | None = None

    def _moved(self, rows: Mapping[Address, Recorded]) -> Mapping[Address, Recorded]:
        """The rows under the addresses that they will have."""
        if not self.moves:
            return rows
        found = (moved(row, self.moves) for row in rows.values())
        return {row.address: row for row in sorted(found, key=lambda row: row.address)}

    def includes(self, address: Address) -> bool:
        """Whether the plan is about it."""
        return self.options.scope is None or address in self.options.scope

    def _in_scope(self, rows: Mapping[Address, Recorded]) -> Mapping[Address, Recorded]:
        return (
            {a: row for a, row in rows.items() if self.includes(a)} if self.options.scope is not None else rows
        )

    def addresses(self) -> list[Address]:
        """Every address that anything is known of, sorted."""
        wanted = () if self._looks_only else self.project.resources
        known = {*wanted, *self.recorded, *self.deposed, *self.intents, *self.failures}
        return sorted(known)

    def node(self, address: Address) -> Node:
        """A fresh node, nothing decided yet."""
        recorded = self.recorded.get(address)
        made = Node(
            address,
            KINDS[address.kind],
            None if self._looks_only else self.project.resources.get(address),
            recorded,
            self.live.get(address),
            tuple(self.intents.get(address, ())),
            tuple(self.failures.get(address, ())),
            tuple(self.deposed.get(address, ())),
        )
        made.keep_record()
        return made

    def arn(self, tail: str) -> str:
        """The ARN of a tail. The part before it is the same for all, so the client is asked once."""
        if self._prefix is None:
            self._prefix = self.client.arn("x").removesuffix("x")
        return self._prefix + tail

    def arn_of(self, address: Address) -> Any:
        """The planned ARN of an address that was decided before."""
        return self.nodes[address].arn

    def predicted(self, node: Node, name: str) -> str | None:
        """The ARN of the node's kind under a name; None where the service chooses it or too little is known."""
        inputs = node.desired.inputs if node.desired else node.inputs
        try:
            tail = node.kind.arn_tail(name, inputs, self.arn_of)
        except (KeyError, TypeError):
            # Neither declared nor recorded, or its parent isn't: what needs them for its ARN has none we know.
            return None
        return self.arn(tail) if tail else None

    def bind(self, node: Node) -> tuple[dict[str, Any], dict[str, Address]]:
        """The bindings of a declared node, and for each the address it comes from."""
        assert node.desired
        asked: list[tuple[Address, Any]] = []

        def arn_of(address: Address) -> Any:
            value = self.nodes[address].arn
            asked.append((address, value))
            return value

        bindings = node.kind.bindings(node.desired.inputs, arn_of)
        causes = {
            field: address
            for field, value in bindings.items()
            for address, arn in asked
            if value == arn or (isinstance(arn, str) and isinstance(value, str) and value.startswith(f"{arn}/"))
        }
        return bindings, causes

    def look(self, kind: Kind, arn: str) -> Mapping[str, Any] | None:
        """The description of what is at an ARN, None if nothing is. Without refresh an empty one."""
        if not self.options.refresh:
            return {}
        if arn not in self._seen:
            self._seen[arn] = describe(kind, arn, self.client)
        return self._seen[arn]

    def find(self, kind: Kind, name: str) -> str | None:
        """The ARN of what was begun under a name and whose ARN the service chose, if it is there."""
        return self._present(kind).get(name)

    def inputs_at(self, kind: Kind, arn: Any) -> Mapping[str, Any] | None:
        """The inputs of what is at an ARN, on record or as the service shows them; None: nobody can tell."""
        if not isinstance(arn, str):
            return None
        row = self.recorded.get(self.managed[arn]) if arn in self.managed else None
        return row.inputs if row and row.arn == arn else kind.recall(self.look(kind, arn) or {})

    def parents(self, description: Mapping[str, Any]) -> tuple[Address, ...]:
        """The addresses whose ARNs, present or former, a description names."""
        found = {self.managed[v] for v in description.values() if isinstance(v, str) and v in self.managed}
        return tuple(sorted(found))

    def foreign(self, node: Node) -> str | None:
        """The ARN of something that has the node's planned name or ARN and that state knows nothing of."""
        there = self._present(node.kind)
        arn = there.get(node.arn) if isinstance(node.arn, str) else there.get(node.name)
        return None if arn is None or arn in self.managed else arn

    def taken(self, kind: Kind, name: str) -> bool:
        """Whether a job's name is in use. What is made below a parent has its names there, to itself."""
        return kind.declared and name in self._present(kind)

    def _present(self, kind: Kind) -> Mapping[str, str]:
        """All of a kind that exist, listed once, when the first of its resources is to be made."""
        if not self.options.refresh:
            return {}
        if kind.name not in self._listed:
            self._listed[kind.name] = present(kind, self.client)
        return self._listed[kind.name]

    @cached_property
    def managed(self) -> dict[str, Address]:
        """The ARNs that state knows, with their addresses."""
        arns = {row.arn: address for address, row in self.recorded.items()}
        for group in (self.deposed, self.intents, self.failures):
            arns |= {entry.arn: a for a, entries in group.items() for entry in entries if entry.arn}
        return arns

    def holder(self, address: Address, name: str) -> str | None:
        """What of ours has a name of the API that an address would get: another address that was given this
        one's place (`moved:`, `state mv`), or what a replacement left. None: it is free.
        """
        other = self._named.get((address.kind, name))
        return None if other is None or other == address else str(other)

    @cached_property
    def _named(self) -> dict[tuple[str, str], Address | str]:
        """Kind and API's name of everything that is on record, and of what replacements left behind."""
        found: dict[tuple[str, str], Address | str] = {
            (address.kind, row.name): address for address, row in self.recorded.items()
        }
        left = (one for entries in self.deposed.values() for one in entries)
        return found | {(one.address.kind, one.name): f"a former {one.address}" for one in left}


def pending_moves(project: Project, recorded: Mapping[Address, Recorded]) -> dict[Address, Address]:
    """The moves that are still to be made: an address that is on record becomes one that is not."""
    return {a: b for a, b in project.moved.items() if a in recorded and b not in recorded}


def _grouped(entries: Sequence[Any]) -> dict[Address, list[Any]]:
    groups: dict[Address, list[Any]] = {}
    for entry in entries:
        groups.setdefault(entry.address, []).append(entry)
    return groups
