"""What is wrong or dear, as one list: the common ground of SARIF and JUnit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from pzdecl.errors import Diagnostic, Position, Severity
from pzdecl.plan.model import Action, Change, Plan
from pzdecl.views import words

Level = Literal["error", "warning", "note"]
DEAR = (Action.DELETE, Action.REPLACE)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to tell. `rule` is a diagnostic's code or `plan/ACTION`, `title` what the rule is about."""

    rule: str
    level: Level
    subject: str
    text: str
    title: str
    position: Position | None = None


def of_diagnostics(diagnostics: Iterable[Diagnostic]) -> Iterator[Finding]:
    """Each diagnostic, with its code as the rule."""
    from pzdecl.manifests.codes import CODES

    for one in diagnostics:
        facts = (("expected", one.expected), ("did you mean", one.suggestion), ("hint", one.hint))
        text = "\n".join([one.summary, *(f"{name}: {value}" for name, value in facts if value)])
        level: Level = "error" if one.severity is Severity.ERROR else "warning"
        subject = one.address or (one.position.file if one.position else "pzdecl.yaml")
        title = CODES[one.code].title if one.code in CODES else one.code
        yield Finding(one.code, level, subject, text, title, one.position)


def of_plan(plan: Plan) -> Iterator[Finding]:
    """What is blocked, then what is deleted or replaced, then the rest of what happens, by address."""
    yield from of_diagnostics(plan.warnings)
    for change in plan.blocked:
        assert change.blocked
        at = change.blocked.position or change.position
        yield Finding(
            "plan/blocked", "error", str(change.address), change.blocked.text, "a change is blocked", at
        )
    happening = [c for c in plan.changes if c.action is not Action.NO_OP and not c.blocked]
    for change in sorted(happening, key=lambda c: (c.action not in DEAR, c.address)):
        yield _happens(change)


def _happens(change: Change) -> Finding:
    told = words.WORDS[change.action].future
    text = "\n".join([f"{change.address} {told}", *(reason.text for reason in change.reasons)])
    at = next((reason.position for reason in change.reasons if reason.position), None) or change.position
    level: Level = "warning" if change.action in DEAR else "note"
    return Finding(f"plan/{change.action}", level, str(change.address), text, f"a resource {told}", at)
