"""`--refresh-only`: what the service shows otherwise than state has it is taken into state, and nothing else.

No request that changes anything follows from it. What is wanted is for the next plan, which then starts from
what really runs.
"""

from __future__ import annotations

from collections.abc import Mapping

from pzdecl.errors import UsageError
from pzdecl.kinds.address import Address
from pzdecl.plan import reasons, records
from pzdecl.plan.comparison import drift, overlaid
from pzdecl.plan.model import Action, Op, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.options import PlanOptions
from pzdecl.plan.steps import Draft, removal
from pzdecl.plan.survey import Survey


def check(options: PlanOptions) -> None:
    """Raises UsageError for what can't be asked for together with it."""
    asked = {
        "--no-refresh": not options.refresh,
        "--destroy": options.destroy,
        "--retrain": options.retrain,
        "--replace": options.replace,
        "--allow-destroy": options.allow_destroy,
    }
    if wrong := [name for name, given in asked.items() if given]:
        raise UsageError(
            f"--refresh-only and {wrong[0]} exclude each other",
            hint="--refresh-only changes the state and nothing else: leave out one of them",
        )


def decide(survey: Survey) -> None:
    """Decides every address: what moved behind our back is accepted, what is gone is forgotten."""
    nodes = survey.nodes = {address: survey.node(address) for address in survey.addresses()}
    gone: dict[str, Address] = {}
    for node in nodes.values():
        found = drift(node, survey)
        if found is None or node.recorded is None:
            continue
        if found.missing:
            gone[node.recorded.arn] = node.address
            node.action = Action.FORGET
            node.reasons.append(Reason(ReasonCode.MISSING, "it is not there any more"))
            continue
        _accept(node, survey)
        node.fields = list(found.fields)
        for field in node.fields:
            told = (
                reasons.of_tag(field)
                if field.path.startswith("tags.")
                else reasons.of_field(field, forces=False)
            )
            node.reasons.append(Reason(ReasonCode.DRIFTED, told.text))
    for node in nodes.values():
        _forget_with(node, gone, survey)


def _accept(node: Node, survey: Survey) -> None:
    recorded, live = node.recorded, node.live
    assert recorded is not None
    assert live is not None
    node.action = Action.ACCEPT
    node.inputs, node.bindings = overlaid(node, survey)
    if node.kind.taggable and live.tags is not None:
        node.tags = live.tags


def _forget_with(node: Node, gone: Mapping[str, Address], survey: Survey) -> None:
    """A job goes with what it filled: on record it would say that what is made in its place is full."""
    recorded = node.recorded
    if not node.kind.run_action or recorded is None or node.action is Action.FORGET:
        return
    above = next(
        (gone[arn] for arn in recorded.bindings.values() if isinstance(arn, str) and arn in gone), None
    )
    if above is None:
        return
    if not survey.includes(node.address):
        text = f"{node.address} had filled it, which this plan leaves alone: add --target {node.address}"
        survey.nodes[above].block(Reason(ReasonCode.OUT_OF_SCOPE, text, cause=node.address))
    else:
        node.keep_record()
        node.action, node.fields = Action.FORGET, []
        node.reasons = [Reason(ReasonCode.MISSING, f"{above} is not there any more", cause=above)]


def drafts(survey: Survey) -> dict[Address, list[Draft]]:
    """The steps of each address: rows written or taken out, in any order."""
    return {address: list(_drafts(node)) for address, node in survey.nodes.items()}


def _drafts(node: Node) -> list[Draft]:
    if node.action is Action.ACCEPT:
        return [Draft(f"{Op.RECORD}:{node.address}", Op.RECORD, node.address, record=records.accepted(node))]
    if node.action is Action.FORGET and node.blocked is None:
        return [removal(node, forget=True, deposed=False)]
    return []
