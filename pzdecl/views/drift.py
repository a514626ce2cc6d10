"""Only the drift of a plan: what was changed or deleted outside of pzdecl."""

from __future__ import annotations

from pzdecl.plan.model import Plan
from pzdecl.views.markdown import COMMENT, code, fenced
from pzdecl.views.plan_text import drift_lines
from pzdecl.views.style import PLAIN, Style
from pzdecl.views.words import plural

NONE = "No drift: everything runs as it was applied."
NOTHING = "Nothing was applied yet: there is no state to compare with."


def text(plan: Plan, style: Style = PLAIN) -> str:
    """A line for each resource, its fields below, the count last."""
    if not plan.drift:
        return style.paint(NONE, "bold", "green") + "\n" if plan.lineage else f"{NOTHING}\n"
    lines = [line for drift in plan.drift for line in drift_lines(drift, style)]
    count = plural(len(plan.drift), "resource")
    return (
        "\n".join([*lines, "", f"{count} changed outside of pzdecl; `pzdecl plan` shows what apply would do."])
        + "\n`pzdecl apply --refresh-only` takes it into the state instead.\n"
    )


def markdown(plan: Plan) -> str:
    """For an issue or a comment; what does not fit is left out by whole resources, and said so."""
    head = f"### pzdecl drift: {code(plan.project)}, environment {code(plan.environment)}\n\n"
    if not plan.drift:
        return f"{head}{NONE if plan.lineage else NOTHING}\n"
    entries = ["\n".join(drift_lines(drift)) for drift in plan.drift]
    kept: list[str] = []
    size = len(head) + 200
    for entry in entries:
        size += len(entry) + 1
        if size > COMMENT:
            break
        kept.append(entry)
    text = f"{head}**{plural(len(plan.drift), 'resource')} changed outside of pzdecl**\n"
    if kept:
        text += "\n" + fenced("\n".join(kept)) + "\n"
    if len(kept) < len(entries):
        text += f"\n{plural(len(entries) - len(kept), 'resource')} more than fit here: see `pzdecl drift`.\n"
    return text
