"""A plan as GitHub annotations: workflow commands that show in the changed files of a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from pzdecl.errors import Diagnostic
from pzdecl.plan.model import Action, Change, Plan
from pzdecl.views import plan_text, words
from pzdecl.views.annotations import LIMIT, Level, annotation
from pzdecl.views.places import below

_DEAR = (Action.DELETE, Action.REPLACE)


def render(plan: Plan, base: str = "") -> str:
    """Annotations for the plan: errors for what is blocked, warnings for what is dear, notices for the rest.

    base  the way from the repository's top to the project's folder (`pzdecl.views.places`)
    """
    return "\n".join(_lines(plan, base)) + "\n"


def _lines(plan: Plan, base: str) -> Iterator[str]:
    chosen = [c for c in plan.changes if c.action is not Action.NO_OP and not c.blocked]
    chosen.sort(key=lambda c: (_rank(c), c.address))
    yield from _group("error", [_change("error", c, base) for c in plan.blocked])
    dear = [_change("warning", c, base) for c in chosen if c.action in _DEAR]
    yield from _group("warning", dear + [_warning(w, base) for w in plan.warnings])
    text = plan_text.summary(plan) if plan.has_changes else plan_text.NOTHING
    notices = [annotation("notice", f"pzdecl plan: {plan.project}, {plan.environment}", text)]
    yield from _group("notice", notices + [_change("notice", c, base) for c in chosen if c.action not in _DEAR])


def _group(level: Level, lines: list[str]) -> list[str]:
    """At most as many as GitHub shows; the last then says how many are missing."""
    if len(lines) <= LIMIT:
        return lines
    rest = len(lines) - LIMIT + 1
    return [*lines[: LIMIT - 1], annotation(level, "pzdecl plan", f"and {rest:,} more: see the plan's text")]


def _warning(warning: Diagnostic, base: str) -> str:
    title = f"{warning.code} {warning.address or ''}".strip()
    return annotation("warning", title, warning.summary, below(base, warning.position))


def _rank(change: Change) -> int:
    order = [action for _, actions in words.SECTIONS for action in actions]
    return order.index(change.action)


def _change(level: Level, change: Change, base: str) -> str:
    if change.blocked:
        title, texts = f"{change.address} cannot {change.action}", [change.blocked.text]
    else:
        title, texts = f"{change.address} {words.WORDS[change.action].future}", []
    texts += [reason.text for reason in change.reasons if reason.text not in texts]
    at = next((r.position for r in change.reasons if r.position), None) or change.position
    return annotation(level, title, "\n".join(texts) or title, below(base, at))
