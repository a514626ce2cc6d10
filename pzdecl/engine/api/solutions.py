"""Solution: Create, Describe, Delete, List, Update.

With `performAutoTraining` versions are trained when they are due (`pzdecl.engine.jobs.schedule`). Its versions
perform AutoML and hyperparameter optimisation.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.common import ACTIVE, create, describe, find, given, listing, view
from pzdecl.engine.api.families import (
    BATCH_INFERENCE_JOB,
    BATCH_SEGMENT_JOB,
    CAMPAIGN,
    DATASET_GROUP,
    SOLUTION,
    SOLUTION_VERSION,
)
from pzdecl.engine.api.models import remove_models
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import custom_recipe, recipe_of
from pzdecl.engine.api.tuning import automl_problems, hpo_problems, with_prefixes
from pzdecl.engine.data.schema import DATASET_TYPES
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.recipes.base import Recipe, as_number
from pzdecl.engine.store.rows import Reader, Resource

MAX_TRAINING_DAYS = 30


@operation("CreateSolution")
def create_solution(context: Context, params: Params) -> Result:
    """Active at once: training is the work of its versions."""
    automl = params.get("performAutoML", False)
    if automl == ("recipeArn" in params):
        found = "both given" if automl else "both missing"
        raise InvalidInputException(f"recipeArn and performAutoML are {found}: give exactly one of them")
    _refuse_incremental(params)
    config = params.get("solutionConfig") or {}
    problems = _config_problems(config)
    if automl:
        problems += automl_problems(config.get("autoMLConfig") or {})
    else:
        recipe = custom_recipe(params["recipeArn"])
        problems += [str(problem) for problem in recipe.problems(config)]
        problems += [
            *_unsupported(config, recipe),
            *hpo_problems(recipe, config, performed=params.get("performHPO", False)),
        ]
    if problems:
        raise InvalidInputException(f"The solution configuration is not valid: {'; '.join(problems)}")
    name, group_arn = params["name"], params["datasetGroupArn"]
    arn = context.arn(f"solution/{name}")
    body = {
        "name": name,
        "solutionArn": arn,
        "performHPO": automl or params.get("performHPO", False),
        "performAutoML": automl,
        "performAutoTraining": params.get("performAutoTraining", True),
        **given(params, "performIncrementalUpdate"),
        **given(params, "recipeArn"),
        "datasetGroupArn": group_arn,
        **given(params, "eventType"),
        **({"solutionConfig": with_prefixes(config)} if config else {}),
    }
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, group_arn)
        create(tx, SOLUTION, Resource(arn, SOLUTION.type, name, group_arn, body), params.get("tags"))
    return {"solutionArn": arn}


@operation("DescribeSolution")
def describe_solution(context: Context, params: Params) -> Result:
    """With its newest version, where it has one."""
    result = describe(context, SOLUTION, params["solutionArn"])
    with context.store.read() as reader:
        versions = reader.children(SOLUTION_VERSION.type, params["solutionArn"])
    if versions:
        latest = view(SOLUTION_VERSION, versions[-1], "SolutionVersionSummary")
        result["solution"]["latestSolutionVersion"] = latest
    return result


@operation("ListSolutions")
def list_solutions(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    return listing(context, SOLUTION, params, params.get("datasetGroupArn"), "SolutionSummary")


@operation("UpdateSolution")
def update_solution(context: Context, params: Params) -> Result:
    """Changes automatic training; everything else of a solution is fixed."""
    arn = params["solutionArn"]
    _refuse_incremental(params)
    update = params.get("solutionUpdateConfig") or {}
    if not ({"performAutoTraining", "performIncrementalUpdate"} & set(params)) and not update:
        raise InvalidInputException(
            "Nothing to update: give performAutoTraining, performIncrementalUpdate or solutionUpdateConfig"
        )
    problems = _config_problems(update)
    with context.store.write() as tx:
        solution = find(tx, SOLUTION, arn)
        if "recipeArn" in solution.body:
            problems += _unsupported(update, recipe_of(solution.body["recipeArn"]))
        if problems:
            raise InvalidInputException(f"The solution configuration is not valid: {'; '.join(problems)}")
        solution.body.update(given(params, "performAutoTraining", "performIncrementalUpdate"))
        if update:
            solution.body["solutionConfig"] = {**solution.body.get("solutionConfig", {}), **update}
        now = round(time.time(), 3)
        solution.body["latestSolutionUpdate"] = {
            **given(params, "solutionUpdateConfig", "performAutoTraining", "performIncrementalUpdate"),
            "status": ACTIVE,
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        tx.save(solution)
    return {"solutionArn": arn}


@operation("DeleteSolution")
def delete_solution(context: Context, params: Params) -> Result:
    """Deletes it with all its versions and their batch jobs.

    Refused while a campaign or a job uses a version, or one is still being trained.
    """
    arn = params["solutionArn"]
    with context.store.write() as tx:
        find(tx, SOLUTION, arn)
        used_by = campaign_using(tx, arn)
        if used_by:
            raise ResourceInUseException(
                f"The solution {arn} can't be deleted while a campaign uses it: {used_by}"
            )
        versions = tx.children(SOLUTION_VERSION.type, arn)
        busy = [version.arn for version in versions if not _at_rest(version.status)]
        if busy:
            raise ResourceInUseException(
                f"The solution {arn} can't be deleted while {busy[0]} is pending or in progress"
            )
        jobs = [
            job
            for version in versions
            for family in (BATCH_INFERENCE_JOB, BATCH_SEGMENT_JOB)
            for job in tx.children(family.type, version.arn)
        ]
        busy = [job.arn for job in jobs if not _at_rest(job.status)]
        if busy:
            raise ResourceInUseException(
                f"The solution {arn} can't be deleted while {busy[0]} uses it, which is pending or in progress"
            )
        for one in (*jobs, *versions):
            tx.delete(one.arn)
        tx.delete(arn)
    remove_models(context.folder, [version.arn for version in versions])
    return {}


def campaign_using(reader: Reader, solution_arn: str) -> str | None:
    """A campaign that serves a version of the solution, or is being moved to one."""
    serving = reader.first_child((CAMPAIGN.type,), solution_arn)
    return serving or reader.campaign_moving_to(f"{solution_arn}/")


def _at_rest(status: str) -> bool:
    return status in {"ACTIVE", "CREATE FAILED", "CREATE STOPPED"}


def _refuse_incremental(params: Params) -> None:
    if params.get("performIncrementalUpdate"):
        raise InvalidInputException(
            "performIncrementalUpdate is true; only aws-semantic-similarity can be updated incrementally"
        )


def _config_problems(config: Mapping[str, Any]) -> list[str]:
    """Rules that hold for every recipe."""
    problems = []
    threshold = config.get("eventValueThreshold")
    if threshold is not None and as_number(threshold) is None:
        problems.append(f"eventValueThreshold is {threshold!r}: expected a number in quotes, such as '3.5'")
    schedule = (config.get("autoTrainingConfig") or {}).get("schedulingExpression")
    days = re.search(r"\d+", schedule or "")
    if days and not 1 <= int(days[0]) <= MAX_TRAINING_DAYS:
        problems.append(
            f"autoTrainingConfig.schedulingExpression is {schedule}: expected 1 to {MAX_TRAINING_DAYS} days"
        )
    problems += _event_problems((config.get("eventsConfig") or {}).get("eventParametersList") or ())
    columns = config.get("trainingDataConfig") or {}
    problems += [
        f"trainingDataConfig.{part} has {kind}: expected one of {', '.join(DATASET_TYPES)}"
        for part in ("excludedDatasetColumns", "includedDatasetColumns")
        for kind in columns.get(part) or {}
        if kind.upper() not in DATASET_TYPES
    ]
    excluded = columns.get("excludedDatasetColumns") or {}
    problems += [
        f"trainingDataConfig.excludedDatasetColumns.{dataset} names EVENT_TYPE, which can't be excluded"
        for dataset, columns in excluded.items()
        if "EVENT_TYPE" in columns
    ]
    return problems


def _event_problems(listed: Sequence[Mapping[str, Any]]) -> list[str]:
    """Every type of event has a name, and is there once: types are the same in any case."""
    where = "eventsConfig.eventParametersList"
    problems, seen = [], set()
    for place, one in enumerate(listed):
        name = one.get("eventType", "")
        if not name:
            problems.append(f"{where}[{place}].eventType is missing: expected a type of event")
        elif name.lower() in seen:
            problems.append(f"{where}[{place}].eventType is {name}, which is there already")
        seen.add(name.lower())
    return problems


def _unsupported(config: Mapping[str, Any], recipe: Recipe) -> list[str]:
    """Parts of the configuration that only other recipes know."""
    known = {
        "eventsConfig": ("aws-user-personalization-v2", "aws-personalized-ranking-v2"),
        "optimizationObjective": (
            "aws-user-personalization",
            "aws-user-personalization-v2",
            "aws-personalized-ranking",
            "aws-personalized-ranking-v2",
        ),
    }
    return [
        f"{part} is not supported by {recipe.name}: expected one of {', '.join(recipes)}"
        for part, recipes in known.items()
        if config.get(part) and recipe.name not in recipes
    ]
