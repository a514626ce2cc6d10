"""What CreateSolution takes for performHPO and performAutoML, and how a description shows it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.recipes import custom_recipe
from pzdecl.engine.recipes import ranges
from pzdecl.engine.recipes.base import ParameterError, Recipe
from pzdecl.errors import nearest


def hpo_problems(recipe: Recipe, config: Mapping[str, Any], *, performed: bool) -> list[str]:
    """What is wrong with `hpoConfig`; that nothing is left to search only where HPO is `performed`."""
    declared = (config.get("hpoConfig") or {}).get("algorithmHyperParameterRanges") or {}
    found = [
        f"hpoConfig.algorithmHyperParameterRanges.{_dotted(problem.path)}: {problem.error}"
        for problem in ranges.problems(recipe, declared)
    ]
    try:
        ranges.budget(config)
    except ParameterError as error:
        found.append(f"hpoConfig.hpoResourceConfig: {error}")
    if performed and not found and not ranges.search_space(recipe, config):
        found.append(ranges.nothing_to_search(recipe))
    return found


def automl_problems(config: Mapping[str, Any]) -> list[str]:
    """What is wrong with `autoMLConfig`. Raises ResourceNotFoundException for a recipe that does not exist."""
    listed = [custom_recipe(arn) for arn in config.get("recipeList") or ()]
    found = [
        f"autoMLConfig.recipeList has {recipe.name}, which recommends no items: expected recipes that do"
        for recipe in listed
        if recipe.type not in ranges.COMPARED
    ]
    metric = config.get("metricName")
    if metric is None or metric in ranges.METRICS:
        return found
    near = nearest(metric, ranges.METRICS)
    meant = f" (did you mean {near}?)" if near else ""
    return [*found, f"autoMLConfig.metricName is {metric}: expected one of {', '.join(ranges.METRICS)}{meant}"]


def with_prefixes(config: Mapping[str, Any]) -> dict[str, Any]:
    """A solution config as descriptions show it: the ranges' names tell what they are about."""
    hpo = config.get("hpoConfig") or {}
    declared = hpo.get("algorithmHyperParameterRanges")
    if declared is None:
        return dict(config)
    shown = {
        kind: [{**one, "name": ranges.prefixed(one["name"])} for one in declared.get(kind) or ()]
        for kind in ranges.LISTS
    }
    return {**config, "hpoConfig": {**hpo, "algorithmHyperParameterRanges": shown}}


def _dotted(path: Sequence[str | int]) -> str:
    """`integerHyperParameterRanges[0].minValue`."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
