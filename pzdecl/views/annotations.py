"""A message as GitHub's workflow command, which shows it in the changed files of a pull request."""

from __future__ import annotations

from typing import Literal

from pzdecl.errors import Position

Level = Literal["error", "warning", "notice"]


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
