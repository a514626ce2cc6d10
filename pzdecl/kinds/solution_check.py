"""What can be wrong with a solution beyond types and ranges of its fields."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pzdecl.engine.recipes import ranges
from pzdecl.engine.recipes.base import Recipe
from pzdecl.errors import nearest
from pzdecl.kinds import recipes
from pzdecl.kinds.base import Problem

if TYPE_CHECKING:
    from pzdecl.kinds.solution import SolutionSpec

CONFIG = "solutionConfig"
_IGNORED_BY_AUTOML = (
    "algorithmHyperParameters",
    "featureTransformationParameters",
    "hpoConfig",
    "eventValueThreshold",
    "eventsConfig",
    "optimizationObjective",
    "trainingDataConfig",
)


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
    if name in recipes.DOMAIN:
        yield Problem(
            "PZ3010",
            path,
            f"{name} is a recipe of domain {recipes.DOMAIN[name].domain}, and no solution can have it",
            "a recipe without a domain",
            hint="declare a Recommender with it",
        )
    elif name not in recipes.NAMES:
        yield Problem(
            "PZ3010",
            path,
            f"there is no recipe {recipe}",
            "the name of a recipe",
            suggestion=nearest(name, recipes.NAMES),
            hint=_list_hint(),
        )


def _auto_ml(config: dict[str, Any]) -> Iterator[Problem]:
    for index, recipe in enumerate(config.get("recipeList", ())):
        path = (CONFIG, "autoMLConfig", "recipeList", index)
        yield from _known(recipe, path)
        known = recipes.built_in(recipes.short(recipe))
        if known is not None and known.domain is None and known.type not in ranges.COMPARED:
            message = f"{known.name} recommends no items, so AutoML can't compare it"
            yield Problem("PZ3008", path, message, "recipes that recommend items")
    metric = config.get("metricName")
    if metric is not None and metric not in ranges.METRICS:
        yield Problem(
            "PZ3012",
            (CONFIG, "autoMLConfig", "metricName"),
            f"recipes cannot be compared on {metric}",
            "one of " + ", ".join(ranges.METRICS),
            suggestion=nearest(metric, ranges.METRICS),
        )


def _parts(spec: SolutionSpec, config: dict[str, Any]) -> Iterator[Problem]:
    """Parts of the config that need something else to be set, or that a recipe has no use for."""
    if "autoMLConfig" in config and not spec.perform_auto_ml:
        yield _useless((CONFIG, "autoMLConfig"), "performAutoML: true")
    yield from _auto_ml(config.get("autoMLConfig", {}))
    if "hpoConfig" in config and not spec.perform_hpo and not spec.perform_auto_ml:
        yield _useless((CONFIG, "hpoConfig"), "performHPO: true")
    if spec.perform_auto_ml and spec.recipe is None:
        for part in _IGNORED_BY_AUTOML:
            if config.get(part) not in (None, {}):
                yield _useless((CONFIG, part), "a recipe: AutoML chooses its own")
        if spec.training and spec.training.training_mode == "UPDATE":
            yield _useless(
                ("training", "trainingMode"), "a recipe: AutoML trains in full", "trainingMode UPDATE"
            )
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
    yield from _hpo(recipe, spec, config)


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


def _hpo(recipe: Recipe, spec: SolutionSpec, config: dict[str, Any]) -> Iterator[Problem]:
    """Ranges beyond the recipe's limits, and optimisation of nothing."""
    declared = config.get("hpoConfig", {}).get("algorithmHyperParameterRanges", {})
    found = ranges.problems(recipe, declared)
    for path, error, unknown in found:
        yield Problem(
            "PZ3011" if unknown else "PZ3012",
            (CONFIG, "hpoConfig", "algorithmHyperParameterRanges", *path),
            error.problem,
            error.expected,
            suggestion=error.suggestion,
        )
    if spec.perform_hpo and not found and not ranges.search_space(recipe, config):
        yield Problem(
            "PZ3008",
            ("performHPO",),
            ranges.nothing_to_search(recipe),
            "performHPO: false, or hyperparameters that are left open",
            hint=f"pzdecl recipes describe {recipe.name} tells which are tunable",
        )


def _useless(path: tuple[str, ...], needs: str, what: str | None = None) -> Problem:
    what = what or path[-1]
    return Problem("PZ3008", path, f"{what} has no effect here", f"{what} only with {needs}")


def _unfit(path: tuple[str, ...], what: str, recipe: str, fit: frozenset[str]) -> Problem:
    return Problem("PZ3008", path, f"{recipe} cannot have {what}", "one of " + ", ".join(sorted(fit)))


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def _list_hint() -> str:
    return "pzdecl recipes list shows all recipes"
