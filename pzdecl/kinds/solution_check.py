"""What can be wrong with a solution beyond types and ranges of its fields."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pzdecl.engine.recipes.base import ParameterError, Recipe
from pzdecl.errors import nearest
from pzdecl.kinds import recipes
from pzdecl.kinds.base import Problem

if TYPE_CHECKING:
    from pzdecl.kinds.solution import SolutionSpec

CONFIG = "solutionConfig"
_IGNORED_BY_AUTOML = ("algorithmHyperParameters", "featureTransformationParameters", "hpoConfig")


def check(spec: SolutionSpec) -> list[Problem]:
    """Everything that is wrong with a solution, all at once."""
    config = spec.solution_config.model_dump(by_alias=True, exclude_none=True) if spec.solution_config else {}
    return [*_recipe(spec), *_parts(spec, config), *_hyperparameters(spec, config)]


def _recipe(spec: SolutionSpec) -> Iterator[Problem]:
    if spec.recipe is not None and spec.perform_auto_ml:
        yield Problem(
            "PZ3007",
            ("performAutoML",),
            "both recipe and performAutoML",
            "exactly one of them",
            hint="remove recipe to have one chosen, or performAutoML to train this one",
        )
    if spec.recipe is None and not spec.perform_auto_ml:
        yield Problem(
            "PZ3007", (), "neither recipe nor performAutoML", "exactly one of them", hint=_list_hint()
        )
    if spec.recipe is not None:
        yield from _known(spec.recipe, ("recipe",))


def _known(recipe: str, path: tuple[str | int, ...]) -> Iterator[Problem]:
    name = recipes.short(recipe)
    if name not in recipes.NAMES:
        yield Problem(
            "PZ3010",
            path,
            f"there is no recipe {recipe}",
            "the name of a recipe",
            suggestion=nearest(name, recipes.NAMES),
            hint=_list_hint(),
        )


def _parts(spec: SolutionSpec, config: dict[str, Any]) -> Iterator[Problem]:
    """Parts of the config that need something else to be set, or that a recipe has no use for."""
    if "autoMLConfig" in config and not spec.perform_auto_ml:
        yield _useless((CONFIG, "autoMLConfig"), "performAutoML: true")
    for index, recipe in enumerate(config.get("autoMLConfig", {}).get("recipeList", ())):
        yield from _known(recipe, (CONFIG, "autoMLConfig", "recipeList", index))
    if "hpoConfig" in config and not spec.perform_hpo and not spec.perform_auto_ml:
        yield _useless((CONFIG, "hpoConfig"), "performHPO: true")
    if spec.perform_auto_ml and spec.recipe is None:
        for part in _IGNORED_BY_AUTOML:
            if config.get(part):
                yield _useless((CONFIG, part), "a recipe: AutoML chooses its own")
    threshold = config.get("eventValueThreshold")
    if isinstance(threshold, str) and not _is_number(threshold):
        yield Problem(
            "PZ3003", (CONFIG, "eventValueThreshold"), f"eventValueThreshold is {threshold!r}", "a number"
        )
    if spec.recipe is None or recipes.short(spec.recipe) not in recipes.NAMES:
        return
    name = recipes.short(spec.recipe)
    if spec.training and spec.training.training_mode == "UPDATE" and name not in recipes.UPDATE_MODE:
        yield _unfit(("training", "trainingMode"), "trainingMode UPDATE", name, recipes.UPDATE_MODE)
    if spec.perform_incremental_update and name not in recipes.INCREMENTAL:
        yield _unfit(("performIncrementalUpdate",), "performIncrementalUpdate", name, recipes.INCREMENTAL)
    if "eventsConfig" in config and name not in recipes.EVENTS_CONFIG:
        yield _unfit((CONFIG, "eventsConfig"), "eventsConfig", name, recipes.EVENTS_CONFIG)
    if "optimizationObjective" in config and name not in recipes.OBJECTIVES:
        yield _unfit((CONFIG, "optimizationObjective"), "optimizationObjective", name, recipes.OBJECTIVES)


def _hyperparameters(spec: SolutionSpec, config: dict[str, Any]) -> Iterator[Problem]:
    name = recipes.short(spec.recipe) if spec.recipe else None
    if name is not None and name not in recipes.NAMES:
        yield from _of_no_recipe(config)
    recipe = recipes.built_in(name) if name else None
    if recipe is None:
        return
    for error in recipe.problems(config):
        unknown = error.parameter not in {p.name for p in recipe.hyperparameters}
        misplaced = not unknown and not any(
            p.group == error.group for p in recipe.hyperparameters if p.name == error.parameter
        )
        yield Problem(
            "PZ3011" if unknown or misplaced else "PZ3012",
            (CONFIG, error.group or "algorithmHyperParameters", error.parameter),
            error.problem,
            error.expected,
            suggestion=error.suggestion,
            hint=f"pzdecl recipes describe {recipe.name} lists them" if unknown else None,
            on_key=unknown or misplaced,
        )
    yield from _ranges(recipe, config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {}))


def _of_no_recipe(config: dict[str, Any]) -> Iterator[Problem]:
    """Hyperparameters that are wrong whichever recipe was meant."""
    for group in ("algorithmHyperParameters", "featureTransformationParameters"):
        for name in config.get(group) or {}:
            if name not in recipes.PARAMETERS:
                yield Problem(
                    "PZ3011",
                    (CONFIG, group, name),
                    f"no recipe has a hyperparameter {name}",
                    "a hyperparameter of the recipe",
                    suggestion=nearest(name, recipes.PARAMETERS),
                    hint="pzdecl recipes describe RECIPE lists them",
                    on_key=True,
                )


def _ranges(recipe: Recipe, ranges: dict[str, list[dict[str, Any]]]) -> Iterator[Problem]:
    """Ranges to optimise in: tunable parameters, ends in order and within the recipe's limits."""
    tunable = {p.name: p for p in recipe.hyperparameters if p.tunable}
    for kind, found in ranges.items():
        for index, one in enumerate(found):
            path = (CONFIG, "hpoConfig", "algorithmHyperParameterRanges", kind, index)
            parameter = tunable.get(one["name"])
            if parameter is None:
                yield Problem(
                    "PZ3011",
                    (*path, "name"),
                    f"{recipe.name} cannot optimise {one['name']}",
                    "one of " + ", ".join(sorted(tunable))
                    if tunable
                    else "no ranges: it has nothing to optimise",
                    suggestion=nearest(one["name"], tunable),
                )
                continue
            ends: list[tuple[tuple[str | int, ...], Any]] = [
                *(((end,), one[end]) for end in ("minValue", "maxValue") if end in one),
                *((("values", number), value) for number, value in enumerate(one.get("values", ()))),
            ]
            if "minValue" in one and one["minValue"] > one["maxValue"]:
                yield Problem(
                    "PZ3012",
                    (*path, "minValue"),
                    f"minValue {one['minValue']:g} is above maxValue {one['maxValue']:g}",
                    "minValue at most maxValue",
                )
            for place, value in ends:
                try:
                    parameter.parse(value)
                except ParameterError as error:
                    yield Problem("PZ3012", (*path, *place), error.problem, error.expected)


def _useless(path: tuple[str, ...], needs: str) -> Problem:
    return Problem("PZ3008", path, f"{path[-1]} has no effect here", f"{path[-1]} only with {needs}")


def _unfit(path: tuple[str, ...], what: str, recipe: str, fit: frozenset[str]) -> Problem:
    return Problem("PZ3008", path, f"{recipe} cannot have {what}", "one of " + ", ".join(sorted(fit)))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _list_hint() -> str:
    return "pzdecl recipes list shows all recipes"
