"""What was tried and what came of it: `trials.json`, from which a killed search goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from pzdecl.engine.recipes.base import Value

NAME = "trials.json"
State = Literal["running", "complete", "pruned", "failed"]


@dataclass(slots=True)
class Trial:
    """One training of a search.

    number      counts within its candidate, from 0
    parameters  the hyperparameters that were searched
    value       of the objective, on validation users; None unless complete
    metrics     all that were measured there
    losses      validation losses, by tenths of the training that were reached
    seconds     of work, over all attempts
    reason      why it failed
    """

    number: int
    parameters: dict[str, Value]
    state: State = "running"
    value: float | None = None
    metrics: dict[str, float] = field(default_factory=dict)
    losses: dict[int, float] = field(default_factory=dict)
    seconds: float = 0.0
    reason: str | None = None


@dataclass(slots=True)
class Candidate:
    """A recipe that is tried. `reason` says why it cannot be trained, or what failed last."""

    recipe: str
    wanted: int = 0
    trials: list[Trial] = field(default_factory=list)
    reason: str | None = None

    @property
    def best(self) -> Trial | None:
        """The complete trial with the highest value; of equals, the earliest."""
        complete = [trial for trial in self.trials if trial.value is not None]
        return max(complete, key=lambda trial: (trial.value or 0.0, -trial.number), default=None)

    @property
    def finished(self) -> int:
        """How many trials have come to an end, of whatever kind."""
        return sum(trial.state != "running" for trial in self.trials)


@dataclass(slots=True)
class Trials:
    """A whole search: one candidate, or those that AutoML compares on `objective`."""

    objective: str
    candidates: list[Candidate] = field(default_factory=list)
    chosen: str | None = None
    parameters: dict[str, Value] = field(default_factory=dict)

    @property
    def best(self) -> Candidate | None:
        """The candidate whose best trial is the best of all; of equals, the one named first."""
        found = [(candidate.best, candidate) for candidate in self.candidates]
        able = [(best.value or 0.0, candidate) for best, candidate in found if best is not None]
        return max(able, key=lambda one: one[0])[1] if able else None

    @property
    def done(self) -> int:
        """Trials that have come to an end."""
        return sum(candidate.finished for candidate in self.candidates)

    @property
    def wanted(self) -> int:
        """Trials in all."""
        return sum(candidate.wanted for candidate in self.candidates)

    def write(self, folder: Path) -> None:
        """Replaces `trials.json` in one go."""
        partial = folder / f"{NAME}.partial"
        partial.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        os.replace(partial, folder / NAME)


def read_trials(folder: Path) -> Trials | None:
    """What a model's folder, or a search's, holds; None where nothing was searched."""
    try:
        found: Mapping[str, Any] = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    candidates = [
        Candidate(**{**one, "trials": [_trial(trial) for trial in one["trials"]]})
        for one in found["candidates"]
    ]
    return Trials(**{**found, "candidates": candidates})


def _trial(found: Mapping[str, Any]) -> Trial:
    return Trial(**{**found, "losses": {int(tenth): loss for tenth, loss in found["losses"].items()}})
