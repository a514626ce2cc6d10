"""Automatic updates: a deployed model takes in items that are new since its training, without a new version."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable
from typing import Any

from pzdecl.engine.api.common import ACTIVE
from pzdecl.engine.api.families import DATASET
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.api.training_columns import settings as settings_of
from pzdecl.engine.data.parts import flush
from pzdecl.engine.events.parts import Content, content, put_parts
from pzdecl.engine.jobs import queue
from pzdecl.engine.jobs.control import Control, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.store.rows import Reader, Resource, Writer

PUT = "put"


def run_update(context: Context, job: Job, control: Control) -> None:
    """Reads the data as a training does, writes the update beside the model, and switches in one go."""

    def finish(tx: Writer) -> None:
        queue.finish(tx, job)

    update_version(context, job, job.arn, control, finish)
    shutil.rmtree(control.workspace(), ignore_errors=True)


def outdated(reader: Reader, version: Resource) -> bool:
    """Whether a version is one that is updated, and data came in since it was trained, or updated.

    Only the newest version of a solution that was trained in full is, of a recipe that explores.
    """
    if version.status != ACTIVE or not recipe_of(version.body["recipeArn"]).explores:
        return False
    full = [
        one.arn
        for one in reader.children(version.type, str(version.parent))
        if one.status == ACTIVE and one.body["trainingMode"] == "FULL"
    ]
    if not full or full[-1] != version.arn:
        return False
    known = known_update(reader, version.arn)
    held = content(reader, version.body["datasetGroupArn"])
    return "INTERACTIONS" in held["parts"] and held != (
        known["content"] if known else version.body.get("_content")
    )


def update_version(
    context: Context, job: Job, version_arn: str, control: Control, finish: Callable[[Writer], None]
) -> None:
    """Updates a version's model for a job, whatever its kind. Raises JobFailed.

    finish  what else is to happen in the transaction that switches
    """
    from safetensors.numpy import save_file

    from pzdecl.engine.events.updating import update
    from pzdecl.engine.serving.update import read_stored
    from pzdecl.engine.training.errors import TrainingFailed
    from pzdecl.engine.training.train import read_data

    with context.store.read() as reader:
        version = reader.get(version_arn)
        parent = reader.get(str(version.parent)) if version else None
        if version is None or parent is None:
            raise JobFailed("The solution was deleted")
        group = version.body["datasetGroupArn"]
        settings = settings_of(reader, version, parent)
        datasets = {
            dataset.body["datasetType"]: [context.folder / part.path for part in reader.parts(dataset.arn)]
            for dataset in reader.children(DATASET.type, group)
        }
    workspace = control.workspace()
    put, held = put_parts(context.store, group, workspace / PUT)
    filled = {kind: [*paths, *([put[kind]] if kind in put else [])] for kind, paths in datasets.items()}
    folder = model_folder(context.folder, version.arn)
    try:
        recipe = recipe_of(version.body["recipeArn"])
        data = read_data(recipe, {kind: paths for kind, paths in filled.items() if paths}, settings)
        control.check()
        found = update(read_stored(folder), data, version.body.get("solutionConfig") or {})
    except (TrainingFailed, OSError, ValueError, KeyError) as error:
        raise JobFailed(str(error)) from error
    control.check()
    draft, file = workspace / "update.safetensors", f"update.{job.id}.{job.attempts}.safetensors"
    save_file(found, draft)
    os.replace(draft, folder / file)
    flush(folder / file)
    with context.store.write() as tx:
        finish(tx)
        before = known_update(tx, version.arn)
        note_update(tx, version.arn, context.clock(), held, file)
    # Another process may just be about to read the one before.
    for old in folder.glob("update.*.safetensors"):
        if old.name not in {file, before and before["file"]}:
            with contextlib.suppress(FileNotFoundError):
                old.unlink()


def known_update(reader: Reader, version_arn: str) -> dict[str, Any] | None:
    """The newest update of a version: `at` (seconds), `content`, and `file`, None where it failed."""
    rows = reader.query("SELECT at, data, file FROM updates WHERE version = ?", (version_arn,))
    return {"at": rows[0][0], "content": json.loads(rows[0][1]), "file": rows[0][2]} if rows else None


def note_update(tx: Writer, version_arn: str, at: float, held: Content | None, file: str | None) -> None:
    """Writes down an update; after a failed one (`file` None), what served before goes on serving."""
    tx.connection.execute(
        "INSERT INTO updates (version, at, data, file) VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET "
        "at = excluded.at, data = excluded.data, file = coalesce(excluded.file, file)",
        (version_arn, at, json.dumps(held), file),
    )
