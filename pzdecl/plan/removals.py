"""What happens to a resource that is not declared any more, and which new one it has become.

One that is created anew under another name is deleted after that, and stays while that is refused: otherwise
nothing would answer in between, or at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pzdecl.kinds.address import Address
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

    What refers to something renamed is the same if it referred to that by its former name. So `created` come
    after what they need. The API's names are fixed, so one is created and the other deleted.
    """
    left: dict[tuple[str, str], list[Node]] = {}
    for node in removed:
        if node.recorded and node.action is Action.DELETE and not node.blocked:
            left.setdefault(_nature(node, node.recorded.inputs), []).append(node)
    former: dict[Address, str] = {}
    for node in created if left else ():
        if node.action is not Action.CREATE or node.recorded:
            continue
        same = left.get(_nature(node, _formerly(node, former)))
        if not same:
            continue
        old = same.pop(0)
        former[node.address] = old.address.name
        node.reasons[0] = Reason(
            ReasonCode.RENAMED,
            f"renamed from {old.address}: the API's names are fixed, "
            f"so it is created anew and {old.address} deleted",
            node.desired.position if node.desired else None,
            old.address,
        )
        old.reasons[0] = Reason(ReasonCode.RENAMED, f"renamed to {node.address}", source(old), node.address)
        old.successor = node.address


def _formerly(node: Node, former: Mapping[Address, str]) -> Mapping[str, Any]:
    """The wanted inputs, with former names in the references to what is renamed."""
    changed = {}
    for path, kind in node.kind.refers_to.items():
        name = node.inputs.get(path)
        if isinstance(name, str) and (known := former.get(Address(kind, name))):
            changed[path] = known
    return {**node.inputs, **changed} if changed else node.inputs


def hold(removed: Iterable[Node], survey: Survey) -> bool:
    """Keeps what is renamed where the new one may not be made, unless a `removed:` document lets it go. Returns
    whether there was any.
    """
    found = False
    for node in removed:
        new = survey.nodes[node.successor] if node.successor else None
        if new and new.blocked and node.address not in survey.project.removed:
            text = f"stays until {new.address}, its new name, is there, which is blocked"
            node.block(Reason(new.blocked.code, text, cause=new.address), new.root)
            found = True
    return found


def _nature(node: Node, inputs: Mapping[str, Any]) -> tuple[str, str]:
    return node.address.kind, canonical(inputs)
