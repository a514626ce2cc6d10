"""Where a project's files are in their repository: what shows findings beside lines names files from there."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from pzdecl.errors import Position


def in_repository(root: Path) -> str:
    """The way from the repository's top to the project's folder, a slash at its end; empty at the top.

    The top is GITHUB_WORKSPACE where the project is in it, else the next folder above that has a `.git`.
    """
    folder = root.resolve()
    workspace = os.environ.get("GITHUB_WORKSPACE")
    tops = [Path(workspace).resolve()] if workspace else []
    tops += [one for one in (folder, *folder.parents) if (one / ".git").exists()][:1]
    for top in tops:
        if folder.is_relative_to(top):
            way = folder.relative_to(top).as_posix()
            return "" if way == "." else f"{way}/"
    return ""


def below(base: str, position: Position | None) -> Position | None:
    """A position as it is named from the repository's top."""
    return replace(position, file=base + position.file) if position and base else position
