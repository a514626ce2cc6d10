"""personalize-runtime: GetRecommendations and GetPersonalizedRanking."""

from __future__ import annotations

import time
import uuid
from typing import Any

from pzdecl.engine.api.common import ACTIVE, find
from pzdecl.engine.api.exploration import exploration
from pzdecl.engine.api.families import CAMPAIGN, SOLUTION_VERSION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.errors import InvalidInputException, ResourceNotFoundException, UnavailableException
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.serving.query import Query
from pzdecl.engine.store.rows import Resource
from pzdecl.engine.store.shown import Shown

DEFAULT_RESULTS = 25
MAX_RESULTS = 500
SCORE_DIGITS = 7
RUNTIME = "personalize-runtime"


@operation("GetRecommendations", service=RUNTIME)
def get_recommendations(context: Context, params: Params) -> Result:
    """Items for a user, or items like an item, best first."""
    if "recommenderArn" in params:
        if "campaignArn" in params:
            raise InvalidInputException(
                "campaignArn and recommenderArn are both given: give exactly one of them"
            )
        raise ResourceNotFoundException(f"The given recommender does not exist: {params['recommenderArn']}")
    if "campaignArn" not in params:
        raise InvalidInputException("campaignArn is missing: name the campaign to ask")
    wanted = params.get("numResults", DEFAULT_RESULTS)
    if wanted > MAX_RESULTS:
        raise InvalidInputException(f"numResults is {wanted}: expected 0 to {MAX_RESULTS}")
    recipe, campaign, model = _serving(context, params)
    if recipe.type == "PERSONALIZED_RANKING":
        raise InvalidInputException(
            f"The campaign's recipe, {recipe.name}, ranks a given list: use GetPersonalizedRanking"
        )
    recommendation_id = _recommendation_id()
    config = campaign.body.get("campaignConfig") or {}
    query = Query(context=params.get("context") or {}, explore=exploration(config, recipe, recommendation_id))
    try:
        answer = model.ask(params.get("userId"), params.get("itemId"), wanted, query)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    items = model.listed(answer)
    if answer.propensities is not None and items:
        shown = Shown(
            recommendation_id,
            time.time(),
            campaign.arn,
            campaign.body["solutionVersionArn"],
            params.get("userId"),
            tuple(item["itemId"] for item in items),
            tuple(answer.propensities.tolist()),
            tuple(answer.explored.tolist()),
        )
        context.shown.append(shown)
    return {"itemList": [_item(item) for item in items], "recommendationId": recommendation_id}


@operation("GetPersonalizedRanking", service=RUNTIME)
def get_personalized_ranking(context: Context, params: Params) -> Result:
    """The given items in the order in which the user would like them."""
    items = params["inputList"]
    if len(items) > MAX_RESULTS:
        raise InvalidInputException(f"inputList has {len(items)} items: expected at most {MAX_RESULTS}")
    recipe, _, model = _serving(context, params)
    if recipe.type != "PERSONALIZED_RANKING":
        raise InvalidInputException(
            f"The campaign's recipe, {recipe.name}, does not rank a given list: use GetRecommendations, "
            "or a campaign of a PERSONALIZED_RANKING recipe"
        )
    try:
        query = Query(context=params.get("context") or {})
        ranked = model.get_personalized_ranking(params["userId"], list(items), query)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    return {"personalizedRanking": [_item(item) for item in ranked], "recommendationId": _recommendation_id()}


def _serving(context: Context, params: Params) -> tuple[Recipe, Resource, Any]:
    """The recipe, campaign and model that serve now."""
    if "filterArn" in params:
        raise ResourceNotFoundException(f"The given filter does not exist: {params['filterArn']}")
    if params.get("promotions"):
        raise InvalidInputException("promotions are given; the built-in engine does not promote items yet")
    if params.get("metadataColumns"):
        raise InvalidInputException("metadataColumns are given; the campaign does not return metadata")
    arn = params["campaignArn"]
    with context.store.read() as reader:
        campaign = find(reader, CAMPAIGN, arn)
        if campaign.status != ACTIVE:
            raise InvalidInputException(
                f"The campaign {arn} does not serve yet: its status is {campaign.status}"
            )
        version = find(reader, SOLUTION_VERSION, campaign.body["solutionVersionArn"])
    try:
        model = context.models.get(version.arn)
    except (OSError, ValueError, KeyError) as error:
        raise UnavailableException(
            f"The model of {version.arn} can't be loaded ({error}): train a new solution version"
        ) from error
    return recipe_of(version.body["recipeArn"]), campaign, model


def _item(item: dict[str, Any]) -> dict[str, Any]:
    return {**item, "score": round(float(item["score"]), SCORE_DIGITS)} if "score" in item else item


def _recommendation_id() -> str:
    return f"RID-{uuid.uuid4()}"
