"""What happens to a declared resource that is not a job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from pzdecl.kinds.base import Effect
from pzdecl.kinds.fields import flatten, within
from pzdecl.plan import gates, naming, pins, policy, reasons
from pzdecl.plan.comparison import Comparison, compare
from pzdecl.plan.leftovers import clear_attempts
from pzdecl.plan.model import Action, FieldChange, Reason, ReasonCode
from pzdecl.plan.node import Node, Way
from pzdecl.plan.survey import Survey

SAME, OTHERWISE = "same", "otherwise"


def decide(node: Node, survey: Survey) -> None:
    """Fills in a node whose parents are decided."""
    assert node.desired
    bindings, node.causes = survey.bind(node)
    bindings = pins.hold(node, bindings, survey)
    absent = node.recorded is None or (node.live is not None and node.live.missing)
    begun = None if absent else _begun_again(node, bindings, survey)
    if absent or begun == SAME:
        _create(node, bindings, survey)
        if node.blocked is None:
            gates.judge(node, survey)
        return
    comparison = compare(node, bindings, survey)
    node.inputs, node.bindings, node.tags = comparison.inputs, comparison.bindings, comparison.tags
    node.fields = [*comparison.fields, *comparison.tag_fields]
    add_lifecycle(node)
    if node.live is not None and (node.live.broken or node.live.going or begun == OTHERWISE):
        _make_again(node, survey)
    elif _must_replace(node, comparison, survey):
        _replace(node, survey)
    else:
        _update(node, comparison, survey)
    gates.judge(node, survey)
    pins.tell(node, survey)


def _create(node: Node, bindings: Mapping[str, object], survey: Survey) -> None:
    recorded, there = node.recorded, node.live is not None and not node.live.missing
    assert node.desired
    node.action = Action.CREATE
    _as_wanted(node, bindings, survey)
    holder = None if recorded else survey.holder(node.address, node.name)
    if holder:
        node.name = naming.replacement(node.address, node.inputs, node.name, survey.prefix)
    _settle_arn(node, survey)
    node.recreated = recorded is not None
    if recorded is None:
        node.reasons.append(Reason(ReasonCode.NEW, "new", node.desired.position))
        if holder:
            text = f"it is called {node.name} in the service, where {holder} has its name"
            node.reasons.append(Reason(ReasonCode.NAME_TAKEN, text))
    elif not there:
        node.reasons.append(Reason(ReasonCode.MISSING, "it is not there any more, so it is created again"))
    clear_attempts(node, "create", survey)
    _check_name(node, survey)


def _as_wanted(node: Node, bindings: Mapping[str, object], survey: Survey) -> None:
    """The node as its manifest wants it, under the name on record or its own."""
    desired, recorded = node.desired, node.recorded
    assert desired
    node.inputs, node.tags = survey.secrets.hidden(desired), desired.tags if node.kind.taggable else {}
    node.bindings = survey.secrets.bindings(desired, bindings, token=False) if desired.sensitive else bindings
    node.name = recorded.name if recorded else naming.plain(node.address, survey.prefix)


def _begun_again(node: Node, bindings: Mapping[str, object], survey: Survey) -> str | None:
    """How a run that was cut short had begun to make the resource anew, since it was gone: SAME or OTHERWISE
    than it is wanted now; None where none had.

    What stands at the ARN on record is what that run made, and the record tells of its predecessor.
    """
    assert node.recorded
    begun = {one.step for one in node.intents if one.op == "create" and one.name == node.recorded.name}
    if not begun:
        return None
    _as_wanted(node, bindings, survey)
    if naming.creation("create", node, survey.nodes) in begun:
        return SAME
    wanted = node.inputs
    node.keep_record()
    return None if _shows_all(node, wanted) else OTHERWISE


def _shows_all(node: Node, wanted: Mapping[str, object]) -> bool:
    """Whether the service shows all that the resource is made from: then comparing finds what is different."""
    assert node.desired
    seen = () if node.live is None else (*node.live.observed, *(r.field for r in node.desired.references))
    made_from = [*flatten(wanted), *flatten(node.recorded.inputs if node.recorded else {})]
    return node.live is None or all(within(path, *seen) for path, _ in made_from)


def _make_again(node: Node, survey: Survey) -> None:
    """What is there never came to be, is being deleted, or was begun otherwise: it goes, and is made again
    under the same name.
    """
    assert node.live is not None
    assert node.recorded is not None
    node.action, node.way, node.recreated = Action.REPLACE, Way.DELETE_FIRST, True
    node.name = node.recorded.name
    _settle_arn(node, survey)
    if node.live.broken:
        node.reasons.insert(0, Reason(ReasonCode.FAILED_BEFORE, f"its creation failed: {node.live.failure()}"))
    elif node.live.going:
        node.reasons.insert(0, Reason(ReasonCode.MISSING, "somebody is deleting it, so it is created again"))
    else:
        text = "it was gone, and an earlier run that did not finish began to make it otherwise"
        node.reasons.insert(0, Reason(ReasonCode.LEFT_OVER, text))


def _must_replace(node: Node, comparison: Comparison, survey: Survey) -> bool:
    assert node.recorded
    forcing = [f for f in comparison.fields if f.effect is Effect.REPLACE]
    for field in forcing:
        why = _why(node, field, survey, forces=True)
        refused = comparison.refused.get(field.path)
        node.reasons.append(
            replace(why, text=f"{why.text}, and no update can do it: {refused}") if refused else why
        )
    if node.address in survey.replace:
        node.reasons.append(Reason(ReasonCode.REQUESTED, "asked for with --replace"))
    elif not forcing:
        # A replacement that was asked for and cut short goes on, although nobody asks for it this time.
        name = naming.replacement(node.address, node.inputs, node.recorded.name, survey.prefix)
        return any(intent.op == "create" and intent.name == name for intent in node.intents)
    return True


def _replace(node: Node, survey: Survey) -> None:
    recorded = node.recorded
    assert recorded
    node.action = Action.REPLACE
    node.way = policy.way(node, recorded.bindings)
    if node.way is Way.DELETE_FIRST:
        node.recreated = True
        node.name = naming.plain(node.address, survey.prefix)
    if node.way is Way.CREATE_FIRST or survey.holder(node.address, node.name) or _is_foreign(node, survey):
        node.name = naming.replacement(node.address, node.inputs, recorded.name, survey.prefix)
    _settle_arn(node, survey)
    clear_attempts(node, "create", survey)
    if node.way is Way.CREATE_FIRST:
        _check_name(node, survey)


def _is_foreign(node: Node, survey: Survey) -> bool:
    """Whether something that is not known any more has the name: a former one that was retained, say."""
    assert node.recorded
    ours = {node.recorded.name, *(intent.name for intent in node.intents)}
    return node.name not in ours and survey.taken(node.kind, node.name)


def _update(node: Node, comparison: Comparison, survey: Survey) -> None:
    for field in comparison.fields:
        if field.effect is not Effect.METADATA:
            node.request = True
            node.reasons.append(
                _why(node, field, survey, forces=False, drifted=field.path in comparison.drifted)
            )
    node.reasons += [reasons.of_tag(field) for field in comparison.tag_fields]
    if any(field.effect is Effect.SWITCH for field in comparison.fields):
        node.action = Action.DEPLOY
    elif node.reasons:
        node.action = Action.UPDATE
    set_tag_changes(node, comparison.tag_fields)
    if node.request and node.intents:
        node.reasons.append(Reason(ReasonCode.RESUMED, "a run began it and has not finished it"))


def set_tag_changes(node: Node, fields: tuple[FieldChange, ...]) -> None:
    """Splits tag changes into what is set and what is taken away."""
    keys = {field.path.removeprefix("tags."): field.after for field in fields}
    node.set_tags = {key: value for key, value in keys.items() if value is not None}
    node.unset_tags = tuple(key for key, value in keys.items() if value is None)


def add_lifecycle(node: Node) -> None:
    """Protection and what a deletion does are kept in state: changing them is a change, if only of the
    record.
    """
    desired, recorded = node.desired, node.recorded
    assert desired is not None
    assert recorded is not None
    pairs = (
        ("lifecycle.protect", recorded.protect, desired.lifecycle.protect),
        ("lifecycle.onDelete", recorded.on_delete, desired.lifecycle.on_delete),
    )
    for path, before, after in pairs:
        if before != after:
            change = FieldChange(path, before, after, Effect.METADATA, reasons.place(desired, path))
            node.fields.append(change)
            node.reasons.append(reasons.of_field(change, forces=False))


def _why(node: Node, field: FieldChange, survey: Survey, *, forces: bool, drifted: bool = False) -> Reason:
    """Why a field changes: its manifest, something above it, or somebody else."""
    cause = node.causes.get(field.path)
    parent = survey.nodes.get(cause) if cause else None
    if parent is not None and parent.runs:
        return reasons.of_parent(parent)
    reason = reasons.of_field(field, forces=forces)
    if drifted:
        return Reason(ReasonCode.DRIFTED, f"{reason.text}: somebody changed it", field.position)
    return reason


def _settle_arn(node: Node, survey: Survey) -> None:
    node.arn = survey.predicted(node, node.name) or {"$arn": str(node.address)}


def _check_name(node: Node, survey: Survey) -> None:
    """Refuses to create what would collide with a resource that state knows nothing of."""
    if any(intent.name == node.name for intent in node.intents):
        return
    arn = survey.foreign(node)
    if arn is None:
        return
    node.block(
        Reason(
            ReasonCode.NAME_TAKEN,
            f"something of this kind and name is there that is not managed here ({arn}): "
            f"take it over (`pzdecl adopt {node.address} ARN`), give this one another name, or delete that one",
        )
    )
