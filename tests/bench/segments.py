"""User segments beside what is simpler, on the same split: who is most active, who had related items.

    .venv/bin/python -m tests.bench.segments [--data ml-100k online-retail] [--seeds 0 1 2]

Each user's oldest 80% of the events are learned from, the newest 20% have to be found in the top 1% of the
users.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from pzdecl.engine.data.interactions import Interactions
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.blend import best
from pzdecl.engine.training.affinity.fit import chosen
from pzdecl.engine.training.affinity.histories import histories
from pzdecl.engine.training.affinity.measure import measure_segments
from pzdecl.engine.training.affinity.questions import AttributeQuestions, ItemQuestions
from pzdecl.engine.training.model import Job
from tests import datasets
from tests.bench.quality.data import splits, training_data

QUESTIONS = {"aws-item-affinity": ItemQuestions, "aws-item-attribute-affinity": AttributeQuestions}
SIMPLE = {
    "aws-item-affinity": {
        "most active": (0, 0, 1, 0),
        "related items": (0, 1, 0, 0),
        "related x active": (0, 1, 1, 0),
    },
    "aws-item-attribute-affinity": {"most active": (0, 1)},
}
"""Weights of the features of `pzdecl.engine.serving.segments`, without what the network says."""
UNSEEN = {"unseen: related x active": (0, 1, 1, -100)}


class Simple:
    """Scores users by fixed weights of features that need no training."""

    def __init__(self, data: TrainingData, recipe: str, weights: tuple[int, ...]) -> None:
        self.data, self.recipe = data, recipe
        self.weights = np.array(weights, np.float32)

    def answers(
        self, newest: Interactions, size: int, most: int
    ) -> tuple[list[str], list[np.ndarray], np.ndarray]:
        asking = QUESTIONS[self.recipe](self.data)
        had = histories(self.data.interactions)
        users, items = len(had["events"]), len(self.data.interactions.item_ids)
        nothing = {
            "items": np.zeros((items, 1), np.float32),
            "bias": np.zeros(items, np.float32),
            "expected": np.zeros((users, 1), np.float32),
            "totals": np.zeros(users, np.float32),
            "seen": np.zeros(1, np.float32),
        }
        known = {**had, **nothing, **asking.tensors(had)}
        asked = sorted(chosen(asking.all(), newest, most), key=lambda question: question.text)
        found = [best(self.weights @ asking.features(known, question), size) for question in asked]
        return [q.text for q in asked], [q.takers(newest) for q in asked], np.stack(found)


def simple(recipe: str, data: TrainingData, job: Job) -> Iterator[tuple[str, dict[str, float]]]:
    """The metrics of what is simpler than the recipe."""
    rows = SIMPLE[recipe] | (UNSEEN if recipe == "aws-item-affinity" else {})
    for name, weights in rows.items():
        _, metrics = measure_segments(lambda part, _, w=weights: Simple(part, recipe, w), data, job)
        yield name, metrics


def quiet(recipe: str, folder: Path, seed: int) -> Job:
    """A job with the recipe's defaults that nobody watches."""
    return Job(RECIPES[recipe].parameters({}), seed, lambda _: None, lambda: False, folder)


def load(name: str, scratch: Path) -> TrainingData | None:
    """All events of a data set with its items, or None where it is missing."""
    parts = splits(name)
    return (
        None
        if parts is None
        else training_data(name, pa.concat_tables(parts, promote_options="default"), scratch)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", default=["ml-100k", "online-retail"])
    parser.add_argument("--recipes", nargs="+", default=list(QUESTIONS), choices=list(QUESTIONS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    options = parser.parse_args()
    print(f"{'data':<14} {'recipe':<28} {'seed':<26} {'hits@1%':>8} {'recall@1%':>9} {'coverage':>8}")
    with tempfile.TemporaryDirectory(prefix="pzdecl-bench-") as scratch:
        for name in options.data:
            data = load(name, Path(scratch) / name)
            if data is None:
                print(f"{name:<14} is not in {datasets.BASE}")
                continue
            for recipe in options.recipes:
                rows = list(simple(recipe, data, quiet(recipe, Path(scratch), 0)))
                for seed in options.seeds:
                    job = quiet(recipe, Path(scratch) / f"{name}-{recipe}-{seed}", seed)
                    rows.append(
                        (f"the recipe, seed {seed}", measure_segments(RECIPES[recipe].trainer(), data, job)[1])
                    )
                for what, m in rows:
                    figures = (
                        f"{m['hits_at_1_percent']:>8.3f} {m['recall_at_1_percent']:>9.4f} {m['coverage']:>8.3f}"
                    )
                    print(f"{name:<14} {recipe:<28} {what:<26} {figures}", flush=True)


if __name__ == "__main__":
    main()
