"""A plan as Markdown for a pull request: the summary first, then folds that GitHub colours as a diff."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from pzdecl.plan.file import reviewed
from pzdecl.plan.model import Action, Change, Plan, ReasonCode
from pzdecl.views import plan_text, words
from pzdecl.views.markdown import COMMENT, code, fenced
from pzdecl.views.style import PLAIN
from pzdecl.views.values import shift

_MARK = {
    Action.DELETE: "-",
    Action.REPLACE: "-",
    Action.FORGET: "-",
    Action.UPDATE: "!",
    Action.ACCEPT: "!",
    Action.IMPORT: "+",
    Action.TRAIN: "+",
    Action.DEPLOY: "+",
    Action.INFER: "+",
    Action.CREATE: "+",
}


def render(plan: Plan) -> str:
    """The comment's body. Its first line is an invisible marker by which a bot finds its comment again.

    What does not fit into a comment is left out by whole changes, and said so.
    """
    head = [
        f"<!-- pzdecl:{quote(plan.project)}:{quote(plan.environment)} -->",
        f"### pzdecl plan: {code(plan.project)}, environment {code(plan.environment)}",
        "",
    ]
    if not (plan.has_changes or plan.drift or plan.warnings or plan_text.pinned(plan)):
        return "\n".join([*head, plan_text.nothing(plan), ""])
    text = plan_text.summary(plan) if plan.has_changes else plan_text.nothing(plan)
    body = "\n".join([*head, f"**{text}**", *(["", plan_text.PARTIAL] if plan.partial else []), ""])
    left_out = 0
    for heading, entries in _sections(plan):
        kept: list[str] = []
        size = len(body) + len(heading) + 200
        for entry in entries:
            if size + len(entry) > COMMENT:
                break
            kept.append(entry)
            size += len(entry) + 1
        left_out += len(entries) - len(kept)
        if kept:
            opened = " open" if "eletion" in heading or heading.startswith("Blocked") else ""
            body += (
                f"\n<details{opened}><summary>{heading} ({len(entries):,})</summary>\n\n"
                + fenced("\n".join(kept), "diff")
                + "\n\n</details>\n"
            )
    if left_out:
        body += f"\n{words.plural(left_out, 'change')} more than fit here: see the plan's full text.\n"
    if plan.steps:
        body += f"\n<sub>Just this plan: `pzdecl apply --expect {reviewed(plan)}`</sub>\n"
    return body


def _sections(plan: Plan) -> Iterator[tuple[str, list[str]]]:
    if plan.blocked:
        yield "Blocked", ["\n".join(_blocked(c)) for c in plan.blocked]
    for heading, actions in words.SECTIONS:
        chosen = [c for c in plan.changes if c.action in actions and not c.blocked]
        chosen.sort(key=lambda c: (actions.index(c.action), c.address))
        if chosen:
            yield heading, ["\n".join(_change(c)) for c in chosen]
    if lines := plan_text.pinned(plan):
        yield "Pinned", [f"! {line}" for line in lines]
    if lines := plan_text.moves(plan):
        yield plan_text.MOVES, [f"! {line}" for line in lines]
    if plan.drift and not plan.refresh_only:
        yield (
            "Changed outside of pzdecl",
            ["\n".join(line.strip() for line in plan_text.drift_lines(d)) for d in plan.drift],
        )
    if plan.warnings:
        yield "Warnings", [f"! {w.summary}" + (f" ({w.position})" if w.position else "") for w in plan.warnings]


def _change(change: Change) -> Iterator[str]:
    renamed = plan_text.naming(change)
    at = f"  ({change.position.file}:{change.position.line})" if change.position else ""
    yield f"{_MARK[change.action]} {change.address} {words.WORDS[change.action].future}{renamed}{at}"
    if change.seconds is not None:
        yield f"    {plan_text.cost(change.seconds)}"
    for reason in change.reasons:
        if reason.code is ReasonCode.NEW:
            continue
        yield f"    {plan_text.reason_line(reason)}"
    for field in plan_text.untold(change):
        yield f"    {shift(field, PLAIN)}"
    if change.upload:
        yield f"    {plan_text.uploading(change.upload)}"


def _blocked(change: Change) -> Iterator[str]:
    assert change.blocked
    yield f"- {change.address} cannot {change.action}"
    yield f"    {plan_text.reason_line(change.blocked)}"
