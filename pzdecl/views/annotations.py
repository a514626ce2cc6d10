"""A message as GitHub's workflow command, which shows it in the changed files of a pull request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from pzdecl.errors import Position

Level = Literal["error", "warning", "notice"]
LIMIT = 10
"""GitHub shows ten annotations of a level from one step and silently drops the rest."""


def limited(level: Level, lines: Sequence[str], title: str, rest: str) -> list[str]:
    """The annotations of a level. Of too many the last that GitHub shows says how many are missing, and where
    they are (`rest`); the others follow it, for the log.
    """
    if len(lines) <= LIMIT:
        return [*lines]
    missing = f"and {len(lines) - LIMIT + 1:,} more: {rest}"
    return [*lines[: LIMIT - 1], annotation(level, title, missing), *lines[LIMIT - 1 :]]


def annotation(level: Level, title: str, message: str, position: Position | None = None) -> str:
    """One workflow command, escaped as GitHub asks."""
    properties = [f"title={_property(title)}"]
    if position:
        place = [f"file={_property(position.file)}", f"line={position.line}", f"col={position.column}"]
        properties = [*place, *properties]
    return f"::{level} {','.join(properties)}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
