"""Putting a folder of manifests into the project: whole or not at all, and back out where a kill came between.

The files are written where no manifest is looked for, and renamed into place with a mark in them. The mark goes
once the state knows what they declare; a folder that still has it tells the next run how far that one came.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

MARK = ".adopting"


def draft(into: Path) -> Path:
    """An empty folder to write in, beside `into`; what a killed run left there goes."""
    folder = _draft(into)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / MARK).touch()
    return folder


def place(into: Path) -> None:
    """Renames the draft to `into`, which is missing or empty."""
    with suppress(FileNotFoundError):
        into.rmdir()
    _draft(into).rename(into)


def finish(into: Path) -> None:
    """The state knows what the folder's manifests declare."""
    (into / MARK).unlink(missing_ok=True)


def take_back(into: Path, *, existed: bool) -> None:
    """Leaves things as they were before `draft`."""
    for folder in (_draft(into), into):
        shutil.rmtree(folder, ignore_errors=True)
    if existed:
        into.mkdir()


def marked(into: Path) -> bool:
    """Whether a killed run placed the folder."""
    return (into / MARK).exists()


def unfinished(into: Path, root: Path, sources: Iterable[str | None]) -> bool:
    """Whether a killed run placed the folder and recorded nothing; one that recorded it all is finished here.

    sources  `file:line` of the documents that the state knows
    """
    if not marked(into):
        return False
    below = f"{into.relative_to(root).as_posix()}/"
    if not any(source and source.startswith(below) for source in sources):
        return True
    finish(into)
    return False


def _draft(into: Path) -> Path:
    return into.with_name(f".{into.name}{MARK}")
