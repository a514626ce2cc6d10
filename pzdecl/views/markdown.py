"""Text of others in Markdown that GitHub shows: what it holds is shown as it is, and does nothing.

In a span or a block of code nobody is mentioned, no HTML counts and no issue is linked. A run of backticks
would end it, so its own are longer than any inside.
"""

from __future__ import annotations

import re

COMMENT = 60_000
"""Characters that a comment may have; GitHub takes 65,536."""
_TICKS = re.compile("`+")


def code(text: str) -> str:
    """A text on one line, as code."""
    text = " ".join(text.split())
    ticks = "`" * (_longest(text) + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def fenced(text: str, language: str = "") -> str:
    """Lines as a block of code, ending without a newline."""
    fence = "`" * max(3, _longest(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def plain(text: str) -> str:
    """A text on one line outside of code: no markup, no HTML, no mention, no link to an issue."""
    escaped = "".join(f"\\{sign}" if sign in "\\<>&*_~|`[]" else sign for sign in " ".join(text.split()))
    # A comment between the sign and the name: a backslash there does not count.
    return re.sub(r"([@#])(?=\w)", r"\1<!-- -->", escaped)


def _longest(text: str) -> int:
    return max((len(run) for run in _TICKS.findall(text)), default=0)
