"""Whether a job (an import, a training) runs, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect, Kind
from pzdecl.kinds.fields import lookup
from pzdecl.plan import naming, reasons, triggers
from pzdecl.plan.actions import add_lifecycle, set_tag_changes
from pzdecl.plan.comparison import Comparison, compare
from pzdecl.plan.diff import replaced
from pzdecl.plan.leftovers import clear_attempts
from pzdecl.plan.model import BEGINNINGS, Action, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.survey import Survey

CONFIG, DATA, MANUAL = "config", "data", "manual"
"""What calls for a training (`training.when`). Jobs that do not say are called for by both."""


def decide(node: Node, survey: Survey) -> None:
    """Fills in a job whose parents are decided."""
    desired, recorded = node.desired, node.recorded
    assert desired
    bindings, node.causes = survey.bind(node)
    comparison = compare(node, bindings, survey) if recorded else None
    inputs = survey.secrets.hidden(desired)
    if desired.sensitive:
        bindings = survey.secrets.bindings(desired, bindings, token=False)
    contents = _contents(node, survey)
    node.triggers = triggers.standing(node, survey)
    name = _run_name(node, inputs, bindings, contents, survey)
    node.reasons = _why(node, comparison, bindings, contents, survey)
    if comparison and not node.reasons and node.kind.declared and _begun_otherwise(node, name):
        node.reasons.append(Reason(ReasonCode.LEFT_OVER, "an earlier run began something else"))
    if node.reasons or any(intent.name == name for intent in node.intents):
        node.action = Action(node.kind.run_action or "")
        node.inputs, node.bindings, node.name = inputs, bindings, name
        node.tags = desired.tags if node.kind.taggable else {}
        node.data = {address: _kept(content, node, name) for address, content in contents.items()}
        node.arn = survey.predicted(node, name) or {"$arn": str(node.address)}
        clear_attempts(node, node.kind.run_action or "", survey)
    elif comparison is None:
        node.absent, node.arn = True, {"$arn": str(node.address)}
    else:
        _relabel(node, comparison)
        if contents and recorded and recorded.data is not None and node.kind.from_imports:
            # The same content under other names: an import was renamed, or one is gone.
            changed = _data(node, contents)
            node.data = recorded.data if changed else {a: _kept(c, node, name) for a, c in contents.items()}


def _run_name(
    node: Node,
    inputs: Mapping[str, Any],
    bindings: Mapping[str, Any],
    contents: Mapping[str, Mapping[str, Any]],
    survey: Survey,
) -> str:
    """The name of the next run. Jobs can't be deleted, so one of a project that was destroyed may still have
    it.
    """
    assert node.desired
    identities: dict[str, Any] = {address: content.get("sha256") for address, content in contents.items()}
    if node.kind.declared:
        # What is begun is gone on with under its tags; a training is too dear to be begun again for a label.
        identities["tags"] = dict(node.desired.tags)
        # A run that was begun before what it fills was made anew, or cleared by a FULL import, is another run.
        identities["above"] = [
            [str(parent.address), parent.name, parent.inputs, parent.bindings]
            for parent in (survey.nodes[address] for address in node.desired.depends_on)
            if parent.address in node.causes.values() or _beside(parent, node, bindings)
        ]
    if node.triggers:
        identities["triggers"] = node.triggers
    previous = node.recorded.name if node.recorded else None
    begun = {intent.name for intent in node.intents}
    failures = len(node.failures)
    while True:
        name = naming.run(
            node.kind,
            node.address,
            inputs,
            bindings,
            contents=identities,
            previous=previous,
            failures=failures,
            prefix=survey.prefix,
        )
        if name in begun or not survey.taken(node.kind, name):
            return name
        failures += 1


def _relabel(node: Node, comparison: Comparison) -> None:
    """No run: what only labels the job, or says when it is to run, changes all the same."""
    recorded = node.recorded
    assert recorded
    inputs: Mapping[str, Any] = recorded.inputs
    node.fields = [field for field in comparison.fields if field.effect is Effect.METADATA]
    for path in sorted({field.path.split("[")[0] for field in node.fields}):
        inputs = replaced(inputs, path, lookup(comparison.inputs, path))
    node.inputs, node.tags = inputs, comparison.tags
    tag_fields = () if node.gone else comparison.tag_fields
    node.fields += tag_fields
    node.reasons += [reasons.of_tag(field) for field in tag_fields]
    add_lifecycle(node)
    set_tag_changes(node, tag_fields)
    if node.reasons:
        node.action = Action.UPDATE


def _why(
    node: Node,
    comparison: Comparison | None,
    bindings: Mapping[str, Any],
    contents: Mapping[str, Mapping[str, Any]],
    survey: Survey,
) -> list[Reason]:
    """The reasons to run; none: it doesn't."""
    desired = node.desired
    assert desired
    when = desired.inputs.get("when", (CONFIG, DATA))
    again = _again(node, bindings, survey) if comparison and DATA in when else []
    emptied = node.recorded is not None and node.recorded.data is None and DATA in when
    called = triggers.reasons(node, survey) if comparison else []
    node.void = bool(again) or emptied
    if node.address in survey.retrain:
        return [Reason(ReasonCode.REQUESTED, "asked for with --retrain")]
    if when == MANUAL:
        return called
    if comparison is None:
        return [Reason(ReasonCode.NEW, "new", desired.position)]
    if node.gone:
        return [Reason(ReasonCode.MISSING, "it is not there any more")]
    if node.live and node.live.broken:
        return [Reason(ReasonCode.FAILED_BEFORE, f"the last run failed: {node.live.failure()}")]
    why = _config(node, comparison, survey) if CONFIG in when else []
    if DATA in when:
        why += _data(node, contents)
        why += _untold(again, why)
    return why + _untold(called, why)


def _untold(more: list[Reason], why: list[Reason]) -> list[Reason]:
    """Those of `more` that are caused by nothing that `why` has named already."""
    told = {reason.cause for reason in why}
    return [reason for reason in more if reason.cause not in told]


def _config(node: Node, comparison: Comparison, survey: Survey) -> list[Reason]:
    """What is configured otherwise, in the manifest or above it."""
    why: list[Reason] = []
    for field in comparison.fields:
        if field.effect is Effect.METADATA:
            continue
        node.fields.append(field)
        cause = node.causes.get(field.path)
        parent = survey.nodes[cause] if cause else None
        if parent and parent.runs:
            why.append(reasons.of_parent(parent))
        else:
            why.append(reasons.of_field(field, forces=False))
    return why


def _again(node: Node, bindings: Mapping[str, Any], survey: Survey) -> list[Reason]:
    """Content that is to be brought in again because what held it is made anew.

    That is: the dataset of an import; the FULL import that clears away what INCREMENTAL ones had added; and for
    a training, an import for which that holds, or that fills another dataset now.
    """
    desired = node.desired
    assert desired
    parents = (survey.nodes[address] for address in desired.depends_on)
    above = set(node.causes.values())
    return [
        reasons.of_parent(parent)
        for parent in parents
        if parent.blocked is None
        and (
            (parent.recreated and parent.address in above)
            or (parent.runs and _beside(parent, node, bindings))
            or parent.void
            or (parent.runs and parent.moved and node.kind.from_imports)
        )
    ]


def overlook(node: Node, survey: Survey) -> None:
    """Of a job that a plan of a part leaves alone: its record is void where the part takes away its content."""
    desired, recorded = node.desired, node.recorded
    if not node.kind.run_action or desired is None or recorded is None or recorded.data is None:
        return
    for parent in (survey.nodes[address] for address in desired.depends_on):
        emptied = parent.recreated and parent.arn in recorded.bindings.values()
        if parent.runs and (emptied or _beside(parent, node, recorded.bindings)):
            node.void = True
            text = f"clears away what {node.address} had brought; that is left out here, the next plan runs it"
            parent.reasons.append(Reason(ReasonCode.OUT_OF_SCOPE, text, cause=node.address))


def _beside(parent: Node, node: Node, bindings: Mapping[str, Any]) -> bool:
    """Whether another job, which goes first, fills the same thing."""
    return parent.address.kind == node.address.kind and parent.bindings == bindings


def _begun_otherwise(node: Node, name: str) -> bool:
    """Whether another run was begun than the one that would be begun now: nobody knows what it brought in."""
    return any(intent.op in BEGINNINGS and intent.name != name for intent in node.intents)


def _data(node: Node, contents: Mapping[str, Mapping[str, Any]]) -> list[Reason]:
    """Content that is another one than on record."""
    recorded = node.recorded
    assert recorded
    if recorded.data is None:
        return [Reason(ReasonCode.DATA_CHANGED, "what it had brought is gone since its last run")]
    # An import under another name that brings the same content is no change.
    former = {_digest(old) for address, old in recorded.data.items() if address not in contents}
    why: list[Reason] = []
    for text, content in contents.items():
        old = recorded.data.get(text)
        digest = _digest(content)
        if digest is None or (old is not None and _digest(old) == digest) or (old is None and digest in former):
            continue
        address = Address.parse(text)
        why.append(reasons.of_data(address, old, content, own=address == node.address))
    return why


def _contents(node: Node, survey: Survey) -> dict[str, Mapping[str, Any]]:
    """The content behind a job, by import: its own, or that of the imports it depends on.

    Empty where nobody can tell beforehand what lies there. The content on record counts while nobody says
    otherwise.
    """
    desired, recorded = node.desired, node.recorded
    assert desired
    if node.kind.from_imports:
        merged: dict[str, Mapping[str, Any]] = {}
        for address in desired.depends_on:
            parent = survey.nodes[address]
            fresh = survey.options.data.get(address) if parent.runs else None
            merged |= {text: fresh or content for text, content in (parent.data or {}).items()}
        return merged
    own = str(node.address)
    if content := survey.options.data.get(node.address):
        return {own: content}
    known = (recorded.data or {}).get(own) if recorded else None
    moved = recorded and _location(node.kind, desired.inputs) != _location(node.kind, recorded.inputs)
    return {own: {} if known is None or moved else known}


def _location(kind: Kind, inputs: Mapping[str, Any]) -> Any:
    return lookup(inputs, kind.reads) if kind.reads else None


def _digest(content: Mapping[str, Any]) -> Any:
    """What tells one content from another: its hash, or the run that brought it in."""
    return content.get("sha256") or content.get("run")


def _kept(content: Mapping[str, Any], node: Node, name: str) -> dict[str, Any]:
    """What state keeps of a content. What nobody can read beforehand is known by the run that brings it in."""
    if not node.kind.from_imports and "sha256" not in content:
        return {"run": name}
    return {key: value for key, value in content.items() if key != "appended"}
