"""A user segment: a user a line, or a line of a batch segment job's output as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence


def text(users: Sequence[str]) -> str:
    """One id a line, likeliest first, so that other programs can read it."""
    return "".join(f"{user}\n" for user in users)


def as_json(users: Sequence[str], item: str | None, where: str | None) -> str:
    """What was asked and who was found, in the members of the service's batch segment jobs."""
    asked = {"itemId": item} if item is not None else {"itemAttributes": where}
    out = {"input": asked, "output": {"usersList": list(users)}, "error": None}
    return json.dumps(out, indent=2, ensure_ascii=False) + "\n"
