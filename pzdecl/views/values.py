"""A field's value, short enough for one line of a diff."""

from __future__ import annotations

import json
from typing import Any

from pzdecl.plan.model import FieldChange
from pzdecl.views.style import Style

MAXIMUM = 72


def short(value: Any, style: Style, maximum: int = MAXIMUM) -> str:
    """A JSON value in at most `maximum` characters; strings without quotes where that is unambiguous."""
    if value is None:
        return "(unset)"
    if isinstance(value, dict) and len(value) == 1:
        # What a plan can't know yet, or does not hold.
        match next(iter(value.items())):
            case ("$arn", address):
                return f"(the ARN of {address})"
            case ("$path", path):
                return str(path)
            case ("$sensitive" | "$hash", _):
                return "(sensitive)"
    if isinstance(value, str):
        text = value if value and value == value.strip() and value.isprintable() else json.dumps(value)
    elif isinstance(value, (dict, list)) and not value:
        text = "{}" if isinstance(value, dict) else "[]"
    else:
        text = json.dumps(value, ensure_ascii=not style.unicode, sort_keys=True, default=str)
        if not text.isprintable():
            # Signs that turn the direction of writing, say, show a reviewer something else than there is.
            text = json.dumps(value, sort_keys=True, default=str)
    if len(text) > maximum:
        text = text[: maximum - len(style.ellipsis)] + style.ellipsis
    return text


def shift(field: FieldChange, style: Style) -> str:
    """`path: before → after`."""
    return f"{field.path}: {short(field.before, style)} {style.arrow} {short(field.after, style)}"
