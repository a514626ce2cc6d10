"""performHPO and performAutoML: which recipe, and which hyperparameters, to train fully.

Every candidate, one for HPO and several for AutoML, is tried a number of times, side by side where there are
cores. What is compared is measured on validation users; the test users of the final metrics stay unseen. After
each event the whole search is written to `trials.json`, so that a killed one goes on: trials that ended are not
run again, those that were running go on from their checkpoints.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.progress import Progress, Report
from pzdecl.engine.recipes import ranges
from pzdecl.engine.recipes.base import Value
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.train import check_datasets
from pzdecl.engine.training.tuning.task import Task
from pzdecl.engine.training.tuning.trials import Candidate, Trials, read_trials
from pzdecl.engine.training.tuning.tuner import SCRATCH, UNIT, Circumstances, Tuner

AUTOML_TRIALS = 5
"""Trials for each recipe that AutoML compares."""


def search(
    solution: Mapping[str, Any],
    datasets: Mapping[str, Sequence[Path]],
    folder: Path,
    report: Report,
    cancelled: Callable[[], bool],
    *,
    seed: int = 0,
) -> Trials:
    """Finds what to train fully: the recipe `chosen` and its `parameters`. `settled` says it as a solution.

    solution  as DescribeSolutionVersion shows it: `performAutoML`, `recipeArn`, `eventType`, `solutionConfig`
    datasets  Parquet parts by dataset type
    folder    gets `trials.json`; one that is found there is gone on with

    Raises TrainingFailed where nothing can be trained, TrainingCancelled, ParameterError for a range that is
    wrong.
    """
    trials = read_trials(folder) or _candidates(solution)
    if trials.chosen is None:
        around = Circumstances(trials, folder, seed, _tasks(solution, datasets, seed), report, cancelled)
        parallel = min(_budget(solution).parallel or ranges.MOST_PARALLEL, cores())
        for tuner in _tuners(around, solution, datasets):
            tuner.run(parallel)
        _choose(trials, solution, folder)
        trials.write(folder)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return trials


def settled(solution: Mapping[str, Any], trials: Trials) -> dict[str, Any]:
    """The solution to train, as `train` reads it: what the search found stands in `tunedHPOParams`."""
    tuned = {"tunedHPOParams": {"algorithmHyperParameters": trials.parameters}} if trials.parameters else {}
    return {**solution, "solutionConfig": _config(solution), **tuned}


def last_training(trials: Trials, report: Report) -> Report:
    """Tells of the full training as the last of the search's trainings, so that progress never goes back."""

    def told(progress: Progress) -> None:
        share = min(progress.done / progress.total, 1.0) if progress.total else 0.0
        done = round(trials.wanted + share, 3)
        report(Progress(UNIT, done, trials.wanted + 1, None, progress.eta, progress.detail))

    return told


def cores() -> int:
    """How many trials can run side by side."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _candidates(solution: Mapping[str, Any]) -> Trials:
    if not solution.get("performAutoML"):
        return Trials(ranges.OBJECTIVE, [Candidate(_name(solution["recipeArn"]))])
    config = (solution.get("solutionConfig") or {}).get("autoMLConfig") or {}
    names = [_name(arn) for arn in config.get("recipeList") or ()] or ranges.HRNN_FAMILY
    objective = config.get("metricName") or ranges.OBJECTIVE
    return Trials(objective, [Candidate(name) for name in dict.fromkeys(names)])


def _name(arn: str) -> str:
    return arn.rpartition("/")[2]


def _config(solution: Mapping[str, Any]) -> Mapping[str, Any]:
    """AutoML ignores everything but its own part."""
    return {} if solution.get("performAutoML") else solution.get("solutionConfig") or {}


def _budget(solution: Mapping[str, Any]) -> ranges.Budget:
    if solution.get("performAutoML"):
        return ranges.Budget(AUTOML_TRIALS, None)
    return ranges.budget(_config(solution))


def _tasks(
    solution: Mapping[str, Any], datasets: Mapping[str, Sequence[Path]], seed: int
) -> Callable[[str, Mapping[str, Value], Path], Task]:
    files = {kind: [str(path) for path in paths] for kind, paths in datasets.items()}
    told = {"eventType": solution.get("eventType"), "solutionConfig": _config(solution)}
    return lambda recipe, parameters, scratch: Task(recipe, files, told, parameters, seed, str(scratch))


def _tuners(
    around: Circumstances, solution: Mapping[str, Any], datasets: Mapping[str, Sequence[Path]]
) -> list[Tuner]:
    """One for each candidate that can be trained on these datasets; the others get their reason."""
    config, budget = _config(solution), _budget(solution)
    tuners = []
    for candidate in around.trials.candidates:
        recipe = RECIPES.get(candidate.recipe)
        if recipe is None:
            candidate.reason = f"The built-in engine has no {candidate.recipe}."
            continue
        try:
            check_datasets(recipe, datasets)
        except TrainingFailed as error:
            candidate.reason = str(error)
            continue
        space = ranges.search_space(recipe, config)
        tuner = Tuner(around, candidate, recipe.parameters(config), space)
        if candidate.reason is None:
            candidate.wanted = int(min(budget.trials, tuner.size))
        tuners.append(tuner)
    return tuners


def _choose(trials: Trials, solution: Mapping[str, Any], folder: Path) -> None:
    best = trials.best
    if best is None or best.best is None:
        trials.write(folder)  # why the others were not even tried is worth keeping, too
        reasons = [f"{one.recipe}: {one.reason}" for one in trials.candidates]
        if solution.get("performAutoML"):
            raise TrainingFailed("None of the recipes could be trained. " + " ".join(reasons))
        raise TrainingFailed(str(trials.candidates[0].reason))
    values = {**RECIPES[best.recipe].parameters(_config(solution)), **best.best.parameters}
    algorithm = [p.name for p in RECIPES[best.recipe].hyperparameters if p.group == "algorithmHyperParameters"]
    trials.chosen = best.recipe
    trials.parameters = {name: values[name] for name in algorithm}
