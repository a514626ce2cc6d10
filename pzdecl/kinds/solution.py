"""Solution: a recipe with its configuration, from which versions are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from pzdecl.engine.recipes import ranges
from pzdecl.kinds import recipes
from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Problem, Spec
from pzdecl.kinds.fields import within
from pzdecl.kinds.names import Ref, resolve
from pzdecl.kinds.solution_check import check
from pzdecl.kinds.solution_config import SolutionConfig
from pzdecl.kinds.solution_wire import config_to_wire
from pzdecl.kinds.wire import given, number_text, text, with_tags

AUTO_TRAINING = "solutionConfig.autoTrainingConfig"
EVENTS = "solutionConfig.eventsConfig"
When = Annotated[list[Literal["config", "data"]], Field(min_length=1)] | Literal["manual"]


class TrainingSpec(Spec):
    """When and how versions of the solution are trained."""

    training_mode: Literal["FULL", "UPDATE"] = Field(
        "FULL", description="FULL trains on all data; UPDATE on what changed (only some recipes can)."
    )
    when: When = Field(
        ["config", "data"],
        description="What calls for a new training: changed configuration, changed data; `manual`: neither.",
    )


class SolutionSpec(Spec):
    """A solution: a recipe and how it trains. Exactly one of `recipe` and `performAutoML`."""

    dataset_group: Ref = Field(description="The dataset group to train on: a name, or an ARN.")
    recipe: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        None, description="The recipe: a name or an ARN.", examples=["aws-hrnn"]
    )
    perform_auto_ml: bool = Field(
        False, alias="performAutoML", description="Whether the best recipe of several is looked for."
    )
    perform_hpo: bool = Field(
        False, alias="performHPO", description="Whether good hyperparameters are looked for while training."
    )
    perform_auto_training: bool = Field(
        False,
        description="Whether the service trains new versions by itself. False unless set (the API's own "
        "default is true): training follows the plan.",
    )
    perform_incremental_update: bool = Field(
        False, description="Whether versions are updated with new items (aws-semantic-similarity)."
    )
    event_type: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = Field(
        None, description="Only events of this type are used; all of them unless set.", examples=["watch"]
    )
    solution_config: SolutionConfig | None = Field(None, description="How it trains.")
    training: TrainingSpec | None = Field(None, description="When and how versions are trained.")


class Solution(Kind):
    """Row of facts for solutions. `training` is not in the inputs: it belongs to the SolutionVersion."""

    name = "Solution"
    spec = SolutionSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup"}
    operations = Operations(
        create="create_solution",
        describe="describe_solution",
        list="list_solutions",
        update="update_solution",
        delete="delete_solution",
        describe_key="solution",
        list_key="solutions",
        arn_key="solutionArn",
    )

    def check(self, spec: SolutionSpec) -> list[Problem]:
        return check(spec)

    def inputs(self, spec: SolutionSpec) -> dict[str, Any]:
        inputs = super().inputs(spec)
        inputs.pop("training", None)
        if spec.recipe:
            inputs["recipe"] = recipes.short(spec.recipe)
        config = _normalised(inputs.get("solutionConfig", {}), inputs.get("recipe"), spec.perform_auto_training)
        inputs.pop("solutionConfig", None)
        return {**inputs, "solutionConfig": config} if config else inputs

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"solution/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        recipe = inputs.get("recipe")
        params = given(
            name=name,
            datasetGroupArn=bindings["datasetGroupArn"],
            recipeArn=recipes.arn(recipe) if recipe else None,
            performAutoML=inputs.get("performAutoML"),
            performHPO=inputs.get("performHPO"),
            performAutoTraining=inputs.get("performAutoTraining", False),
            performIncrementalUpdate=inputs.get("performIncrementalUpdate"),
            eventType=inputs.get("eventType"),
            solutionConfig=config_to_wire(inputs.get("solutionConfig", {})) or None,
        )
        return Call(self.operations.create, with_tags(params, tags))

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        config = inputs.get("solutionConfig", {})
        auto = inputs.get("performAutoTraining", False)
        update = given(
            autoTrainingConfig=config.get("autoTrainingConfig", {"schedulingExpression": "rate(7 days)"})
            if auto
            else None,
            eventsConfig=config.get("eventsConfig"),
        )
        params = given(
            solutionArn=arn,
            performAutoTraining=auto,
            performIncrementalUpdate=inputs.get("performIncrementalUpdate", False)
            if inputs.get("recipe") in recipes.INCREMENTAL
            else None,
            solutionUpdateConfig=update or None,
        )
        return Call("update_solution", params)

    def effect(self, field: str, inputs: Inputs) -> Effect:
        """UpdateSolution takes new event weights, but it cannot take them away again."""
        if within(field, "performAutoTraining", "performIncrementalUpdate", AUTO_TRAINING):
            return Effect.IN_PLACE
        if within(field, EVENTS) and inputs.get("solutionConfig", {}).get("eventsConfig"):
            return Effect.IN_PLACE
        return Effect.REPLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        if field in ("performAutoML", "performHPO", "performAutoTraining", "performIncrementalUpdate"):
            return False
        recipe = recipes.built_in(inputs.get("recipe", ""))
        parameters = recipe.hyperparameters if recipe else ()
        return next((p.default for p in parameters if field == f"solutionConfig.{p.group}.{p.name}"), None)

    def observe(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """What UpdateSolution can change; the newest update holds the values that count."""
        auto = bool(description.get("performAutoTraining"))
        config = description.get("solutionConfig", {})
        latest = description.get("latestSolutionUpdate") or {}
        if latest.get("status", "") == "ACTIVE":
            config = {**config, **latest.get("solutionUpdateConfig", {})}
        schedule = config.get("autoTrainingConfig") if auto else None
        return {
            "performAutoTraining": True if auto else None,
            "performIncrementalUpdate": True if description.get("performIncrementalUpdate") else None,
            AUTO_TRAINING: None if schedule == {"schedulingExpression": "rate(7 days)"} else schedule or None,
            EVENTS: config.get("eventsConfig") or None,
        }


def _normalised(config: dict[str, Any], recipe: str | None, auto_training: bool) -> dict[str, Any]:
    """The config with typed hyperparameters, without defaults, empty parts and what has no effect."""
    known = recipes.built_in(recipe or "")
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        if config.get(group) and known:
            config[group] = recipes.parse_all(known, group, config[group])
    if "eventValueThreshold" in config:
        config["eventValueThreshold"] = number_text(config["eventValueThreshold"])
    schedule = config.get("autoTrainingConfig")
    if not auto_training or schedule == {"schedulingExpression": "rate(7 days)"}:
        config.pop("autoTrainingConfig", None)
    if config.get("autoMLConfig", {}).get("recipeList"):
        listed = {recipes.short(name) for name in config["autoMLConfig"]["recipeList"]}
        config["autoMLConfig"]["recipeList"] = sorted(listed)
    for found in config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {}).values():
        for one in found:
            one["name"] = ranges.plain(one["name"])
            if "values" in one:
                one["values"] = [text(value) for value in one["values"]]
    return _without_empty(config)


def _without_empty(config: dict[str, Any]) -> dict[str, Any]:
    kept = {key: _without_empty(value) if isinstance(value, dict) else value for key, value in config.items()}
    return {key: value for key, value in kept.items() if value not in ({}, [])}
