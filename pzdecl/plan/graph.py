"""A plan's resources as a networkx graph: for `pzdecl graph`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pzdecl.manifests.model import Project
from pzdecl.plan.model import Action, Plan

if TYPE_CHECKING:
    import networkx


def graph(project: Project, plan: Plan | None = None) -> networkx.DiGraph[Any]:
    """Nodes are addresses as text with `kind`, `name`, `action` and `blocked`; edges lead from what is needed
    to what needs it. Without a plan every action is `no-op`. What a plan deletes is among the nodes. All
    sorted.
    """
    import networkx

    made: networkx.DiGraph[Any] = networkx.DiGraph()
    changes = {change.address: change for change in plan.changes if not change.deposed} if plan else {}
    for address in sorted({*project.resources, *changes}):
        change = changes.get(address)
        made.add_node(
            str(address),
            kind=address.kind,
            name=address.name,
            action=str(change.action if change else Action.NO_OP),
            blocked=bool(change and change.blocked),
        )
    for address, desired in sorted(project.resources.items()):
        for needed in desired.depends_on:
            made.add_edge(str(needed), str(address))
    return made
