"""What differs between two environments, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from pzdecl.plan.environments import Contrast, Side
from pzdecl.views.markdown import code
from pzdecl.views.style import PLAIN, Style
from pzdecl.views.values import short
from pzdecl.views.words import plural


def text(found: Sequence[Contrast], left: str, right: str, style: Style = PLAIN) -> str:
    """A line for each resource, its fields below with both values, the count last."""
    if not found:
        return style.paint(f"{left} and {right} are alike.", "bold", "green") + "\n"
    lines = []
    for one in found:
        head = style.paint(str(one.address), "bold")
        where = {Side.LEFT: f" in {left} only", Side.RIGHT: f" in {right} only"}.get(one.side, "")
        lines.append(f"{head}{where}")
        lines += [f"    {f.path}: {_value(f.left)} | {_value(f.right)}" for f in one.fields]
    differ = f"{plural(len(found), 'resource')} {'differs' if len(found) == 1 else 'differ'}"
    lines += ["", f"{differ} between {left} (left) and {right} (right)."]
    return "\n".join(lines) + "\n"


def markdown(found: Sequence[Contrast], left: str, right: str) -> str:
    """A table, a row for each field."""
    if not found:
        return f"{code(left)} and {code(right)} are alike.\n"
    rows = [f"| resource | field | {_span(left)} | {_span(right)} |", "| --- | --- | --- | --- |"]
    for one in found:
        if one.side is not Side.BOTH:
            marks = ("yes", "") if one.side is Side.LEFT else ("", "yes")
            rows.append(f"| `{one.address}` | | {marks[0]} | {marks[1]} |")
        rows += [
            f"| `{one.address}` | {_span(f.path)} | {_cell(f.left)} | {_cell(f.right)} |" for f in one.fields
        ]
    return "\n".join(rows) + "\n"


def as_json(found: Sequence[Contrast], left: str, right: str) -> str:
    """`{"left", "right", "differences": [{"address", "side", "fields": [{"path", "left", "right"}]}]}`."""
    document: dict[str, Any] = {
        "format_version": "1.0",
        "left": left,
        "right": right,
        "differences": [
            {
                "address": str(one.address),
                "side": one.side,
                "fields": [{"path": f.path, "left": f.left, "right": f.right} for f in one.fields],
            }
            for one in found
        ],
    }
    return json.dumps(document, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _value(value: Any) -> str:
    return "(none)" if value is None else short(value, PLAIN)


def _cell(value: Any) -> str:
    return "" if value is None else _span(short(value, PLAIN))


def _span(text: str) -> str:
    return code(text).replace("|", "\\|")
