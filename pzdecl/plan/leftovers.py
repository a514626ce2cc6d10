"""What earlier runs left: attempts that failed or were abandoned, and what replacements left to be deleted."""

from __future__ import annotations

from pzdecl.plan import naming, policy, reasons
from pzdecl.plan.model import BEGINNINGS, Reason, ReasonCode
from pzdecl.plan.node import Leftover, Node
from pzdecl.plan.survey import Survey


def clear_attempts(node: Node, op: str, survey: Survey) -> None:
    """Sees to failed and unfinished attempts at something that is about to be made under `node.name`.

    The very same attempt, not finished, is gone on with. Everything else is deleted, where it is there and the
    service can delete it: before the new one is made if it has the same name.
    """
    if node.failures:
        node.reasons.insert(0, reasons.of_failure(node.failures))
    for failure in node.failures:
        if failure.op in BEGINNINGS:
            _abandon(node, failure.name, failure.arn, "failed", survey)
    step = naming.creation(op, node, survey.nodes)
    for intent in node.intents:
        if intent.op not in BEGINNINGS:
            continue
        if intent.name == node.name and (intent.step == step or node.kind.run_action):
            node.reasons.append(reasons.resumed(node.name, node.address))
        else:
            _abandon(node, intent.name, intent.arn, "was begun and is not wanted any more", survey)


def abandon_all(node: Node, survey: Survey) -> None:
    """Sees to the failed and unfinished attempts at an address that is not made by this plan."""
    for failure in node.failures:
        if failure.op in BEGINNINGS:
            _abandon(node, failure.name, failure.arn, "failed", survey, own=True)
    for intent in node.intents:
        if intent.op in BEGINNINGS:
            _abandon(node, intent.name, intent.arn, "was begun and is not wanted any more", survey, own=True)


def _abandon(
    node: Node, name: str | None, arn: str | None, what: str, survey: Survey, *, own: bool = False
) -> None:
    if name is None or not node.kind.deletable:
        return
    arn = arn or survey.predicted(node, name) or survey.find(node.kind, name)
    if arn is None or any(left.arn == arn for left in node.leftovers):
        return
    if node.recorded and arn == node.recorded.arn:
        return
    description = survey.look(node.kind, arn)
    if description is None:
        return
    reason = Reason(ReasonCode.LEFT_OVER, f"an earlier attempt ({name}) {what}")
    first = not own and (name == node.name or arn == node.arn)
    above, parent = survey.parents(description), description.get(policy.PARENT)
    node.leftovers.append(Leftover(name, arn, above, reason, parent, first=first, own=own))


def clear_deposed(node: Node, survey: Survey) -> None:
    """What replacements left goes too, once nothing uses it: that is for the steps to find out."""
    retain = (
        node.desired.lifecycle.on_delete
        if node.desired
        else node.recorded.on_delete
        if node.recorded
        else "delete"
    ) == "retain"
    for former in node.deposed:
        if any(left.arn == former.arn for left in node.leftovers):
            continue
        description = survey.look(node.kind, former.arn)
        there = description is not None
        parent = (description or {}).get(policy.PARENT)
        reason = Reason(ReasonCode.LEFT_OVER, f"{former.name} was replaced earlier and is not used any more")
        node.leftovers.append(
            Leftover(
                former.name,
                former.arn,
                former.dependencies,
                reason,
                parent,
                keep=retain or not there,
                retained=retain and there,
                own=True,
            )
        )
