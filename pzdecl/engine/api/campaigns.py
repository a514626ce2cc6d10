"""Campaign: Create, Describe, Delete, List, Update.

A campaign's top-level values are those that serve; while an update is under way, what comes is in
`latestCampaignUpdate`. `SOLUTION_ARN/$LATEST` stands for the newest trained version at the time of the
deployment; with `syncWithLatestSolutionVersion` every version trained later is deployed too.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from pzdecl.engine.api import exploration
from pzdecl.engine.api.common import ACTIVE, FAILED, PENDING, create, describe, find, given, listing
from pzdecl.engine.api.families import CAMPAIGN, DATASET, SOLUTION, SOLUTION_VERSION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException, ResourceNotFoundException
from pzdecl.engine.store.rows import Reader, Resource, Writer

LATEST = "/$LATEST"


@operation("CreateCampaign", queues_job=True)
def create_campaign(context: Context, params: Params) -> Result:
    """Queues the deployment of a trained version."""
    name = params["name"]
    arn = context.arn(f"campaign/{name}")
    config = params.get("campaignConfig")
    body = {
        "name": name,
        "campaignArn": arn,
        "solutionVersionArn": params["solutionVersionArn"],
        "minProvisionedTPS": params.get("minProvisionedTPS", 1),
        **({"campaignConfig": config} if config else {}),
    }
    with context.store.write() as tx:
        version = version_for(tx, params["solutionVersionArn"])
        _check_config(config or {}, params["solutionVersionArn"], version, _types(tx, version))
        body["solutionVersionArn"] = version.arn
        campaign = Resource(arn, CAMPAIGN.type, name, version.parent, body, PENDING)
        create(tx, CAMPAIGN, campaign, params.get("tags"))
        tx.enqueue(arn, "deploy", version.body["datasetGroupArn"])
    return {"campaignArn": arn}


@operation("DescribeCampaign")
def describe_campaign(context: Context, params: Params) -> Result:
    """What serves now, and the latest update."""
    return describe(context, CAMPAIGN, params["campaignArn"])


@operation("ListCampaigns")
def list_campaigns(context: Context, params: Params) -> Result:
    """Of one solution, or all."""
    return listing(context, CAMPAIGN, params, params.get("solutionArn"), "CampaignSummary")


@operation("UpdateCampaign", queues_job=True)
def update_campaign(context: Context, params: Params) -> Result:
    """Queues a change of version, capacity or configuration; what serves now serves on until then."""
    arn = params["campaignArn"]
    with context.store.write() as tx:
        campaign = find(tx, CAMPAIGN, arn)
        pending = campaign.body.get("latestCampaignUpdate", {}).get("status", ACTIVE)
        if campaign.status not in {ACTIVE, FAILED} or pending not in {ACTIVE, FAILED}:
            status = campaign.status if campaign.status not in {ACTIVE, FAILED} else f"updating ({pending})"
            raise ResourceInUseException(
                f"The campaign {arn} can't be updated: its status is {status}, expected {ACTIVE} or {FAILED}"
            )
        config = params.get("campaignConfig", campaign.body.get("campaignConfig")) or {}
        wanted = params.get("solutionVersionArn", campaign.body["solutionVersionArn"])
        version = version_for(tx, wanted)
        asked = wanted if "solutionVersionArn" in params else None
        _check_config(config, asked, version, _types(tx, version))
        start_update(tx, campaign, version, params)
    return {"campaignArn": arn}


@operation("DeleteCampaign")
def delete_campaign(context: Context, params: Params) -> Result:
    """The solution's versions stay. Refused while a deployment is pending or in progress."""
    arn = params["campaignArn"]
    with context.store.write() as tx:
        campaign = find(tx, CAMPAIGN, arn)
        statuses = (campaign.status, campaign.body.get("latestCampaignUpdate", {}).get("status", ACTIVE))
        busy = [status for status in statuses if status not in {ACTIVE, FAILED}]
        if busy:
            raise ResourceInUseException(f"The campaign {arn} can't be deleted: its status is {busy[0]}")
        tx.delete(arn)
    return {}


def version_for(reader: Reader, arn: str) -> Resource:
    """The trained version that an ARN of a version, or `SOLUTION_ARN/$LATEST`, stands for.

    Raises ResourceNotFoundException where there is none (a bare solution ARN is none), ResourceInUseException
    where it isn't trained.
    """
    if arn.endswith(LATEST):
        solution = find(reader, SOLUTION, arn.removesuffix(LATEST))
        newest = newest_version(reader, solution.arn)
        if newest is None:
            raise ResourceNotFoundException(
                f"The solution {solution.arn} has no ACTIVE solution version: create one first"
            )
        return newest
    found = reader.get(arn)
    if found is not None and found.type == SOLUTION.type:
        raise ResourceNotFoundException(
            f"{arn} is a solution: name one of its versions, or {arn}{LATEST} for the newest"
        )
    version = find(reader, SOLUTION_VERSION, arn)
    if version.status != ACTIVE:
        raise ResourceInUseException(
            f"The solution version {arn} can't be deployed: its status is {version.status}, expected {ACTIVE}"
        )
    return version


def start_update(tx: Writer, campaign: Resource, version: Resource, changes: Mapping[str, Any]) -> None:
    """Writes down what the campaign shall become, and queues the job that makes it so."""
    now = round(time.time(), 3)
    campaign.body["latestCampaignUpdate"] = {
        "solutionVersionArn": version.arn,
        "minProvisionedTPS": changes.get("minProvisionedTPS", campaign.body["minProvisionedTPS"]),
        **given(campaign.body, "campaignConfig"),
        **given(changes, "campaignConfig"),
        "status": PENDING,
        "creationDateTime": now,
        "lastUpdatedDateTime": now,
    }
    tx.save(campaign)
    tx.enqueue(campaign.arn, "deploy", version.body["datasetGroupArn"])


def follow_latest(tx: Writer, version: Resource) -> None:
    """Starts the deployment of a newly trained version to the campaigns that follow its solution.

    One that is being created or updated just then catches up when that has come to its end.
    """
    for campaign in tx.children(CAMPAIGN.type, str(version.parent)):
        catch_up(tx, campaign)


def catch_up(tx: Writer, campaign: Resource) -> None:
    """Starts the deployment of its solution's newest trained version to a campaign that follows it.

    Nothing happens while the campaign is at work on something, nor for a version that it serves already or has
    just failed to serve.
    """
    update = campaign.body.get("latestCampaignUpdate", {})
    follows = campaign.body.get("campaignConfig", {}).get("syncWithLatestSolutionVersion")
    if not follows or campaign.status != ACTIVE or update.get("status", ACTIVE) not in {ACTIVE, FAILED}:
        return
    newest = newest_version(tx, str(campaign.parent))
    tried = (campaign.body["solutionVersionArn"], update.get("solutionVersionArn"))
    if newest is not None and newest.arn not in tried:
        start_update(tx, campaign, newest, {})


def newest_version(reader: Reader, solution_arn: str) -> Resource | None:
    """The newest of a solution's versions that are trained, by when they were asked for."""
    versions = reader.children(SOLUTION_VERSION.type, solution_arn)
    return next((version for version in reversed(versions) if version.status == ACTIVE), None)


def _types(reader: Reader, version: Resource) -> frozenset[str]:
    """The types of the datasets in the group of a version."""
    datasets = reader.children(DATASET.type, version.body["datasetGroupArn"])
    return frozenset(dataset.body["datasetType"] for dataset in datasets)


def _check_config(
    config: Mapping[str, Any], asked: str | None, version: Resource, types: frozenset[str]
) -> None:
    """`asked` is the version's ARN as the request has it, None where the request has none; `types` as above."""
    recipe = recipe_of(version.body["recipeArn"])
    if recipe.type == "USER_SEGMENTATION":
        raise InvalidInputException(
            f"No campaign can serve {version.arn}: its recipe, {recipe.name}, finds users in batch segment jobs"
        )
    problems = list(exploration.problems(config, recipe))
    if config.get("rankingInfluence"):
        problems.append(f"rankingInfluence is for aws-semantic-similarity; the recipe is {recipe.name}")
    if config.get("enableMetadataWithRecommendations") and "ITEMS" not in types:
        problems.append(
            "enableMetadataWithRecommendations is true, and the dataset group has no Items dataset: create one"
        )
    if config.get("syncWithLatestSolutionVersion") and asked is not None and not asked.endswith(LATEST):
        problems.append(
            "syncWithLatestSolutionVersion is true: solutionVersionArn must then be "
            f"{version.parent}{LATEST}, not {asked}"
        )
    if problems:
        raise InvalidInputException(f"The campaign configuration is not valid: {'; '.join(problems)}")
