"""A plan as text for a terminal or a log: short, dangerous things first, the summary last.

The text holds no times and no absolute paths: an equal plan gives equal bytes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from pzdecl.errors import Diagnostic, Position
from pzdecl.plan.model import Action, Change, Drift, FieldChange, Plan, Reason, ReasonCode, Upload
from pzdecl.views import words
from pzdecl.views.style import PLAIN, Style
from pzdecl.views.values import shift

_DIGEST = re.compile(r"(?<=/)([0-9a-f]{8})[0-9a-f]{56}(?=/)")
NOTHING = "Nothing to change: what runs is what the manifests say."
PARTIAL = "This plan is about a part of the project: the rest stays as it is, whatever its manifests say."
NOTHING_OF_IT = "Nothing to change in this part of the project."
MOVES = "Moved (known under another address; nothing changes in the service)"
NOTHING_TO_ACCEPT = "Nothing to accept: what runs is what the state says."
NOTHING_AT_ALL = "Nothing to change: nothing is managed."


def render(plan: Plan, style: Style = PLAIN) -> str:
    """The whole plan, ending in a newline."""
    return "\n".join(_lines(plan, style)) + "\n"


def nothing(plan: Plan) -> str:
    """What is said in place of a summary where there is nothing to do."""
    if plan.refresh_only:
        return NOTHING_TO_ACCEPT
    return NOTHING_OF_IT if plan.partial else NOTHING if plan.changes else NOTHING_AT_ALL


def cost(seconds: float) -> str:
    """`about 12 min`, as exact as such a guess can be."""
    whole = max(round(seconds), 1)
    return f"about {words.duration(round(whole / 60) * 60)}" if whole >= 120 else f"about {whole} s"


def moves(plan: Plan) -> list[str]:
    """What gets another address, a line each."""
    return [f"{change.previous} becomes {change.address}" for change in plan.changes if change.previous]


def pinned(plan: Plan) -> list[str]:
    """Campaigns that stay with an earlier version, a line each."""
    return [
        f"{change.address} is {reason.text}"
        for change in plan.changes
        for reason in change.reasons
        if reason.code is ReasonCode.PINNED and change.action is Action.NO_OP
    ]


def summary(plan: Plan) -> str:
    """`Plan: 3 to create, 1 to train, 0 to delete.`"""
    told = words.summary(words.counts(plan.changes), len(plan.blocked))
    moves = sum(change.previous is not None for change in plan.changes)
    told = f"{told}, {moves:,} to move" if moves else told
    known = [change.seconds for change in plan.changes if change.seconds is not None]
    trained = sum(change.action is Action.TRAIN and not change.blocked for change in plan.changes)
    if not known:
        return f"Plan: {told}."
    rest = f" for {len(known)} of {trained} trainings" if len(known) < trained else ""
    return f"Plan: {told}. Training takes {cost(sum(known))}{rest}."


def _lines(plan: Plan, style: Style) -> Iterator[str]:
    for heading, actions in words.SECTIONS:
        chosen = [c for c in plan.changes if c.action in actions and not c.blocked]
        if chosen:
            yield style.paint(heading, "bold")
            yield ""
            for change in sorted(chosen, key=lambda c: (actions.index(c.action), c.address)):
                yield from _change(change, style)
            yield ""
    if lines := moves(plan):
        yield style.paint(MOVES, "bold")
        yield ""
        yield from (f"  {style.paint('>', 'cyan')} {line}" for line in lines)
        yield ""
    for line in pinned(plan):
        yield f"  {style.paint('=', 'yellow')} {line}"
        yield ""
    yield from _drift(plan, style)
    yield from _blocked(plan, style)
    for warning in plan.warnings:
        yield _warning(warning, style)
    if plan.warnings:
        yield ""
    if plan.partial:
        yield style.paint(PARTIAL, "yellow")
        yield ""
    if not plan.has_changes:
        yield style.paint(nothing(plan), "bold", "green")
        return
    yield from _table(plan)
    yield style.paint(summary(plan), "bold")


def _change(change: Change, style: Style) -> Iterator[str]:
    renamed = naming(change)
    head = f"  {words.symbol(change.action, style)} {style.paint(str(change.address), 'bold')}"
    yield f"{head} {words.WORDS[change.action].future}{renamed}{_at(change.position, style)}"
    if change.seconds is not None:
        yield f"      {cost(change.seconds)}"
    for reason in change.reasons:
        if reason.code is ReasonCode.NEW:
            continue  # the verb says it
        yield f"      {reason.text}{_at(reason.position, style, beside=change.position)}"
    yield from _fields(change, style)
    if change.upload:
        yield f"      {uploading(change.upload)}"


def uploading(upload: Upload) -> str:
    """`uploads data/x.csv (12.3 MB) to s3://bucket/8e3ad0b4…/x.csv, unless it is there`."""
    to = _DIGEST.sub(r"\1…", upload.to)
    return f"uploads {upload.path} ({words.size(upload.bytes)}) to {to}, unless it is there"


def naming(change: Change) -> str:
    """` as NAME` where the API's name will differ from the address, or what of the address is meant."""
    if change.deposed:
        return f" (left over: {change.deposed})"
    if change.action is Action.REPLACE and change.name and change.name != change.address.name:
        return f" as {change.name}"
    return ""


def _fields(change: Change, style: Style) -> Iterator[str]:
    for field in untold(change):
        yield f"      {shift(field, style)}{_at(field.position, style)}"


def untold(change: Change) -> list[FieldChange]:
    """The changed fields that no reason has told of already."""
    if change.action in {Action.CREATE, Action.DELETE}:
        return []
    told = " ".join(reason.text for reason in change.reasons)
    by_parent = any(reason.code is ReasonCode.PARENT_CHANGED for reason in change.reasons)
    return [
        field
        for field in change.fields
        if field.path.rpartition(".")[2] not in told and not (by_parent and field.path.endswith("Arn"))
    ]


def _drift(plan: Plan, style: Style) -> Iterator[str]:
    if plan.drift and not plan.refresh_only:
        yield style.paint("Changed outside of pzdecl", "bold")
        yield ""
        for drift in sorted(plan.drift, key=lambda d: d.address):
            yield from drift_lines(drift, style)
        yield ""


def drift_lines(drift: Drift, style: Style = PLAIN) -> Iterator[str]:
    """What moved behind our back, one resource."""
    head = style.paint(str(drift.address), "bold")
    if drift.missing:
        yield f"  {style.paint('!', 'yellow')} {head} is gone"
    else:
        yield f"  {style.paint('!', 'yellow')} {head} was changed"
    for field in drift.fields:
        yield f"      {shift(field, style)}"


def _blocked(plan: Plan, style: Style) -> Iterator[str]:
    if plan.blocked:
        yield style.paint("Blocked: neither these nor what depends on them will be run", "bold", "red")
        yield ""
        for change in plan.blocked:
            assert change.blocked
            address = style.paint(str(change.address), "bold")
            verb = style.paint(f"cannot {change.action}", "red")
            yield f"  x {address} {verb}{_at(change.position, style)}"
            yield f"      {change.blocked.text}{_at(change.blocked.position, style, beside=change.position)}"
            for reason in change.reasons:
                if reason.text != change.blocked.text:
                    at = _at(reason.position, style, beside=change.position)
                    yield f"      wanted because: {reason.text}{at}"
        yield ""


def _table(plan: Plan) -> Iterator[str]:
    rows: list[tuple[str, str, str]] = []
    for action in words.SUMMARY_ORDER:
        kinds = Counter(c.address.kind for c in plan.changes if c.action is action and not c.blocked)
        if kinds:
            what = ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))
            rows.append((f"to {action.value}", f"{sum(kinds.values()):,}", what))
    width = max((len(row[1]) for row in rows), default=0)
    for verb, count, what in rows:
        yield f"  {verb:<10} {count:>{width}}  {what}"
    if rows:
        yield ""


def _warning(warning: Diagnostic, style: Style) -> str:
    about = f"{warning.address}: " if warning.address else ""
    return f"{style.paint('Warning', 'yellow')}: {about}{warning.summary}{_at(warning.position, style)}"


def _at(position: Position | None, style: Style, beside: Position | None = None) -> str:
    """`  (file:line)`; nothing where `beside`, already shown, is the same line."""
    if position is None or (beside and (beside.file, beside.line) == (position.file, position.line)):
        return ""
    return style.paint(f"  ({position.file}:{position.line})", "dim")


def reason_line(reason: Reason) -> str:
    """A reason with its place, without style."""
    return reason.text + _at(reason.position, PLAIN)
