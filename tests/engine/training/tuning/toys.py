"""Recipes whose best hyperparameters are known: `toy` is best at width 70, `toy-b` is a little worse."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import Any

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.base import Hyperparameter, Recipe
from pzdecl.engine.recipes.ranges import OBJECTIVE
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.model import Fit, Job
from pzdecl.engine.training.split import split
from tests.waiting import until

OPTIMUM = 70
EPOCHS = 10


def loss(parameters: Any) -> float:
    return ((parameters["width"] - OPTIMUM) / 100) ** 2 + (0.0 if parameters["mask"] else 0.05)


class Toy:
    """What fitting leaves: nothing to serve."""

    def finish(self, data: TrainingData) -> dict[str, Any]:
        return {}


def fit(data: TrainingData, job: Job) -> Toy:
    """Tells of ten epochs; notes in `log` (a hyperparameter only tests have) each that it begins."""
    job.scratch.mkdir(parents=True, exist_ok=True)
    if "meeting" in job.config:
        meet(Path(job.config["meeting"]), str(job.parameters["width"]))
    checkpoint = job.scratch / "epoch"
    for epoch in range(int(checkpoint.read_text()) if checkpoint.exists() else 0, EPOCHS):
        if job.cancelled():
            raise TrainingCancelled
        if job.parameters["width"] in job.config.get("broken", ()):
            raise TrainingFailed("This width cannot be trained.")
        if job.parameters["width"] in job.config.get("buggy", ()):
            raise KeyError("a bug")
        if job.config.get("suicide") == job.parameters["width"]:
            os.kill(os.getpid(), 9)
        checkpoint.write_text(str(epoch + 1))
        note(job, epoch)
        job.report(Progress("epochs", epoch + 1, EPOCHS, detail={"validation_loss": loss(job.parameters)}))
        time.sleep(job.config.get("sleep", 0))
    return Toy()


def meet(place: Path, name: str) -> None:
    """Waits until another trial is there as well; each leaves the id of its process."""
    place.mkdir(exist_ok=True)
    (place / name).write_text(str(os.getpid()))
    until(lambda: len(list(place.iterdir())) >= 2, why="nobody came")


def note(job: Job, epoch: int) -> None:
    if "log" in job.config:
        with Path(job.config["log"]).open("a") as file:
            file.write(json.dumps([job.parameters["width"], job.parameters["mask"], epoch]) + "\n")


def measure(fit: Fit, data: TrainingData, job: Job) -> tuple[Toy, dict[str, float]]:
    """What is measured follows from the hyperparameters alone."""
    model = fit(data.with_interactions(split(data.interactions, job.seed).training), job)
    return model, {OBJECTIVE: 1 - loss(job.parameters) - job.parameters["handicap"], "coverage": 0.5}


def toy(name: str, handicap: float = 0.0, **more: Any) -> Recipe:
    return Recipe(
        name=name,
        type="USER_PERSONALIZATION",
        description="A toy.",
        algorithm=name,
        feature_transformation=name,
        created="2020-01-01T00:00:00Z",
        hyperparameters=(
            Hyperparameter("width", "integer", 200, 32, 256, tunable=True),
            Hyperparameter("mask", "boolean", False, tunable=True),
            Hyperparameter("handicap", "float", handicap, 0, 1),
        ),
        trainer=lambda: fit,
        answerer=lambda: None,
        returns_scores=False,
        protocol=lambda: measure,
        **more,
    )


RECIPES = {
    recipe.name: recipe
    for recipe in (toy("toy"), toy("toy-b", 0.1), toy("toy-items", datasets=("INTERACTIONS", "ITEMS")))
}
"""All toys by name, to be put beside the engine's recipes for as long as a test lasts."""
