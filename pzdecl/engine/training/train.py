"""One training, from Parquet to a model that can be served, with its metrics.

Offline metrics come from a model that never saw what it is asked for: the recipe's protocol of evaluation says
how. What is served then knows everybody: what only counts, counts again over all events (it takes seconds);
networks go on from the evaluated weights with one epoch over all events, and take in every user's history.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from pzdecl.engine.data.event_parameters import event_parameters
from pzdecl.engine.data.training_data import TrainingData, load_training_data
from pzdecl.engine.progress import Report
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.evaluation import write_evaluation
from pzdecl.engine.serving.files import WEIGHTS, Ids, map_tensors, read_model, write_model, write_weights
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.metrics import Evaluation
from pzdecl.engine.training.model import Base, Job, Measure, Updatable
from pzdecl.engine.training.novelty import novelty
from pzdecl.engine.training.split import check_minimum

__all__ = ["TrainingCancelled", "TrainingFailed", "train"]

SCRATCH = "checkpoint"


def train(
    recipe: str,
    datasets: Mapping[str, Sequence[Path]],
    solution: Mapping[str, Any],
    folder: Path,
    report: Report,
    cancelled: Callable[[], bool],
    *,
    seed: int = 0,
    base: Path | None = None,
) -> dict[str, float]:
    """Trains `recipe`, writes the model into `folder` and returns the offline metrics.

    datasets  Parquet parts by dataset type: INTERACTIONS, and perhaps ITEMS and USERS
    solution  as DescribeSolutionVersion shows it: `eventType` and `solutionConfig` are read, and
              `tunedHPOParams`, which override the config's hyperparameters
    folder    gets `model.json`, `model.safetensors` and, with the metrics of each test user,
              `evaluation.safetensors`; a checkpoint that is found there is gone on with
    base      the folder of an earlier model of the same solution: trainingMode UPDATE. The weights go on from
              there, and the metrics stay those of that model

    Raises TrainingFailed with the service's text, TrainingCancelled when `cancelled()`, ParameterError for a
    hyperparameter that is wrong.
    """
    facts = RECIPES[recipe]
    config = solution.get("solutionConfig") or {}
    tuned = (solution.get("tunedHPOParams") or {}).get("algorithmHyperParameters") or {}
    parameters = facts.parameters(config)
    parameters |= {one.name: one.parse(tuned[one.name]) for one in facts.hyperparameters if one.name in tuned}
    everything = read_data(facts, datasets, solution)
    data = everything.interactions
    if cancelled():
        raise TrainingCancelled
    job = Job(parameters, seed, report, cancelled, folder / SCRATCH, config)
    if base is None:
        measure: Measure = facts.protocol()
        model, metrics = measure(facts.trainer(), everything, job)
    else:
        earlier, metrics = read_base(base)
        model = facts.trainer()(everything, replace(job, base=earlier))
    tensors = {
        **model.finish(everything),
        **(novelty(everything) if facts.explores else {}),
        **Ids.pack("user_ids", data.user_ids),
        **Ids.pack("item_ids", data.item_ids),
    }
    described = {
        "recipe": recipe,
        "hyperparameters": parameters,
        "seed": seed,
        "interactions": len(data),
        "users": len(data.user_ids),
        "items": len(data.item_ids),
        "metrics": metrics,
        "curve": list(getattr(model, "curve", ())),
    }
    if isinstance(metrics, Evaluation):
        write_evaluation(folder, metrics)
    if "UPDATE" in facts.training_modes:
        write_weights(folder, cast(Updatable, model).weights())
    write_model(folder, described, tensors)
    shutil.rmtree(folder / SCRATCH, ignore_errors=True)
    return metrics


def read_base(folder: Path) -> tuple[Base, dict[str, float]]:
    """What an update goes on from, and the earlier model's metrics.

    Raises TrainingFailed where the model has no weights to go on from, or another format.
    """
    try:
        facts, tensors = read_model(folder)
        weights = map_tensors(folder / WEIGHTS)
    except (OSError, ValueError) as error:
        raise TrainingFailed(
            f"The solution version to update from can't be read ({error}): train one with trainingMode FULL."
        ) from error
    return Base(weights, Ids.unpack("item_ids", tensors)), facts["metrics"]


def read_data(
    recipe: Recipe, datasets: Mapping[str, Sequence[Path]], solution: Mapping[str, Any]
) -> TrainingData:
    """What `recipe` trains on, filtered as the solution says. Raises TrainingFailed if it is not enough."""
    check_datasets(recipe, datasets)
    config = solution.get("solutionConfig") or {}
    event_type = solution.get("eventType") or None
    excluded = (config.get("trainingDataConfig") or {}).get("excludedDatasetColumns") or {}
    by_type = event_parameters(config)
    data = load_training_data(
        datasets,
        event_type=event_type,
        event_value_threshold=_threshold(config.get("eventValueThreshold")),
        by_type=by_type,
        excluded={kind.upper(): names for kind, names in excluded.items()},
        whole_catalogue=recipe.whole_catalogue,
        whole_audience=recipe.whole_audience,
        actions="ACTIONS" in recipe.datasets,
    )
    check_minimum(data.interactions, event_type or ", ".join(by_type) or None)
    return data


def check_datasets(recipe: Recipe, datasets: Mapping[str, Sequence[Path]]) -> None:
    """Raises TrainingFailed where a dataset is missing or empty without which the recipe does not train."""
    missing = [kind for kind in recipe.datasets if not datasets.get(kind)]
    if missing:
        raise TrainingFailed(
            f"{recipe.name} needs data of type {' and '.join(missing)}: import it into the dataset group first."
        )


def _threshold(text: object) -> float | None:
    if text is None or text == "":
        return None
    try:
        return float(str(text))
    except ValueError:
        raise TrainingFailed(f"eventValueThreshold must be a number, not {text!r}.") from None
