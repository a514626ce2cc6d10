"""What campaigns serve at one moment: the version, its metrics, and its lists for a fixed sample."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pzdecl.engine.errors import ServiceError
from pzdecl.engine.looking import known_ids
from pzdecl.engine.serving.evaluation import Evaluated
from pzdecl.kinds import recipes
from pzdecl.kinds.address import Address
from pzdecl.project import Project
from pzdecl.providers.client import Client, Insight
from pzdecl.rehearsal.lists import TOP
from pzdecl.rehearsal.sampling import pick
from pzdecl.serving import Measured, measured

RANKED = 50
"""Items in the list that rankings put in order."""
Asked = Literal["users", "items", "rankings", "actions"]


@dataclass(frozen=True, slots=True)
class Served:
    """One campaign. `lists` by the id that was asked for; `again` the same once more, where answers differ."""

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
        versions = {one.arn: one for one in measured(state, client)}
        for campaign in campaigns:
            if campaign in rows:
                one = _look(client, rows[campaign].arn, versions, sample)
                if one is not None:
                    found[campaign] = one
    return found


def _look(client: Client, arn: str, versions: Mapping[str, Measured], sample: Sample) -> Served | None:
    try:
        campaign = client.read("describe_campaign", campaignArn=arn)["campaign"]
        if campaign["status"] != "ACTIVE":
            return None
        version = client.read("describe_solution_version", solutionVersionArn=campaign["solutionVersionArn"])[
            "solutionVersion"
        ]
    except ServiceError:  # deleted behind our back: the plan tells
        return None
    recipe = recipes.short(version.get("recipeArn", ""))
    group, version_arn = version["datasetGroupArn"], version["solutionVersionArn"]
    asked = asked_by(recipe)
    lists = _lists(client, arn, asked, group, sample)
    return Served(
        version_arn,
        recipe,
        group,
        asked,
        versions.get(version_arn),
        kept(client, version_arn),
        lists,
        _lists(client, arn, asked, group, sample) if _explores(recipe, campaign) else None,
    )


def kept(client: Client, version: str) -> Evaluated | None:
    """The values of single test users, in memory: the files may go with their version."""
    if not isinstance(client, Insight):
        return None
    found = client.evaluated(version)
    return Evaluated(list(found.ids), {name: values.copy() for name, values in found.each.items()})


def asked_by(recipe: str) -> Asked:
    """What a recipe's campaigns are asked with."""
    known = recipes.built_in(recipe)
    kind = known.type if known else ""
    asked: dict[str, Asked] = {
        "RELATED_ITEMS": "items",
        "PERSONALIZED_RANKING": "rankings",
        "PERSONALIZED_ACTIONS": "actions",
    }
    return asked.get(kind, "users")


def answer(
    client: Client, campaign: str, asked: Asked, id: str, count: int, ranked: Iterable[str]
) -> list[str]:
    """The ids of a campaign's answer, best first. Raises ServiceError."""
    if asked == "rankings":
        request: dict[str, Any] = {"campaignArn": campaign, "userId": id, "inputList": list(ranked)}
        found = client.read("get_personalized_ranking", **request)["personalizedRanking"][:count]
    elif asked == "actions":
        request = {"campaignArn": campaign, "userId": id, "numResults": count}
        answered = client.read("get_action_recommendations", **request)
        return [str(action["actionId"]) for action in answered["actionList"]]
    else:
        key = "itemId" if asked == "items" else "userId"
        request = {"campaignArn": campaign, key: id, "numResults": count}
        found = client.read("get_recommendations", **request)["itemList"]
    return [str(item["itemId"]) for item in found]


def _lists(
    client: Client, campaign: str, asked: Asked, group: str, sample: Sample
) -> dict[str, tuple[str, ...]]:
    ids = sample.items(group) if asked == "items" else sample.users(group)
    ranked = sample.items(group, RANKED) if asked == "rankings" else ()
    found = {}
    for id in ids:
        try:
            found[id] = tuple(answer(client, campaign, asked, id, TOP, ranked))
        except ServiceError:  # an item that this version does not know, say
            found[id] = ()
    return found


def _explores(recipe: str, campaign: Mapping[str, Any]) -> bool:
    """Whether two answers to one question may differ."""
    config = (campaign.get("campaignConfig") or {}).get("itemExplorationConfig") or {}
    if asked_by(recipe) == "actions":
        return True
    return recipe in recipes.EXPLORING and float(config.get("explorationWeight", 0.3)) > 0
