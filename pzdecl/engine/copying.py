"""A copy of an engine's folder to try things on: the original is only read, and may be at work meanwhile.

Parts and models are written once and replaced by other files, never changed, so hard links to them are as good
as copies; where the file system has none, or the copy lies on another one, they are copied.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from pzdecl.engine.store.store import EngineFolderError, Store

DATABASES = ("engine.db", "shown.db")
FOLDERS = ("datasets", "models")
ATTEMPTS = 5
"""Data that an import replaces while it is copied is looked for again."""


def copy_engine(source: Path, target: Path) -> bool:
    """Copies the engine in `source` into the folder `target`, which must not exist. False where there is none.

    Jobs that are under way come along as queued ones: whoever works on the copy begins them anew.
    Raises EngineFolderError where `source` is no engine's folder, or changes faster than it can be copied.
    """
    with closing(Store(source)) as store:  # checks that it is an engine, of a format that is known
        if not store.exists():
            return False
    for _ in range(ATTEMPTS):
        target.mkdir(parents=True)
        for name in DATABASES:
            if (source / name).exists():
                _snapshot(source / name, target / name)
        for name in FOLDERS:
            _link_tree(source / name, target / name)
        if _complete(target):
            _requeue(target / "engine.db")
            return True
        shutil.rmtree(target)
    raise EngineFolderError(
        f"the engine in {source} changes while it is copied", hint="wait for its imports to end, then run again"
    )


def _snapshot(source: Path, target: Path) -> None:
    """One consistent state of a database, also while others write to it."""
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)


def _link_tree(source: Path, target: Path) -> None:
    for folder, _, names in os.walk(source):
        below = target / Path(folder).relative_to(source)
        below.mkdir(parents=True, exist_ok=True)
        for name in names:
            try:
                _link(Path(folder) / name, below / name)
            except FileNotFoundError:
                continue  # gone since the folder was listed: `_complete` tells whether it is missed


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copy2(source, target)


def _complete(target: Path) -> bool:
    with closing(Store(target)) as store, store.read() as reader:
        return all((target / path).exists() for path in reader.all_part_paths())


def _requeue(database: Path) -> None:
    """Whoever works on the original's jobs does not work on those of the copy."""
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("UPDATE jobs SET state = 'queued', token = NULL WHERE state = 'running'")
