"""Making a plan: look, decide address by address, judge, and write down the steps."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Project
from pzdecl.plan import acceptance, actions, costs, policy, reasons, removals, runs
from pzdecl.plan.comparison import drift
from pzdecl.plan.diff import shown
from pzdecl.plan.leftovers import abandon_all, clear_deposed
from pzdecl.plan.model import Action, Change, Drift, Op, Plan, Reason, ReasonCode, attempt
from pzdecl.plan.node import MAKING, Node
from pzdecl.plan.options import PlanOptions
from pzdecl.plan.order import ordered
from pzdecl.plan.steps import Draft
from pzdecl.plan.survey import Survey
from pzdecl.plan.uploads import upload
from pzdecl.plan.usage import block_used
from pzdecl.plan.wiring import Wiring
from pzdecl.providers.client import ReadClient, ReadOnly
from pzdecl.state.codec import row_fingerprint
from pzdecl.state.model import Reader


def make(project: Project, reader: Reader, client: ReadClient, options: PlanOptions | None = None) -> Plan:
    """Plans what brings the service to what the project declares.

    Reads state through `reader` and the service through the reading half of `client`; writes nothing. Equal
    input gives an equal plan. Raises UsageError for options that name what is not there, ServiceError where the
    service can't be read, PzdeclError for a cycle.
    """
    options = options or PlanOptions()
    if options.refresh_only:
        acceptance.check(options)
    survey = Survey(project, reader, ReadOnly(client), options)
    if options.refresh_only:
        acceptance.decide(survey)
        drafts = acceptance.drafts(survey)
        steps = [draft.step() for of_address in drafts.values() for draft in of_address]
    else:
        _decide_all(survey)
        steps, drafts = Wiring(survey).steps()
    told = [node for node in survey.nodes.values() if survey.includes(node.address)]
    changes = [change for node in told for change in _changes(node, drafts[node.address], survey)]
    return Plan(
        project=project.name,
        environment=project.environment,
        lineage=reader.lineage,
        changes=tuple(sorted(changes, key=lambda change: (change.address, change.deposed or ""))),
        steps=tuple(steps),
        drift=_drift(survey),
        expects=_expects(survey, {step.address for step in steps}),
        attempts=_attempts(survey, {step.address for step in steps}),
        warnings=project.warnings,
        partial=survey.options.scope is not None,
        refresh_only=options.refresh_only,
    )


def _decide_all(survey: Survey) -> None:
    """Decides until no decision blocks another one."""
    held: dict[Address, Reason] = {}
    while True:
        _decide(survey, held)
        more = policy.hold(survey.nodes.values(), survey)
        if not more.keys() - held.keys():
            break
        held |= more


def _decide(survey: Survey, held: Mapping[Address, Reason]) -> None:
    """Decides every address: first what goes, then what is wanted, each after all that it depends on."""
    nodes = survey.nodes = {address: survey.node(address) for address in survey.addresses()}
    chosen = [node for node in nodes.values() if survey.includes(node.address)]
    removed = [node for node in chosen if node.desired is None]
    for node in removed:
        removals.decide(node, survey)
        policy.judge(node, survey)
    policy.spread(nodes)
    left_alone = (node for node in nodes.values() if node.desired is None and not survey.includes(node.address))
    places = (
        policy.occupied(left_alone) | policy.places(removed) | policy.occupied(filter(policy.retained, removed))
    )
    wanted = {node.address: node.desired.depends_on for node in chosen if node.desired}
    sequence = ordered(wanted)
    for address in sequence:
        node = nodes[address]
        (runs if node.kind.run_action else actions).decide(node, survey)
        if node.blocked is None:
            policy.judge(node, survey)
        if node.blocked is None:
            _await(node, places, held, survey)
    policy.spread(nodes)
    for node in nodes.values():
        if not survey.includes(node.address):
            runs.overlook(node, survey)
    removals.tell_renames((nodes[address] for address in sequence), removed)
    if removals.hold(removed, survey):
        policy.spread(nodes)
    for node in chosen:
        if node.action not in MAKING:
            abandon_all(node, survey)
        clear_deposed(node, survey)
    if block_used(nodes):
        policy.spread(nodes)


def _await(
    node: Node, places: Mapping[tuple[str, object], Node], held: Mapping[Address, Reason], survey: Survey
) -> None:
    """Blocks a change for what can't be had: a place, a version that nobody trains, something to follow it."""
    if reason := held.get(node.address):
        if node.action is Action.REPLACE:
            node.block(reason)
        return
    other = places.get(policy.place_of(node)) if node.kind.one_per_parent and node.runs else None
    node.recreated |= other is not None
    if other and not survey.includes(other.address):
        text = f"takes the place of {other.address}, which this plan leaves alone: add --target {other.address}"
        node.block(Reason(ReasonCode.OUT_OF_SCOPE, text, cause=other.address))
        return
    if other and other.blocked:
        text = f"takes the place of {other.address}, which is not deleted: {other.blocked.text}"
        node.block(Reason(other.blocked.code, text, cause=other.address))
        return
    if other and policy.retained(other):
        text = f"takes the place of {other.address}, which is retained: keep it under this address (`moved:`)"
        node.block(Reason(ReasonCode.PROTECTED, text, cause=other.address))
        # Forgotten, it would be in the way without anybody knowing.
        other.block(policy.waiting(node, "stays while its place is wanted by"), node.address)
        return
    absent = next((cause for cause in node.causes.values() if survey.nodes[cause].absent), None)
    if absent and node.action is not Action.NO_OP:
        text = f"{absent} has never been trained, and training it waits for --retrain {absent}"
        node.block(Reason(ReasonCode.NOT_TRAINED, text, cause=absent))


def _changes(node: Node, drafts: list[Draft], survey: Survey) -> Iterable[Change]:
    """The node's own change, and one for each leftover that goes without being a part of it."""
    apart = {left.arn: left for left in node.leftovers if left.own}
    own = tuple(one.id for one in drafts if not (one.deposed and one.arn in apart))
    if node.desired is not None or node.recorded is not None:
        before = _before(node)
        after = before if node.action is Action.NO_OP and before else _after(node)
        yield Change(
            address=node.address,
            action=node.action,
            reasons=tuple(node.reasons),
            fields=tuple(node.fields) if node.action is not Action.NO_OP or node.blocked else (),
            before=before,
            after=after,
            after_unknown=_unknown(node) if after else (),
            name=node.name if _is_to_be(node) else None,
            position=reasons.source(node),
            blocked=node.blocked,
            steps=own,
            previous=survey.came_from.get(node.address),
            seconds=costs.seconds(node, survey),
            upload=upload(node, survey),
        )
    for one in drafts:
        if one.deposed and one.arn in apart:
            left, forget = apart[one.arn], one.op is Op.FORGET
            reason = left.reason
            if forget and not left.keep:
                text = f"{left.name} was replaced earlier and is left where it is: something retained needs it"
                reason = Reason(ReasonCode.LEFT_OVER, text)
            yield Change(
                address=node.address,
                action=Action.FORGET if forget else Action.DELETE,
                reasons=(reason,),
                before={"name": left.name, "arn": left.arn},
                deposed=left.name,
                steps=(one.id,),
            )


def _before(node: Node) -> dict[str, Any] | None:
    row = node.recorded
    return _values(row.name, row.arn, row.inputs, row.bindings, row.tags) if row else None


def _is_to_be(node: Node) -> bool:
    """Whether something will be on record afterwards."""
    wanted = node.desired is not None or node.action is Action.ACCEPT
    return wanted and not (node.absent and node.recorded is None)


def _after(node: Node) -> dict[str, Any] | None:
    if not _is_to_be(node):
        return None
    return _values(node.name, node.arn, node.inputs, node.bindings, node.tags)


def _values(
    name: str, arn: Any, inputs: Mapping[str, Any], bindings: Mapping[str, Any], tags: Mapping[str, str]
) -> dict[str, Any]:
    return {"name": name, "arn": arn, "spec": shown(inputs), "bindings": shown(bindings), "tags": dict(tags)}


def _unknown(node: Node) -> tuple[str, ...]:
    if node.action is Action.NO_OP:
        return ()
    unknown = [f"bindings.{field}" for field, arn in sorted(node.bindings.items()) if isinstance(arn, Mapping)]
    return ("arn", *unknown) if isinstance(node.arn, Mapping) else tuple(unknown)


def _drift(survey: Survey) -> tuple[Drift, ...]:
    found = (drift(node, survey) for node in survey.nodes.values())
    return tuple(one for one in found if one)


def _expects(survey: Survey, touched: Iterable[Address]) -> dict[str, str | None]:
    """The rows that the steps touch or build on, as they are now."""
    wanted: set[Address] = set()
    for address in touched:
        node = survey.nodes[address]
        wanted.add(address)
        if node.desired and node.runs:
            wanted.update(node.desired.depends_on)
    wanted.update(survey.came_from[address] for address in wanted & survey.came_from.keys())
    return {str(address): row_fingerprint(survey.original.get(address)) for address in sorted(wanted)}


def _attempts(survey: Survey, touched: Iterable[Address]) -> tuple[str, ...]:
    """What earlier runs began or failed at, of the addresses that the steps touch."""
    nodes = [survey.nodes[address] for address in touched]
    begun = {attempt(intent) for node in nodes for intent in node.intents}
    return tuple(sorted(begun | {attempt(failure) for node in nodes for failure in node.failures}))
