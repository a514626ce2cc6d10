"""personalize-runtime: GetRecommendations and GetPersonalizedRanking."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace
from typing import Any

from pzdecl.engine.api.common import ACTIVE, find
from pzdecl.engine.api.exploration import exploration, seed_of
from pzdecl.engine.api.families import CAMPAIGN, SOLUTION_VERSION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.promotions import promote
from pzdecl.engine.api.recipes import recipe_of
from pzdecl.engine.api.recommenders import serving_version
from pzdecl.engine.api.selection import Metadata, Serving, allowed_ids, allowed_items, metadata
from pzdecl.engine.errors import InvalidInputException, UnavailableException
from pzdecl.engine.events.live import live_model
from pzdecl.engine.events.recent import new_events
from pzdecl.engine.serving.query import Answer, Query
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.engine.store.shown import Shown

DEFAULT_RESULTS = 25
MAX_RESULTS = 500
RUNTIME = "personalize-runtime"


@operation("GetRecommendations", service=RUNTIME)
def get_recommendations(context: Context, params: Params) -> Result:
    """Items for a user, or items like an item, best first."""
    named = {"campaignArn", "recommenderArn"} & set(params)
    if len(named) != 1:
        found = "both given" if named else "both missing"
        raise InvalidInputException(f"campaignArn and recommenderArn are {found}: give exactly one of them")
    wanted = params.get("numResults", DEFAULT_RESULTS)
    if wanted > MAX_RESULTS:
        raise InvalidInputException(f"numResults is {wanted}: expected 0 to {MAX_RESULTS}")
    serving = serving_of(context, params)
    recipe, model = serving.recipe, serving.model
    if recipe.type == "PERSONALIZED_ACTIONS":
        raise InvalidInputException(
            f"The campaign's recipe, {recipe.name}, recommends actions: use GetActionRecommendations"
        )
    if recipe.type == "PERSONALIZED_RANKING":
        raise InvalidInputException(
            f"The campaign's recipe, {recipe.name}, ranks a given list: use GetPersonalizedRanking"
        )
    shown = metadata(context, serving, params, wanted)
    allowed = allowed_items(context, serving, params, params)
    recommendation_id = new_recommendation_id()
    query = Query(
        context=params.get("context") or {},
        events=new_events(context.store, serving.version, model, params.get("userId")),
        allowed=allowed,
    )
    try:
        promoted = promote(context, serving, params, wanted, query)
        if promoted is not None:
            query = promoted.others(query)
            wanted -= len(promoted)
        explore = exploration(serving.config, recipe, recommendation_id) if wanted else None
        query = replace(query, explore=explore)
        answer = model.ask(params.get("userId"), params.get("itemId"), wanted, query)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    items = _reasoned(serving, params, query, answer)
    if answer.propensities is not None and items:
        context.shown.append(_log_line(recommendation_id, serving, params, answer, items))
    if promoted is not None:
        items = promoted.among(items, seed_of(recommendation_id))
    return {"itemList": _with_metadata(items, shown), "recommendationId": recommendation_id}


@operation("GetPersonalizedRanking", service=RUNTIME)
def get_personalized_ranking(context: Context, params: Params) -> Result:
    """The given items in the order in which the user would like them."""
    items = params["inputList"]
    if len(items) > MAX_RESULTS:
        raise InvalidInputException(f"inputList has {len(items)} items: expected at most {MAX_RESULTS}")
    serving = serving_of(context, params)
    recipe, version, model = serving.recipe, serving.version, serving.model
    if recipe.type != "PERSONALIZED_RANKING":
        raise InvalidInputException(
            f"The campaign's recipe, {recipe.name}, does not rank a given list: use GetRecommendations, "
            "or a campaign of a PERSONALIZED_RANKING recipe"
        )
    shown = metadata(context, serving, params, len(items))
    items = allowed_ids(context, serving, params, items)
    try:
        query = Query(
            context=params.get("context") or {},
            events=new_events(context.store, version, model, params["userId"]),
        )
        ranked = model.get_personalized_ranking(params["userId"], list(items), query)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    return {
        "personalizedRanking": _with_metadata(ranked, shown),
        "recommendationId": new_recommendation_id(),
    }


def serving_of(context: Context, params: Params) -> Serving:
    """What a request asks, with the recipe, version and model that serve now."""
    gone: str | None = None
    while True:
        with context.store.read() as reader:
            if "recommenderArn" in params:
                asked, version = serving_version(reader, params["recommenderArn"])
            else:
                asked, version = _of_campaign(reader, params["campaignArn"])
        try:
            return Serving(recipe_of(version.body["recipeArn"]), asked, version, live_model(context, version))
        except (OSError, ValueError, KeyError) as error:
            if isinstance(error, FileNotFoundError) and version.arn != gone:
                gone = version.arn  # another version may have taken over meanwhile, and this one be removed
                continue
            raise UnavailableException(
                f"The model of {version.arn} can't be loaded ({error}): train a new solution version"
            ) from error


def _of_campaign(reader: Reader, arn: str) -> tuple[Resource, Resource]:
    campaign = find(reader, CAMPAIGN, arn)
    if campaign.status != ACTIVE:
        raise InvalidInputException(f"The campaign {arn} does not serve yet: its status is {campaign.status}")
    return campaign, find(reader, SOLUTION_VERSION, campaign.body["solutionVersionArn"])


def _with_metadata(items: list[dict[str, Any]], shown: Metadata | None) -> list[dict[str, Any]]:
    return items if shown is None else [{**item, "metadata": shown.of(item["itemId"])} for item in items]


def _reasoned(serving: Serving, params: Params, query: Query, answer: Answer) -> list[dict[str, Any]]:
    """The items in the words of the API; with a reason, where the recipe tells one beside relevance."""
    items: list[dict[str, Any]] = serving.model.listed(answer)
    if not serving.recipe.name.endswith("-v2"):
        return items
    known = query.events or serving.model.user_ids.find(params["userId"]) is not None
    explored = answer.explored.tolist() if answer.explored is not None else [False] * len(items)
    return [
        {**item, "reason": ["Exploration"]}
        if explores
        else item
        if known
        else {**item, "reason": ["Popular item"]}
        for item, explores in zip(items, explored, strict=True)
    ]


def _log_line(
    recommendation_id: str, serving: Serving, params: Params, answer: Answer, items: list[dict[str, Any]]
) -> Shown:
    assert answer.propensities is not None
    assert answer.explored is not None
    return Shown(
        recommendation_id,
        time.time(),
        serving.campaign.arn,
        serving.version.arn,
        params.get("userId"),
        tuple(item["itemId"] for item in items),
        tuple(answer.propensities.tolist()),
        tuple(answer.explored.tolist()),
    )


def new_recommendation_id() -> str:
    """A name for an answer that nothing else has."""
    return f"RID-{uuid.uuid4()}"
