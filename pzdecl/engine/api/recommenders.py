"""Recommender: Create, Describe, List, Update, Start, Stop, Delete.

A recommender trains and deploys by itself, in a dataset group with a domain. Its models are resources of their
own, of a type that no operation shows, because they are trained, updated and swept up as solution versions are;
`_version` in a recommender's body is the ARN of the one that serves.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

from pzdecl.engine.api import recommender_config
from pzdecl.engine.api.common import ACTIVE, FAILED, IN_PROGRESS, PENDING, create, describe, find, listing
from pzdecl.engine.api.families import DATASET_GROUP, RECOMMENDER, RECOMMENDER_VERSION
from pzdecl.engine.api.models import remove_models
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.store.rows import Reader, Resource, Writer

INACTIVE = "INACTIVE"
STOPPING, STARTING = "STOP PENDING", "START PENDING"
SERVING = (ACTIVE, STOPPING, "STOP IN_PROGRESS")
"""Statuses in which a recommender answers."""
VERSION, UPDATE = "_version", "latestRecommenderUpdate"


@operation("CreateRecommender", queues_job=True)
def create_recommender(context: Context, params: Params) -> Result:
    """Queues the training of its first model; it serves as soon as that is there."""
    name, group_arn = params["name"], params["datasetGroupArn"]
    config = recommender_config.merged({}, params.get("recommenderConfig") or {})
    arn = context.arn(f"recommender/{name}")
    body = {
        "name": name,
        "recommenderArn": arn,
        "datasetGroupArn": group_arn,
        "recipeArn": params["recipeArn"],
        **({"recommenderConfig": config} if config else {}),
    }
    with context.store.write() as tx:
        group = find(tx, DATASET_GROUP, group_arn)
        recipe = _recipe_for(group, params["recipeArn"])
        _check(tx, group_arn, recipe, config)
        recommender = Resource(arn, RECOMMENDER.type, name, group_arn, body, PENDING)
        create(tx, RECOMMENDER, recommender, params.get("tags"))
        start_training(tx, recommender, config, context.clock())
    return {"recommenderArn": arn}


@operation("DescribeRecommender")
def describe_recommender(context: Context, params: Params) -> Result:
    """With the metrics of the model that serves, and the latest update."""
    return describe(context, RECOMMENDER, params["recommenderArn"])


@operation("ListRecommenders")
def list_recommenders(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    return listing(context, RECOMMENDER, params, params.get("datasetGroupArn"), "RecommenderSummary")


@operation("UpdateRecommender", queues_job=True)
def update_recommender(context: Context, params: Params) -> Result:
    """Queues a change of configuration; other columns call for a full training. What serves now serves on.

    The parts of the configuration that a request leaves out stay as they are.
    """
    arn = params["recommenderArn"]
    with context.store.write() as tx:
        recommender = find(tx, RECOMMENDER, arn)
        _expect(recommender, (ACTIVE, INACTIVE, FAILED), "updated")
        before = recommender.body.get("recommenderConfig") or {}
        config = recommender_config.merged(before, params["recommenderConfig"])
        group = recommender.body["datasetGroupArn"]
        _check(tx, group, recipe_of(recommender.body["recipeArn"]), config)
        now = round(time.time(), 3)
        recommender.body[UPDATE] = {
            "recommenderConfig": config,
            "status": PENDING,
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        tx.save(recommender)
        columns = recommender_config.columns
        if VERSION not in recommender.body or columns(config) != columns(before):
            start_training(tx, recommender, config, context.clock(), update=True)
        else:
            tx.enqueue(arn, "switch", group)
    return {"recommenderArn": arn}


@operation("StopRecommender", queues_job=True)
def stop_recommender(context: Context, params: Params) -> Result:
    """It answers no more, and is not trained by itself, until it is started."""
    return _move(context, params["recommenderArn"], ACTIVE, STOPPING, "stopped")


@operation("StartRecommender", queues_job=True)
def start_recommender(context: Context, params: Params) -> Result:
    """It answers again, with the model that it had; the next training comes when it is due."""
    return _move(context, params["recommenderArn"], INACTIVE, STARTING, "started")


@operation("DeleteRecommender")
def delete_recommender(context: Context, params: Params) -> Result:
    """Deletes it with its models; refused while it is being made or changed."""
    arn = params["recommenderArn"]
    with context.store.write() as tx:
        recommender = find(tx, RECOMMENDER, arn)
        _expect(recommender, (ACTIVE, INACTIVE, FAILED), "deleted")
        versions = [version.arn for version in tx.children(RECOMMENDER_VERSION.type, arn)]
        for version in versions:
            tx.delete(version)
        tx.delete(arn)
    remove_models(context.folder, versions)
    return {}


def start_training(
    tx: Writer, recommender: Resource, config: Mapping[str, Any], now: float, *, update: bool = False
) -> None:
    """Queues the training of a model, with the columns of `config`, from the beginning.

    now     seconds, from which the next automatic training counts
    update  it belongs to an UpdateRecommender. Trainings that are under way were for an older configuration.
    """
    for one in tx.children(RECOMMENDER_VERSION.type, recommender.arn):
        if one.status in (PENDING, IN_PROGRESS):
            tx.delete(one.arn)
    group, recipe = recommender.body["datasetGroupArn"], recipe_of(recommender.body["recipeArn"])
    arn = f"{recommender.arn}/{uuid.uuid4().hex[:8]}"
    excluded = recommender_config.excluded(config, group_columns(tx, group))
    body = {
        "name": arn.rpartition(":recommender/")[2],
        "datasetGroupArn": group,
        "recipeArn": recipe.arn,
        "performHPO": False,
        "performAutoML": False,
        "solutionConfig": {"trainingDataConfig": {"excludedDatasetColumns": excluded}} if excluded else {},
        **({"eventType": recipe.event_type} if recipe.event_type else {}),
        "trainingMode": "FULL",
        "_update": update,
    }
    created = round(now, 3)
    tx.insert(
        Resource(arn, RECOMMENDER_VERSION.type, body["name"], recommender.arn, body, PENDING, created=created)
    )
    tx.enqueue(arn, "train", group)


def pending_update(recommender: Resource) -> dict[str, Any] | None:
    """The recommender's update, where one is under way."""
    update: dict[str, Any] | None = recommender.body.get(UPDATE)
    return update if update and update["status"] not in {ACTIVE, FAILED} else None


def serving_version(reader: Reader, arn: str) -> tuple[Resource, Resource]:
    """A recommender and the version that serves.

    Raises ResourceNotFoundException, InvalidInputException where it does not answer now.
    """
    recommender = find(reader, RECOMMENDER, arn)
    if recommender.status not in SERVING:
        what = "start it first" if recommender.status == INACTIVE else f"expected {ACTIVE}"
        raise InvalidInputException(
            f"The recommender {arn} does not serve: its status is {recommender.status}; {what}"
        )
    return recommender, find(reader, RECOMMENDER_VERSION, recommender.body[VERSION])


def _move(context: Context, arn: str, expected: str, to: str, done: str) -> Result:
    with context.store.write() as tx:
        recommender = find(tx, RECOMMENDER, arn)
        _expect(recommender, (expected,), done)
        recommender.status = to
        tx.save(recommender)
        tx.enqueue(arn, "switch", recommender.body["datasetGroupArn"])
    return {"recommenderArn": arn}


def _expect(recommender: Resource, statuses: tuple[str, ...], done: str) -> None:
    update = pending_update(recommender)
    if recommender.status in statuses and update is None:
        return
    status = recommender.status if update is None else f"updating ({update['status']})"
    raise ResourceInUseException(
        f"The recommender {recommender.arn} can't be {done}: its status is {status}, "
        f"expected {' or '.join(statuses)}"
    )


def _recipe_for(group: Resource, arn: str) -> Recipe:
    """The recipe, which must be of the group's domain."""
    recipe, domain = recipe_of(arn), group.body.get("domain")
    if domain is None:
        raise InvalidInputException(
            f"The dataset group {group.arn} has no domain: recommenders are made in dataset groups of a "
            "domain. Use CreateSolution and CreateCampaign"
        )
    if recipe.domain is None:
        raise InvalidInputException(
            f"{recipe.name} is a recipe of solutions: expected a recipe of domain {domain}, which ListRecipes "
            "lists"
        )
    if recipe.domain != domain:
        raise InvalidInputException(
            f"{recipe.name} is a recipe of domain {recipe.domain}; the dataset group {group.arn} is of domain "
            f"{domain}"
        )
    return recipe


def _check(tx: Reader, group: str, recipe: Recipe, config: Mapping[str, Any]) -> None:
    """The group must have the datasets, and the configuration be one of this recipe."""
    columns = group_columns(tx, group)
    missing = [kind for kind in recipe.datasets if kind not in columns]
    if missing:
        raise InvalidInputException(
            f"{recipe.name} needs a dataset of type {' and '.join(missing)}, which the dataset group {group} "
            "does not have: create it and import data first"
        )
    problems = recommender_config.problems(config, recipe, columns)
    if problems:
        raise InvalidInputException(f"The recommender configuration is not valid: {'; '.join(problems)}")
