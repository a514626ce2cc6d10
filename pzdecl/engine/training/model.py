"""What a recipe's trainer takes and gives: the seam between `train` and the algorithms."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.progress import Report

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Job:
    """The circumstances of a training.

    parameters  the recipe's hyperparameters, complete
    seed        everything random follows from it
    report      is told how far the training is
    cancelled   is asked often; when it says yes, the trainer raises TrainingCancelled
    scratch     a folder for checkpoints; what is found there is gone on with
    """

    parameters: Mapping[str, int | float | bool]
    seed: int
    report: Report
    cancelled: Callable[[], bool]
    scratch: Path


class Model(Protocol):
    """A fitted model, before it is written."""

    def recommend(self, shown: Interactions, users: NDArray[np.int64], count: int) -> NDArray[np.int32]:
        """For each of `users`, given only their events in `shown`: `count` items, best first; -1 for none."""
        ...

    def finish(self, data: Interactions) -> dict[str, NDArray[Any]]:
        """What serving needs, brought up to all of `data`."""
        ...


Fit = Callable[[Interactions, Job], Model]
"""Fits to the training users' events. Raises TrainingCancelled, TrainingFailed."""
