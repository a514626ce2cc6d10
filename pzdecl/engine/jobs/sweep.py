"""Removing what killed processes left behind: files that no row refers to and no job will come back for."""

from __future__ import annotations

import shutil
from pathlib import Path

from pzdecl.engine.api.families import RECOMMENDER_VERSION, SOLUTION_VERSION
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.api.operation import Context
from pzdecl.engine.jobs.importing import READING


def sweep(context: Context) -> None:
    """Safe while other processes work.

    Files are listed before the database is read. Whatever is in the list and belongs to a finished job had
    its last chance to be referred to before that reading. While a training or an export is unfinished,
    replaced data stays: it may be read.
    """
    folder = context.folder
    staging = _entries(folder / "staging")
    parts = [path for path in (folder / "datasets").rglob("*") if path.is_file()]
    models = [version for solution in _entries(folder / "models") for version in _entries(solution)]
    drafts = list(folder.glob("engine.*.tmp"))
    with context.store.read() as reader:
        unfinished = reader.unfinished()
        referred = reader.all_part_paths()
        versions = reader.arns(SOLUTION_VERSION.type) | reader.arns(RECOMMENDER_VERSION.type)
    busy = {str(id) for id, _, _ in unfinished}
    reading = any(kind in READING for _, _, kind in unfinished)
    for entry in staging:
        if entry.name.partition(".")[0] not in busy:
            shutil.rmtree(entry, ignore_errors=True)
    for path in parts:
        in_use = reading or path.name.partition(".")[0] in busy
        if not in_use and path.relative_to(folder).as_posix() not in referred:
            path.unlink(missing_ok=True)
    kept = {model_folder(folder, arn) for arn in versions}
    for model in models:
        if model not in kept:
            shutil.rmtree(model, ignore_errors=True)
    for draft in drafts:
        draft.unlink(missing_ok=True)


def _entries(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []
