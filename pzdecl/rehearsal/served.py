"""What campaigns and recommenders serve at one moment: the version, its metrics, lists for a fixed sample."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, NamedTuple

from pzdecl.engine.errors import ServiceError
from pzdecl.engine.looking import known_ids
from pzdecl.engine.serving.evaluation import Evaluated
from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.project import Project
from pzdecl.providers.client import Client, Insight
from pzdecl.rehearsal.lists import TOP
from pzdecl.rehearsal.sampling import pick
from pzdecl.serving import Measured, measured, use_cases

SERVING = ("Campaign", "Recommender")
"""Kinds that answer requests."""
RANKED = 50
"""Items in the list that rankings put in order."""
Asked = Literal["users", "items", "rankings", "actions"]


@dataclass(frozen=True, slots=True)
class Served:
    """One campaign or recommender.

    `lists` by the id that was asked for; `again` the same once more, where answers differ.
    """

    version: str
    recipe: str
    group: str
    asked: Asked
    measured: Measured | None
    evaluated: Evaluated | None
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    again: Mapping[str, tuple[str, ...]] | None = None


class Sample:
    """Whom to ask for, by dataset group: chosen when a group is first seen, and kept from then on."""

    def __init__(self, engine: Path, size: int) -> None:
        self._engine = engine
        self._size = size
        self._users: dict[str, list[str]] = {}
        self._items: dict[str, list[str]] = {}

    def users(self, group: str) -> list[str]:
        """Users of a group."""
        if group not in self._users:
            self._users[group] = pick(known_ids(self._engine, group, "USER_ID"), self._size)
        return self._users[group]

    def items(self, group: str, count: int | None = None) -> list[str]:
        """Items of a group: as many as users, unless `count` says how many."""
        if group not in self._items:
            self._items[group] = pick(known_ids(self._engine, group, "ITEM_ID"), max(self._size, RANKED))
        return self._items[group][: count or self._size]

    def catalogue(self, group: str) -> int:
        """How many items there are now."""
        return len(known_ids(self._engine, group, "ITEM_ID"))


def look(project: Project, campaigns: Iterable[Address], sample: Sample) -> dict[Address, Served]:
    """What each of the campaigns serves; those that serve nothing are left out."""
    found: dict[Address, Served] = {}
    with project.state() as state, project.client() as client:
        rows = state.resources()
        versions = {one.arn: one for one in (*measured(state, client), *use_cases(state, client))}
        for campaign in campaigns:
            if campaign in rows:
                one = _look(client, rows[campaign].arn, versions, sample)
                if one is not None:
                    found[campaign] = one
    return found


class Deployed(NamedTuple):
    """What a campaign or recommender serves. `measured`: the ARN by which its metrics are found.

    `version` tells one model of it from another: the service gives those of recommenders no names, so it is
    their metrics there.
    """

    version: str
    measured: str
    recipe: str
    group: str
    config: Mapping[str, Any]


def deployed(client: Client, arn: str) -> Deployed | None:
    """What serves; None where it is not ACTIVE. Raises ServiceError where it is not there."""
    if _is_recommender(arn):
        found = client.read("describe_recommender", recommenderArn=arn)["recommender"]
        model, about = arn, found
        version, config = json.dumps(found.get("modelMetrics"), sort_keys=True), found.get("recommenderConfig")
    else:
        found = client.read("describe_campaign", campaignArn=arn)["campaign"]
        version = model = found["solutionVersionArn"]
        about = client.read("describe_solution_version", solutionVersionArn=model)["solutionVersion"]
        config = found.get("campaignConfig")
    if found["status"] != "ACTIVE":
        return None
    recipe = recipes.short(about.get("recipeArn", ""))
    return Deployed(version, model, recipe, about["datasetGroupArn"], config or {})


def _is_recommender(arn: str) -> bool:
    return ":recommender/" in arn


def asked_at(arn: str) -> dict[str, str]:
    """The parameter of a request that names the campaign or recommender."""
    return {"recommenderArn" if _is_recommender(arn) else "campaignArn": arn}


def _look(client: Client, arn: str, versions: Mapping[str, Measured], sample: Sample) -> Served | None:
    try:
        one = deployed(client, arn)
    except ServiceError:  # deleted behind our back: the plan tells
        return None
    if one is None:
        return None
    asked = asked_by(one.recipe)
    with_user = needs_user(one.recipe)
    lists = _lists(client, arn, asked, one.group, sample, with_user)
    return Served(
        one.version,
        one.recipe,
        one.group,
        asked,
        versions.get(one.measured),
        None if _is_recommender(arn) else kept(client, one.version),
        lists,
        _lists(client, arn, asked, one.group, sample, with_user) if _explores(one.recipe, one.config) else None,
    )


def kept(client: Client, version: str) -> Evaluated | None:
    """The values of single test users, in memory: the files may go with their version."""
    if not isinstance(client, Insight):
        return None
    found = client.evaluated(version)
    return Evaluated(list(found.ids), {name: values.copy() for name, values in found.each.items()})


def asked_by(recipe: str) -> Asked:
    """What campaigns and recommenders of a recipe are asked with."""
    known = recipes.built_in(recipe) or recipes.DOMAIN.get(recipe)
    kind = known.type if known else ""
    asked: dict[str, Asked] = {
        "RELATED_ITEMS": "items",
        "PERSONALIZED_RANKING": "rankings",
        "PERSONALIZED_ACTIONS": "actions",
    }
    return asked.get(kind, "users")


def needs_user(recipe: str) -> bool:
    """Whether requests name a user beside an item, too: what the user knows is hidden."""
    known = recipes.DOMAIN.get(recipe)
    return known is not None and known.hides is not None


def answer(
    client: Client,
    campaign: str,
    asked: Asked,
    id: str,
    count: int,
    ranked: Iterable[str],
    user: str | None = None,
) -> list[str]:
    """The ids of a campaign's or recommender's answer, best first. Raises ServiceError.

    user   who is named beside an item, where that is asked for
    """
    if asked == "rankings":
        request: dict[str, Any] = {**asked_at(campaign), "userId": id, "inputList": list(ranked)}
        found = client.read("get_personalized_ranking", **request)["personalizedRanking"][:count]
    elif asked == "actions":
        request = {**asked_at(campaign), "userId": id, "numResults": count}
        answered = client.read("get_action_recommendations", **request)
        return [str(action["actionId"]) for action in answered["actionList"]]
    else:
        key = "itemId" if asked == "items" else "userId"
        request = {**asked_at(campaign), **({"userId": user} if user else {}), key: id, "numResults": count}
        found = client.read("get_recommendations", **request)["itemList"]
    return [str(item["itemId"]) for item in found]


def _lists(
    client: Client, campaign: str, asked: Asked, group: str, sample: Sample, with_user: bool
) -> dict[str, tuple[str, ...]]:
    """`with_user`: items are asked for as seen by a user, each by another one as far as there are."""
    ids = sample.items(group) if asked == "items" else sample.users(group)
    ranked = sample.items(group, RANKED) if asked == "rankings" else ()
    found = {}
    beside = sample.users(group) if with_user and asked == "items" else []
    for place, id in enumerate(ids):
        user = beside[place % len(beside)] if beside else None
        try:
            found[id] = tuple(answer(client, campaign, asked, id, TOP, ranked, user))
        except ServiceError:  # an item that this version does not know, say
            found[id] = ()
    return found


def _explores(recipe: str, config: Mapping[str, Any]) -> bool:
    """Whether two answers to one question may differ."""
    weight = (config.get("itemExplorationConfig") or {}).get("explorationWeight", 0.3)
    if asked_by(recipe) == "actions":
        return True
    domain = recipes.DOMAIN.get(recipe)
    exploring = recipe in recipes.EXPLORING or (domain is not None and domain.explores)
    return exploring and float(weight) > 0
