"""Recommender: a use case of a domain dataset group, which trains and serves by itself."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, StringConstraints

from pzdecl.errors import nearest
from pzdecl.kinds import recipes
from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Problem, Spec, Status
from pzdecl.kinds.campaign import ItemExplorationConfig
from pzdecl.kinds.fields import within
from pzdecl.kinds.names import MAX_INTEGER, Ref, resolve
from pzdecl.kinds.solution_config import TrainingDataConfig
from pzdecl.kinds.wire import texts, with_tags

CONFIG = "recommenderConfig"
EXPLORATION, COLUMNS = "itemExplorationConfig", "trainingDataConfig"
RATE, METADATA = "minRecommendationRequestsPerSecond", "enableMetadataWithRecommendations"
STOPPED = "INACTIVE"
_BACK = ("STOP", "START")
"""How statuses begin between ACTIVE and INACTIVE."""


class RecommenderConfig(Spec):
    """How a recommender answers, and what it learns from."""

    item_exploration_config: ItemExplorationConfig | None = Field(
        None, description="How often items are shown that little is known of (the recipes that are personal)."
    )
    min_recommendation_requests_per_second: int = Field(
        1, ge=1, le=MAX_INTEGER, description="Requests a second that are always provided (and billed)."
    )
    enable_metadata_with_recommendations: bool = Field(
        False, description="Whether a request may ask for columns of the items."
    )
    training_data_config: TrainingDataConfig | None = Field(
        None, description="Columns that training uses or leaves out. Changing it trains anew."
    )


class RecommenderSpec(Spec):
    """A recommender of a domain dataset group. It is trained again every week without being told to."""

    dataset_group: Ref = Field(description="The dataset group, which has a domain: a name, or an ARN.")
    recipe: Annotated[str, StringConstraints(min_length=1, max_length=256)] = Field(
        description="The use case: the name or the ARN of a recipe of the group's domain.",
        examples=["aws-ecomm-recommended-for-you", "aws-vod-top-picks"],
    )
    recommender_config: RecommenderConfig | None = Field(None, description="How it answers.")
    active: bool = Field(
        True,
        description="Whether it answers; false stops it, and with it its billing and its weekly trainings.",
    )


class Recommender(Kind):
    """Row of facts for recommenders. Another recipe is another recommender; the rest changes in place."""

    name = "Recommender"
    spec = RecommenderSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup"}
    operations = Operations(
        create="create_recommender",
        describe="describe_recommender",
        list="list_recommenders",
        update="update_recommender",
        delete="delete_recommender",
        describe_key="recommender",
        list_key="recommenders",
        arn_key="recommenderArn",
    )

    def inputs(self, spec: RecommenderSpec) -> dict[str, Any]:
        inputs = super().inputs(spec)
        inputs["recipe"] = recipes.short(spec.recipe)
        config = _normalised(inputs.pop(CONFIG, {}))
        return {**inputs, CONFIG: config} if config else inputs

    def check(self, spec: RecommenderSpec) -> list[Problem]:
        """The recipe must be one of a domain, and take what the configuration has."""
        name = recipes.short(spec.recipe)
        recipe = recipes.DOMAIN.get(name)
        if recipe is None:
            other = name in recipes.NAMES
            return [
                Problem(
                    "PZ3010",
                    ("recipe",),
                    f"{name} is a recipe of solutions" if other else f"there is no recipe {spec.recipe}",
                    "a recipe of a domain: " + ", ".join(recipes.DOMAIN),
                    suggestion=None if other else nearest(name, recipes.DOMAIN),
                    hint="declare a Solution and a Campaign for it" if other else None,
                )
            ]
        config = spec.recommender_config
        if config is not None and config.item_exploration_config is not None and not recipe.explores:
            fit = [one.name for one in recipes.DOMAIN.values() if one.explores]
            summary = f"{name} cannot have {EXPLORATION}"
            expected = "one of " + ", ".join(fit)
            return [Problem("PZ3008", (CONFIG, EXPLORATION), summary, expected, on_key=True)]
        return []

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"recommender/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {
            "name": name,
            "datasetGroupArn": bindings["datasetGroupArn"],
            "recipeArn": recipes.arn(inputs["recipe"]),
        }
        if config := _wire(inputs.get(CONFIG, {})):
            params[CONFIG] = config
        return Call(self.operations.create, with_tags(params, tags))

    def after_creation(self, arn: Any, inputs: Inputs) -> list[Call]:
        """One that is not to answer is trained all the same, and stopped then."""
        return [] if _active(inputs) else [_move(arn, inputs)]

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        """With every part that has a default, so that what was taken out goes back to it."""
        given = inputs.get(CONFIG, {})
        config: dict[str, Any] = {RATE: 1, METADATA: False, **_wire(given)}
        recipe = recipes.DOMAIN.get(inputs["recipe"])
        if recipe is not None and recipe.explores:
            explore = ItemExplorationConfig.model_validate(given.get(EXPLORATION, {}))
            config[EXPLORATION] = texts(explore.model_dump(by_alias=True))
        config.setdefault(COLUMNS, {"excludedDatasetColumns": {}})
        return Call("update_recommender", {"recommenderArn": arn, CONFIG: config})

    def updates(self, arn: Any, inputs: Inputs, bindings: Inputs, changed: Collection[str]) -> list[Call]:
        """Starting comes first and stopping last: what is stopped may refuse to be changed."""
        update = [self.update(arn, inputs, bindings)] if any(within(one, CONFIG) for one in changed) else []
        move = [_move(arn, inputs)] if "active" in changed else []
        return [*move, *update] if _active(inputs) else [*update, *move]

    def effect(self, field: str, inputs: Inputs) -> Effect:
        if within(field, f"{CONFIG}.{COLUMNS}"):
            return Effect.RETRAIN
        return Effect.IN_PLACE if within(field, CONFIG, "active") else Effect.REPLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        return {
            "active": True,
            f"{CONFIG}.{RATE}": 1,
            f"{CONFIG}.{METADATA}": False,
            f"{CONFIG}.{EXPLORATION}.explorationWeight": 0.3,
            f"{CONFIG}.{EXPLORATION}.explorationItemAgeCutOff": 30.0,
        }.get(field)

    def status(self, description: Mapping[str, Any]) -> Status:
        """Stopped is as much at rest as active."""
        if description.get("status") == STOPPED:
            description = {**description, "status": "ACTIVE"}
        return super().status(description)

    def observe(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """How it is configured, and whether it answers. On the way to or from that, nothing is told."""
        status = str(description.get("status", ""))
        seen: dict[str, Any] = {CONFIG: described(description.get(CONFIG) or {}) or None}
        return seen if status.startswith(_BACK) else {**seen, "active": False if status == STOPPED else None}


def described(wire: Mapping[str, Any]) -> dict[str, Any]:
    """A described recommenderConfig in the words of inputs: typed, without defaults."""
    config = dict(wire)
    if config.get(EXPLORATION) is not None:
        explore = {key: float(value) for key, value in config[EXPLORATION].items()}
        parsed = ItemExplorationConfig.model_validate(explore)
        config[EXPLORATION] = parsed.model_dump(by_alias=True, exclude_defaults=True)
    return _normalised(config)


def _normalised(config: Mapping[str, Any]) -> dict[str, Any]:
    """Without defaults and empty parts; types of datasets in upper case, columns sorted."""
    found = {key: value for key, value in config.items() if value not in (None, {}, False)}
    if found.get(RATE) == 1:
        del found[RATE]
    columns = {
        part: lists
        for part, by_type in (found.pop(COLUMNS, None) or {}).items()
        if (lists := {kind.upper(): sorted(set(names)) for kind, names in (by_type or {}).items() if names})
    }
    return {**found, COLUMNS: columns} if columns else found


def _wire(config: Mapping[str, Any]) -> dict[str, Any]:
    wire = dict(config)
    if EXPLORATION in wire:
        wire[EXPLORATION] = texts(wire[EXPLORATION])
    return wire


def _active(inputs: Inputs) -> bool:
    return bool(inputs.get("active", True))


def _move(arn: Any, inputs: Inputs) -> Call:
    return Call("start_recommender" if _active(inputs) else "stop_recommender", {"recommenderArn": arn})
