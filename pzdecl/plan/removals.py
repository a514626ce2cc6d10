"""What happens to a resource that is not declared any more, and which new one it has become."""

from __future__ import annotations

from collections.abc import Iterable

from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.reasons import source
from pzdecl.plan.survey import Survey
from pzdecl.state.codec import canonical


def decide(node: Node, survey: Survey) -> None:
    """Fills in a node that nobody declares (or, when all is to be destroyed, that is declared all the same)."""
    recorded = node.recorded
    if recorded is None:
        return
    wanted = survey.project.resources.get(node.address)
    on_delete = wanted.lifecycle.on_delete if wanted else recorded.on_delete
    told = None if wanted or survey.options.destroy else survey.project.removed.get(node.address)
    if survey.options.destroy:
        reason = Reason(ReasonCode.REQUESTED, "everything is to be destroyed")
    else:
        reason = Reason(ReasonCode.NOT_DECLARED, "not declared any more", source(node))
    node.action = Action.DELETE
    if node.gone:
        node.action = Action.FORGET
        reason = Reason(reason.code, f"{reason.text}, and gone already", reason.position)
    elif told and not told.destroy:
        node.action = Action.FORGET
        reason = Reason(reason.code, f"{reason.text}; removed: says to leave it as it is", told.position)
    elif on_delete == "retain" and not told:
        node.action = Action.FORGET
        reason = Reason(reason.code, f"{reason.text}; lifecycle.onDelete says to retain it", reason.position)
    elif not node.kind.deletable:
        node.action = Action.FORGET
        reason = Reason(
            reason.code, f"{reason.text}; the service has no way to delete one by itself", reason.position
        )
    node.reasons.append(reason)


def tell_renames(created: Iterable[Node], removed: Iterable[Node]) -> None:
    """Tells which creations are an old resource under a new name: one of that kind with the same inputs goes.

    Nothing follows from it: the API's names are fixed, so one is created and the other deleted.
    """
    left: dict[tuple[str, str], list[Node]] = {}
    for node in removed:
        if node.recorded and node.action is Action.DELETE:
            left.setdefault(_nature(node), []).append(node)
    for node in created:
        if node.action is not Action.CREATE or node.recorded or not (same := left.get(_nature(node))):
            continue
        old = same.pop(0)
        node.reasons[0] = Reason(
            ReasonCode.RENAMED,
            f"renamed from {old.address}: the API's names are fixed, "
            f"so it is created anew and {old.address} deleted",
            node.desired.position if node.desired else None,
            old.address,
        )
        old.reasons[0] = Reason(ReasonCode.RENAMED, f"renamed to {node.address}", source(old), node.address)


def _nature(node: Node) -> tuple[str, str]:
    return node.address.kind, canonical(node.recorded.inputs if node.recorded else node.inputs)
