"""Training jobs: a solution version's model, and its metrics."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pzdecl.engine.api.campaigns import follow_latest
from pzdecl.engine.api.common import ACTIVE, STOPPED
from pzdecl.engine.api.families import DATASET, RECOMMENDER_VERSION
from pzdecl.engine.api.models import model_folder, remove_models
from pzdecl.engine.api.operation import Context
from pzdecl.engine.api.recipes import recipe_of, text
from pzdecl.engine.api.training_columns import settings as settings_of
from pzdecl.engine.data.parts import flush, flush_tree
from pzdecl.engine.events.parts import Content, put_parts
from pzdecl.engine.jobs import queue, recommending
from pzdecl.engine.jobs.control import Control, JobCancelled, JobFailed
from pzdecl.engine.jobs.queue import Job
from pzdecl.engine.progress import Report
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.tuning.trials import NAME as TRIALS

RESULT = "result.json"
"""Written beside the model before it is renamed into place: a job killed after that is not trained again."""
PUT = "put"
"""The folder of the workspace with what was put one by one."""


def run_training(context: Context, job: Job, control: Control) -> None:
    """Trains in the workspace, going on from a checkpoint there; then renames, and makes it ACTIVE."""
    with context.store.read() as reader:
        version = reader.get(job.arn)
        solution = reader.get(str(version.parent)) if version else None
        if version is None or solution is None:
            raise JobFailed("The solution was deleted")
        datasets = {
            dataset.body["datasetType"]: [context.folder / part.path for part in reader.parts(dataset.arn)]
            for dataset in reader.children(DATASET.type, version.body["datasetGroupArn"])
        }
        wanted = settings_of(reader, version, solution)
    target = model_folder(context.folder, version.arn)
    if not (target / RESULT).exists():
        base = version.body.get("_base")
        put, held = put_parts(context.store, version.body["datasetGroupArn"], control.workspace() / PUT)
        datasets = {kind: [*paths, *([put[kind]] if kind in put else [])] for kind, paths in datasets.items()}
        base_folder = model_folder(context.folder, base) if base else None
        _train(wanted, datasets, held, target, job, control, base_folder)
    result: dict[str, Any] = json.loads((target / RESULT).read_text(encoding="utf-8"))
    of_recommender = version.type == RECOMMENDER_VERSION.type
    if of_recommender:
        recommending.check_model(context, version)
    old: list[str] = []
    with context.store.write() as tx:
        queue.finish(tx, job, progress=control.progress)
        version.status = ACTIVE
        version.body["trainingHours"] = result["hours"]
        version.body["_metrics"] = result["metrics"]
        version.body["_content"] = result.get("content")
        version.body.update(result.get("found", {}))
        tx.save(version)
        parent = tx.get(str(version.parent))
        if parent is not None and version.body["performAutoML"]:
            parent.body["autoMLResult"] = {"bestRecipeArn": version.body["recipeArn"]}
            tx.save(parent)
        if of_recommender:
            old = recommending.take_over(tx, version)
        else:
            follow_latest(tx, version)
    remove_models(context.folder, old)


def _search(
    settings: dict[str, Any], datasets: dict[str, list[Path]], workspace: Path, control: Control
) -> tuple[dict[str, Any], dict[str, Any], Report]:
    """What to train after AutoML and HPO, what the version shows of what they found, and whom to tell."""
    from pzdecl.engine.training.tuning.search import last_training, search, settled

    trials = search(settings, datasets, workspace, control.report, control.cancelled)
    found: dict[str, Any] = {"recipeArn": RECIPES[str(trials.chosen)].arn}
    if trials.parameters:
        tuned = {name: text(value) for name, value in trials.parameters.items()}
        found["tunedHPOParams"] = {"algorithmHyperParameters": tuned}
    settings = {**settled(settings, trials), "recipeArn": found["recipeArn"]}
    return settings, found, last_training(trials, control.report)


@contextlib.contextmanager
def _trials_kept(workspace: Path, target: Path) -> Iterator[None]:
    """Leaves what a search that failed has tried where that of a trained version is."""
    try:
        yield
    except TrainingCancelled:
        raise
    except Exception:
        if (workspace / TRIALS).exists():
            target.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(workspace / TRIALS, target / TRIALS)
        raise


def stop_training(context: Context, job: Job) -> None:
    """Ends a version whose creation was asked to stop."""
    with context.store.write() as tx:
        queue.finish(tx, job)
        version = tx.get(job.arn)
        if version is not None:
            version.status = STOPPED
            tx.save(version)


def _train(
    settings: dict[str, Any],
    datasets: dict[str, list[Path]],
    held: Content,
    target: Path,
    job: Job,
    control: Control,
    base: Path | None,
) -> None:
    from pzdecl.engine.training.train import train

    group = settings["datasetGroupArn"]
    if not datasets.get("INTERACTIONS"):
        raise JobFailed(f"The dataset group {group} has no interactions: import some first")
    workspace = control.workspace()
    started = time.monotonic()
    filled = {kind: paths for kind, paths in datasets.items() if paths}
    report: Report = control.report
    found: dict[str, Any] = {}
    try:
        if settings["performHPO"]:
            with _trials_kept(workspace, target):
                settings, found, report = _search(settings, filled, workspace, control)
        recipe = recipe_of(settings["recipeArn"]).name
        metrics = train(recipe, filled, settings, workspace, report, control.cancelled, base=base)
    except TrainingCancelled as error:
        raise JobCancelled from error
    except TrainingFailed as error:
        raise JobFailed(str(error)) from error
    hours = round((job.worked + time.monotonic() - started) / 3600, 6)
    result = {
        "metrics": {name: float(value) for name, value in metrics.items()},
        "hours": hours,
        "found": found,
        "content": held,
    }
    shutil.rmtree(workspace / PUT)
    (workspace / RESULT).write_text(json.dumps(result, sort_keys=True), encoding="utf-8")
    flush_tree(workspace)
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.exists():  # only a copy without a result: never complete
        shutil.rmtree(target)
    os.rename(workspace, target)
    flush(target)
