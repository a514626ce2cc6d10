"""SolutionVersion: Create, Describe, List, StopSolutionVersionCreation, GetSolutionMetrics."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.common import (
    ACTIVE,
    IN_PROGRESS,
    PENDING,
    STOPPED,
    STOPPING,
    create,
    describe,
    find,
    given,
    listing,
)
from pzdecl.engine.api.families import SOLUTION, SOLUTION_VERSION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.store.rows import Reader, Resource, Writer

METRIC_DIGITS = 4


@operation("CreateSolutionVersion", queues_job=True)
def create_solution_version(context: Context, params: Params) -> Result:
    """Queues a training of the solution, as it is configured now, on all data of its group."""
    with context.store.write() as tx:
        solution = find(tx, SOLUTION, params["solutionArn"])
        arn = start_version(
            tx,
            solution,
            mode=params.get("trainingMode", "FULL"),
            name=params.get("name"),
            tags=params.get("tags"),
        )
    return {"solutionVersionArn": arn}


def start_version(
    tx: Writer,
    solution: Resource,
    *,
    mode: str = "FULL",
    name: str | None = None,
    tags: Sequence[Mapping[str, str]] | None = None,
    training_type: str = "MANUAL",
    created: float | None = None,
) -> str:
    """Queues a training and returns the new version's ARN. `training_type` says who asked for it."""
    arn = f"{solution.arn}/{uuid.uuid4().hex[:8]}"
    body = {
        "name": name or arn.rpartition(":solution/")[2],
        "solutionVersionArn": arn,
        "solutionArn": solution.arn,
        **{key: solution.body[key] for key in ("performHPO", "performAutoML", "datasetGroupArn")},
        **given(solution.body, "recipeArn", "eventType", "performIncrementalUpdate"),
        "solutionConfig": solution.body.get("solutionConfig", {}),
        "trainingMode": mode,
        "trainingType": training_type,
    }
    if mode != "FULL":
        body |= update_of(tx, solution, mode)
    version = Resource(arn, SOLUTION_VERSION.type, body["name"], solution.arn, body, PENDING)
    if created is not None:
        version.created = version.updated = created
    create(tx, SOLUTION_VERSION, version, tags)
    tx.enqueue(arn, "train", solution.body["datasetGroupArn"])
    return arn


def update_of(reader: Reader, solution: Resource, mode: str) -> dict[str, Any]:
    """What a version has of the one that it goes on from: the newest that was trained in full.

    Raises InvalidInputException where there is none, or the recipe can't.
    """
    trained = [
        version
        for version in reader.children(SOLUTION_VERSION.type, solution.arn)
        if version.status == ACTIVE and version.body["trainingMode"] == "FULL"
    ]
    recipe = (trained[-1].body if trained else solution.body).get("recipeArn")
    if recipe and mode not in recipe_of(recipe).training_modes:
        able = sorted(one.name for one in RECIPES.values() if mode in one.training_modes)
        raise InvalidInputException(
            f"trainingMode {mode} is for {' and '.join(able) or 'no recipe of the built-in engine'}; "
            f"the recipe is {recipe_of(recipe).name}"
        )
    if not trained:
        raise InvalidInputException(
            f"trainingMode {mode} needs an ACTIVE solution version of {solution.arn} that was trained with "
            "trainingMode FULL: create one first"
        )
    body = trained[-1].body
    return {"_base": trained[-1].arn, "performHPO": False, **given(body, "recipeArn", "tunedHPOParams")}


@operation("DescribeSolutionVersion")
def describe_solution_version(context: Context, params: Params) -> Result:
    """With the hours of its training, the recipe and hyperparameters that were found, the failure's reason."""
    return describe(context, SOLUTION_VERSION, params["solutionVersionArn"])


@operation("ListSolutionVersions")
def list_solution_versions(context: Context, params: Params) -> Result:
    """Raises ResourceNotFoundException where a solution is named that does not exist."""
    solution_arn = params.get("solutionArn")
    if solution_arn is not None:
        with context.store.read() as reader:
            find(reader, SOLUTION, solution_arn)
    return listing(context, SOLUTION_VERSION, params, solution_arn, "SolutionVersionSummary")


@operation("StopSolutionVersionCreation", queues_job=True)
def stop_solution_version_creation(context: Context, params: Params) -> Result:
    """A version that waits is stopped at once; one in training as soon as the training notices."""
    arn = params["solutionVersionArn"]
    with context.store.write() as tx:
        version = find(tx, SOLUTION_VERSION, arn)
        if version.status not in {PENDING, IN_PROGRESS, STOPPING}:
            raise ResourceInUseException(
                f"The solution version {arn} can't be stopped: its status is {version.status}, "
                f"expected {PENDING} or {IN_PROGRESS}"
            )
        version.status = STOPPED if tx.stop_job(arn) else STOPPING
        tx.save(version)
    return {}


@operation("GetSolutionMetrics")
def get_solution_metrics(context: Context, params: Params) -> Result:
    """Offline metrics to four decimals. Raises ResourceInUseException before the version is trained."""
    arn = params["solutionVersionArn"]
    with context.store.read() as reader:
        version = find(reader, SOLUTION_VERSION, arn)
    if version.status != ACTIVE:
        raise ResourceInUseException(
            f"The solution version {arn} has no metrics: its status is {version.status}"
        )
    metrics: dict[str, float] = version.body["_metrics"]
    return {
        "solutionVersionArn": arn,
        "metrics": {name: round(metrics[name], METRIC_DIGITS) for name in sorted(metrics)},
    }
