"""Fits a recipe under a protocol and scores what it answers, as it answers and without past items."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.progress import Progress
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.model import Job
from tests.bench.quality.data import Held, coded, training_data, truths
from tests.bench.quality.protocols import LIST, Relevant, Scores, relevant


@dataclass(frozen=True)
class Measured:
    """What one training gave: `scores` by name ("all NDCG@10", "unseen P@5"), and its time."""

    scores: Scores
    seconds: float


Protocol = Callable[[str], Held | None]
Measure = Callable[[str, str, Mapping[str, Any], int], Measured | None]
"""Data set, recipe, hyperparameters, seed; None where the data set is not here."""


def ranking(hold: Protocol, score: Callable[[Relevant], Scores]) -> Measure:
    """The measure of recipes that recommend for a user: "all" as answered, "unseen" without past items."""

    def measure(name: str, recipe: str, parameters: Mapping[str, Any], seed: int) -> Measured | None:
        held = hold(name)
        if held is None:
            return None
        with tempfile.TemporaryDirectory(prefix="pzdecl-quality-") as scratch:
            data = training_data(
                name, held.training, Path(scratch), whole_catalogue=RECIPES[recipe].whole_catalogue
            )
            began = time.monotonic()
            model = RECIPES[recipe].trainer()(data, job(recipe, parameters, seed, Path(scratch) / "job"))
            model.finish(data)
            seconds = time.monotonic() - began
        truth = truths(held.truth, data.interactions)
        shown = coded(held.shown, data.interactions)
        answers = longest(model, shown, np.fromiter(truth, np.int64))
        seen = [shown.items[shown.offsets[user] : shown.offsets[user + 1]] for user in truth]
        unseen = np.full((len(answers), LIST), -1, np.int32)
        for row, (items, past) in enumerate(zip(answers, seen, strict=True)):
            fresh = items[~np.isin(items, past)][:LIST]
            unseen[row, : len(fresh)] = fresh
        lists = {"all": answers[:, :LIST], "unseen": unseen}
        scores = {
            f"{kind} {measure}": value
            for kind, found in lists.items()
            for measure, value in score(relevant(found, truth)).items()
        }
        return Measured(scores, seconds)

    return measure


def longest(model: Any, shown: Interactions, users: NDArray[np.int64]) -> NDArray[np.int32]:
    """As many answers for each of `users` as leave LIST when all that anybody had is taken out."""
    return np.asarray(model.recommend(shown, users, min(len(shown.item_ids), LIST + int(shown.lengths.max()))))


def job(recipe: str, parameters: Mapping[str, Any], seed: int, scratch: Path) -> Job:
    """A training that nobody watches, with these of the recipe's hyperparameters."""
    groups = {one.name: one.group for one in RECIPES[recipe].hyperparameters}
    config: dict[str, dict[str, Any]] = {}
    for name, value in parameters.items():
        config.setdefault(groups.get(name, "algorithmHyperParameters"), {})[name] = value
    return Job(RECIPES[recipe].parameters(config), seed, _ignore, lambda: False, scratch)


def _ignore(progress: Progress) -> None:
    del progress
