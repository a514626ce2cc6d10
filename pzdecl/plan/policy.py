"""What may not be done: protected resources, and data that nobody has named."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect
from pzdecl.plan import rules
from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import LEAVING, MAKING, Node, Way
from pzdecl.plan.reasons import place
from pzdecl.plan.survey import Survey

DESTRUCTIVE = frozenset({Action.DELETE, Action.REPLACE, Action.FORGET})


def judge(node: Node, survey: Survey) -> None:
    """Blocks a change that protection or held data forbids, and one that must wait for a blocked one."""
    if refusal := _refusal(node, survey) or rules.refusal(node, survey):
        node.block(refusal)
        return
    parents = [survey.nodes[a] for a in node.desired.depends_on] if node.desired else []
    node.root = next((parent.root for parent in parents if parent.root), None)
    if node.root is None:
        return
    moved = any(
        node.bindings.get(field) != (node.recorded.bindings.get(field) if node.recorded else None)
        and survey.nodes[cause].root
        for field, cause in node.causes.items()
    )
    if node.action in MAKING or (node.action in (Action.UPDATE, Action.DEPLOY) and moved):
        node.block(waiting(survey.nodes[node.root], "waits for"), node.root)


def _refusal(node: Node, survey: Survey) -> Reason | None:
    if node.action not in DESTRUCTIVE or node.recorded is None or node.gone:
        return None
    wanted = survey.project.resources.get(node.address)
    if node.recorded.protect or (wanted is not None and wanted.lifecycle.protect):
        verb = {Action.REPLACE: "replaced", Action.DELETE: "deleted"}.get(node.action, "forgotten")
        if wanted is not None and not wanted.lifecycle.protect:
            text = f"{node.address} is still protected: this apply lifts that, the next one can have it {verb}"
        else:
            remedy = "set lifecycle.protect to false and apply that first"
            text = f"{node.address} is protected, so it is not {verb}: {remedy}"
        return Reason(ReasonCode.PROTECTED, text, place(wanted, "lifecycle.protect") if wanted else None)
    if not node.kind.holds_data or node.action is Action.FORGET or survey.options.destroy:
        return None
    if node.address in survey.allowed or (node.live and (node.live.broken or node.live.going)):
        return None
    verb = "replacing" if node.action is Action.REPLACE else "deleting"
    return Reason(
        ReasonCode.HOLDS_DATA,
        f"{node.address} holds data, and {verb} it loses that: allow it with --allow-destroy {node.address}",
    )


def waiting(root: Node, relation: str) -> Reason:
    """Why something is blocked by what happens to another one, which is blocked itself."""
    assert root.blocked
    return Reason(root.blocked.code, f"{relation} {root.address}, which is blocked", cause=root.address)


def spread(nodes: Mapping[Address, Node]) -> None:
    """Blocks the deletion of whatever a resource needs that is not going to leave it.

    That is one whose change is blocked, or that is retained. What is retained is then not forgotten either, nor
    is a version or import, which can't be deleted, while the parent that it would have gone with stays.
    """
    queue = [node for node in nodes.values() if node.recorded and (node.blocked or retained(node))]
    kept: list[tuple[Node, Node]] = []
    while queue:
        node = queue.pop(0)
        assert node.recorded
        for address in node.recorded.dependencies:
            parent = nodes.get(address)
            if parent is None or parent.action not in LEAVING or parent.blocked or parent.gone:
                continue
            if node.blocked:
                root = nodes[node.root or node.address]
                parent.block(waiting(root, "is needed by"), root.address)
                queue.append(parent)
            elif parent.action is Action.DELETE:
                remedy = "retain it too (lifecycle.onDelete), or delete both"
                text = f"{node.address} is retained and needs it: {remedy}"
                parent.block(Reason(ReasonCode.PROTECTED, text, cause=node.address))
                queue.append(parent)
                kept.append((node, parent))
    for node, parent in kept:
        # Forgotten, it would be in the way of the parent's deletion without anybody knowing.
        node.block(waiting(parent, "stays with"), parent.address)
    for node in nodes.values():
        if node.action is Action.FORGET and not node.kind.deletable and not node.blocked and node.recorded:
            held = (nodes.get(address) for address in node.recorded.dependencies)
            stays = next((p for p in held if p and p.action in LEAVING and p.blocked and not p.desired), None)
            if stays and not node.gone:
                node.block(waiting(nodes[stays.root or stays.address], "stays with"), stays.root)


def retained(node: Node) -> bool:
    """Whether it is let go, and is there and stays."""
    return node.action is Action.FORGET and node.kind.deletable and not node.gone


def hold(nodes: Iterable[Node], survey: Survey) -> dict[Address, Reason]:
    """Changes that make no sense while another one is blocked; deciding starts over with these blocked too.

    Replacing a schema whose dataset may not be replaced would only leave two schemas; so it is the schema's
    replacement that is refused, and the dataset stays as it is. What takes the place of something that is not
    deleted can't be created either.
    """
    held: dict[Address, list[Node]] = {}
    for node in nodes:
        if not node.blocked or node.action is not Action.REPLACE:
            continue
        for change in node.fields:
            cause = node.causes.get(change.path)
            parent = survey.nodes[cause] if cause else None
            if (
                change.effect is Effect.REPLACE
                and parent
                and parent.action is Action.REPLACE
                and not parent.blocked
            ):
                held.setdefault(parent.address, []).append(node)
    return {address: _consequence(followers) for address, followers in held.items()}


def _consequence(followers: list[Node]) -> Reason:
    first = followers[0]
    assert first.blocked
    names = ", ".join(str(node.address) for node in followers)
    if all(
        node.blocked and node.blocked.code is ReasonCode.HOLDS_DATA and node.root == node.address
        for node in followers
    ):
        flags = " ".join(f"--allow-destroy {node.address}" for node in followers)
        text = f"replacing it means replacing {names}, which would lose data: allow it with {flags}"
    else:
        text = f"replacing it means replacing {names}: {first.blocked.text}"
    return Reason(first.blocked.code, text, cause=first.address)


def place_of(node: Node) -> tuple[str, object]:
    """What a planned resource of a `one_per_parent` kind occupies: its ARN, or its parent where that says
    nothing.
    """
    return (node.address.kind, node.arn if isinstance(node.arn, str) else node.bindings.get(PARENT))


def places(nodes: Iterable[Node]) -> dict[tuple[str, object], Node]:
    """Where resources that are to be deleted stand, so that another one can't be made before they are gone."""
    return occupied(node for node in nodes if node.action is Action.DELETE)


def occupied(nodes: Iterable[Node]) -> dict[tuple[str, object], Node]:
    """The places of recorded resources of `one_per_parent` kinds, as `place_of` tells them."""
    found: dict[tuple[str, object], Node] = {}
    for node in nodes:
        if node.recorded and node.kind.one_per_parent:
            found[node.address.kind, node.recorded.arn] = node
            found[node.address.kind, node.recorded.bindings.get(PARENT)] = node
    return found


PARENT = "datasetGroupArn"
"""The binding within which `one_per_parent` holds."""


def way(node: Node, before: Mapping[str, object]) -> Way:
    """Whether the new one can be made beside the old one."""
    if node.kind.one_per_parent and before.get(PARENT) == node.bindings.get(PARENT):
        return Way.DELETE_FIRST
    return Way.CREATE_FIRST
