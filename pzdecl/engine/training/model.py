"""What a recipe's trainer takes and gives: the seam between `train` and the algorithms.

A recipe names three functions, imported when they are needed: its trainer (`Fit`), its protocol of evaluation
(`Measure`), and the class that answers from its files (`pzdecl.engine.serving.query.Answerer`).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.progress import Report
from pzdecl.engine.training.device import VARIABLE

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Base(NamedTuple):
    """The training that an update goes on from: what its model's `weights` gave, and the ids of its items."""

    weights: Mapping[str, NDArray[Any]]
    item_ids: Sequence[str]


@dataclass(frozen=True, slots=True)
class Job:
    """The circumstances of a training.

    parameters  the recipe's hyperparameters, complete
    seed        everything random follows from it
    report      is told how far the training is
    cancelled   is asked often; when it says yes, the trainer raises TrainingCancelled
    scratch     a folder for checkpoints; what is found there is gone on with
    config      the solution's `solutionConfig`, for what is no hyperparameter
    base        what trainingMode UPDATE goes on from; None for a training from the beginning
    device      where networks are trained: "auto", "cpu" or "cuda"; PZDECL_DEVICE unless given
    """

    parameters: Mapping[str, Any]
    seed: int
    report: Report
    cancelled: Callable[[], bool]
    scratch: Path
    config: Mapping[str, Any] = field(default_factory=dict)
    base: Base | None = None
    device: str = field(default_factory=lambda: os.environ.get(VARIABLE) or "auto")


class Model(Protocol):
    """A fitted model, before it is written.

    One that learns in epochs also has `curve`, a mapping for each: `epoch`, `loss`, `validation_loss`.
    """

    def finish(self, data: TrainingData) -> dict[str, NDArray[Any]]:
        """The tensors that serving needs, brought up to all of `data`."""
        ...


class Recommender(Model, Protocol):
    """A model whose answers are lists of items."""

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """For each of `users`, given only their events in `shown`: `count` items, best first; -1 for none."""
        ...


class Updatable(Model, Protocol):
    """A model of a recipe with trainingMode UPDATE."""

    def weights(self) -> dict[str, NDArray[Any]]:
        """What a `Base` holds."""
        ...


Fit = Callable[[TrainingData, Job], Any]
"""Fits to the training users' events; returns a Model. Raises TrainingCancelled, TrainingFailed."""

Measure = Callable[[Fit, TrainingData, Job], tuple[Model, dict[str, float]]]
"""Holds data back, fits to the rest, and measures the answers: the fitted model, and the offline metrics.

Metrics that are an `Evaluation` (`pzdecl.engine.training.metrics`) are kept for each test user, too, so that
versions can be compared with confidence.
"""
