"""What a declared resource has come to differ in: from its record, and from what is there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pzdecl.kinds import KINDS
from pzdecl.kinds.base import Effect
from pzdecl.kinds.fields import lookup, split, within
from pzdecl.plan.diff import Difference, differences, ignored, replaced
from pzdecl.plan.model import Drift, FieldChange
from pzdecl.plan.node import Node
from pzdecl.plan.reasons import changed, of_tags
from pzdecl.plan.survey import Survey


@dataclass(frozen=True, slots=True)
class Comparison:
    """`inputs`, `bindings`, `tags` are what is to be (wanted, but for what is ignored); `fields` and
    `tag_fields` what has to change for that, from what is there; `drifted` the paths among them that moved
    behind our back; `refused` why no update can do it, by path.
    """

    inputs: Mapping[str, Any]
    bindings: Mapping[str, Any]
    tags: Mapping[str, str]
    fields: tuple[FieldChange, ...]
    tag_fields: tuple[FieldChange, ...]
    drifted: frozenset[str] = frozenset()
    refused: Mapping[str, str] = field(default_factory=dict)


def compare(node: Node, bindings: Mapping[str, Any], survey: Survey) -> Comparison:
    """Compares a declared and recorded resource with its manifest and with the service."""
    recorded, desired = node.recorded, node.desired
    assert recorded is not None
    assert desired is not None
    wanted = survey.secrets.hidden(desired)
    if desired.sensitive:
        bindings = survey.secrets.bindings(desired, bindings, token=False)
    patterns = desired.lifecycle.ignore_changes
    moved = observed(node, survey)
    if moved and node.in_flight and (wanted != recorded.inputs or bindings != recorded.bindings):
        # An update of ours was cut short: what it has changed already is no drift, and it is made again as a
        # whole.
        moved = []
    inputs, bound = _with(recorded.inputs, recorded.bindings, moved)
    wanted, found = _kept(inputs, wanted, patterns)
    bindings, found_bindings = _kept(bound, bindings, patterns)
    refused = _refused(node, found_bindings, survey) if node.kind.choosy else {}
    fields = [changed(d, node.kind, wanted, desired) for d in (*found, *found_bindings)]
    fields = [replace(f, effect=Effect.REPLACE) if f.path in refused else f for f in fields]

    tags: Mapping[str, str] = recorded.tags
    tag_fields: list[FieldChange] = []
    if node.kind.taggable:
        there = node.live.tags if node.live and node.live.tags is not None else recorded.tags
        spared = {key for key in there.keys() | desired.tags.keys() if ignored(f"tags.{key}", patterns)}
        tags = {key: value for key, value in desired.tags.items() if key not in spared}
        tags |= {key: value for key, value in there.items() if key in spared}
        tag_fields = of_tags(there, tags, desired) if tags != there else []
    drifted = frozenset(f.path for f in fields if any(within(f.path, d.path) for d in moved)) | frozenset(
        f.path for f in tag_fields if recorded.tags.get(f.path[5:]) != f.before
    )
    return Comparison(wanted, bindings, tags, tuple(fields), tuple(tag_fields), drifted, refused)


def _refused(node: Node, moves: list[Difference], survey: Survey) -> dict[str, str]:
    """The bindings that no update can move to what they are to be, with the reason why."""
    found = {}
    for path, before, after in moves:
        if path not in node.kind.choosy:
            continue
        kind, parent = KINDS[node.kind.choosy[path]], node.causes.get(path)
        old = survey.inputs_at(kind, before)
        new = survey.nodes[parent].inputs if parent else survey.inputs_at(kind, after)
        if old and new and (why := node.kind.refusal(path, old, new)):
            found[path] = why
    return found


def observed(node: Node, survey: Survey) -> list[Difference]:
    """What the service shows otherwise than the record says: the record's value, and the one that is there."""
    recorded = node.recorded
    if recorded is None or node.live is None or node.live.missing:
        return []
    moved = []
    for path, value in node.live.observed.items():
        known = recorded.bindings[path] if path in recorded.bindings else lookup(recorded.inputs, path)
        hidden = isinstance(known, Mapping) and "$hash" in known and value is not None
        there = survey.secrets.marker(node.address, value) if hidden else value
        if known != there:
            moved.append(Difference(path, known, there))
    return moved


def drift(node: Node, survey: Survey) -> Drift | None:
    """What moved behind our back, but for what the manifest says to leave alone."""
    recorded = node.recorded
    if recorded is None or node.live is None:
        return None
    if node.live.missing:
        return Drift(node.address, missing=True)
    if node.live.broken or node.in_flight:
        return None
    wanted = survey.project.resources.get(node.address)
    patterns = wanted.lifecycle.ignore_changes if wanted else ()
    fields = []
    for path, known, value in observed(node, survey):
        inner = (
            differences(known or {}, value or {}, path)
            if isinstance(known, Mapping) or isinstance(value, Mapping)
            else [Difference(path, known, value)]
        )
        fields += [changed(d, node.kind, recorded.inputs, None) for d in inner if not ignored(d.path, patterns)]
    if node.kind.taggable and node.live.tags is not None and node.live.tags != recorded.tags:
        fields += [f for f in of_tags(recorded.tags, node.live.tags, None) if not ignored(f.path, patterns)]
    return Drift(node.address, fields=tuple(fields)) if fields else None


def overlaid(node: Node, survey: Survey) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Inputs and bindings on record, with what the service shows in place of what it shows otherwise."""
    assert node.recorded
    return _with(node.recorded.inputs, node.recorded.bindings, observed(node, survey))


def _with(
    inputs: Mapping[str, Any], bindings: Mapping[str, Any], moved: list[Difference]
) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    for path, _, value in moved:
        if path in bindings:
            bindings = {**bindings, path: value}
        else:
            inputs = replaced(inputs, path, value)
    return inputs, bindings


def _kept(
    there: Mapping[str, Any], wanted: Mapping[str, Any], patterns: tuple[str, ...]
) -> tuple[Mapping[str, Any], list[Difference]]:
    """`wanted`, with what is there wherever a pattern says to leave it alone; and what still differs."""
    found = differences(there, wanted)
    if not patterns:
        return wanted, found
    kept = {b: lookup(there, b) for d in found if (b := ignored(d.path, patterns))}
    # What is not there goes, the last element of a list first: the others keep their numbers until then.
    for beginning in sorted((b for b, value in kept.items() if value is not None), key=_order):
        wanted = replaced(wanted, beginning, kept[beginning])
    for beginning in sorted((b for b, value in kept.items() if value is None), key=_order, reverse=True):
        wanted = replaced(wanted, beginning, None)
    return wanted, [d for d in found if not ignored(d.path, patterns)]


def _order(path: str) -> list[tuple[bool, str | int]]:
    """Element 9 of a list comes before element 10."""
    return [(isinstance(step, int), step) for step in split(path)]
