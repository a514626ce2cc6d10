"""One trial of a search: a training on part of the data, measured on users who validate."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Report
from pzdecl.engine.recipes.base import Value
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.model import Job, Measure
from pzdecl.engine.training.train import read_data


@dataclass(frozen=True, slots=True)
class Task:
    """What a trial needs, as plain values: it may run in another process.

    datasets    Parquet parts by dataset type
    solution    `eventType` and `solutionConfig`
    parameters  the recipe's hyperparameters, complete
    scratch     a folder for its checkpoints
    """

    recipe: str
    datasets: Mapping[str, list[str]]
    solution: Mapping[str, Any]
    parameters: Mapping[str, Value]
    seed: int
    scratch: str


Execute = Callable[[Task, Report, Callable[[], bool]], dict[str, float]]
"""Runs a task, here or elsewhere. Raises TrainingFailed, TrainingCancelled."""


def run(task: Task, report: Report, cancelled: Callable[[], bool]) -> dict[str, float]:
    """The recipe's metrics on validation users.

    The final metrics' test users take no part: what their protocol of evaluation leaves for training is divided
    once more by the same protocol. Raises TrainingFailed, TrainingCancelled.
    """
    recipe = RECIPES[task.recipe]
    datasets = {kind: [Path(path) for path in paths] for kind, paths in task.datasets.items()}
    config = task.solution.get("solutionConfig") or {}
    job = Job(task.parameters, task.seed, report, cancelled, Path(task.scratch), config)
    measure: Measure = recipe.protocol()
    part = left_for_training(measure, read_data(recipe, datasets, task.solution), job)
    return measure(recipe.trainer(), part, job)[1]


class _Handed(Exception):
    def __init__(self, data: TrainingData) -> None:
        super().__init__()
        self.data = data


def left_for_training(measure: Measure, data: TrainingData, job: Job) -> TrainingData:
    """What a protocol of evaluation hands to the trainer: nothing that it measures on."""

    def take(part: TrainingData, _: Job) -> Any:
        raise _Handed(part)

    try:
        measure(take, data, job)
    except _Handed as handed:
        return handed.data
    raise RuntimeError("the protocol of evaluation trains nothing")
