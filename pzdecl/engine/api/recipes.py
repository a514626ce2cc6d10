"""Recipe: List, Describe; Algorithm, FeatureTransformation: Describe. All of it from the recipes' registry."""

from __future__ import annotations

import datetime
from typing import Any

from pzdecl.engine.api.common import ACTIVE, DEFAULT_PAGE, read_token, write_token
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceNotFoundException
from pzdecl.engine.recipes.base import Hyperparameter, Recipe
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.errors import nearest

BUILT_IN = "arn:aws:personalize:::"


def recipe_of(arn: str) -> Recipe:
    """The recipe behind an ARN. Raises ResourceNotFoundException, naming the nearest that exists."""
    name = arn.rpartition(":recipe/")[2]
    recipe = RECIPES.get(name)
    if recipe is None or arn != recipe.arn:
        suggestion = nearest(name, RECIPES)
        meant = f"; did you mean {RECIPES[suggestion].arn}?" if suggestion else ""
        known = ", ".join(sorted(RECIPES))
        raise ResourceNotFoundException(
            f"The given recipe does not exist: {arn}. The built-in engine has {known}{meant}"
        )
    return recipe


def custom_recipe(arn: str) -> Recipe:
    """The recipe of a solution. Raises as `recipe_of`, InvalidInputException for one of recommenders."""
    recipe = recipe_of(arn)
    if recipe.domain:
        raise InvalidInputException(
            f"{recipe.name} is a recipe of domain {recipe.domain}: solutions have none of a domain. "
            "Make a recommender of it with CreateRecommender"
        )
    return recipe


@operation("ListRecipes")
def list_recipes(context: Context, params: Params) -> Result:  # noqa: ARG001
    """In alphabetical order: all, or those of a domain."""
    wanted = params.get("domain")
    names = sorted(name for name, recipe in RECIPES.items() if wanted in (None, recipe.domain))
    of = ("recipes", wanted)
    start = read_token(params.get("nextToken"), *of)
    end = start + params.get("maxResults", DEFAULT_PAGE)
    result: Result = {
        "recipes": [
            {
                "name": recipe.name,
                "recipeArn": recipe.arn,
                "status": ACTIVE,
                **_dates(recipe),
                **({"domain": recipe.domain} if recipe.domain else {}),
            }
            for recipe in map(RECIPES.__getitem__, names[start:end])
        ]
    }
    if end < len(names):
        result["nextToken"] = write_token(end, *of)
    return result


@operation("DescribeRecipe")
def describe_recipe(context: Context, params: Params) -> Result:  # noqa: ARG001
    """With its algorithm, feature transformation and type."""
    recipe = recipe_of(params["recipeArn"])
    return {
        "recipe": {
            "name": recipe.name,
            "recipeArn": recipe.arn,
            "algorithmArn": f"{BUILT_IN}algorithm/{recipe.algorithm}",
            "featureTransformationArn": f"{BUILT_IN}feature-transformation/{recipe.feature_transformation}",
            "status": ACTIVE,
            "description": recipe.description,
            "recipeType": recipe.type,
            **_dates(recipe),
        }
    }


@operation("DescribeAlgorithm")
def describe_algorithm(context: Context, params: Params) -> Result:  # noqa: ARG001
    """The hyperparameters with their defaults (text, as on the wire) and their ranges."""
    arn = params["algorithmArn"]
    recipe = _first(lambda recipe: f"{BUILT_IN}algorithm/{recipe.algorithm}" == arn, "algorithm", arn)
    parameters = [p for p in recipe.hyperparameters if p.group == "algorithmHyperParameters"]
    return {
        "algorithm": {
            "name": recipe.algorithm,
            "algorithmArn": arn,
            "algorithmImage": {"name": recipe.algorithm, "dockerURI": "built-in"},
            "defaultHyperParameters": {p.name: text(p.default) for p in parameters},
            "defaultHyperParameterRanges": {
                "integerHyperParameterRanges": [_range(p, int) for p in parameters if p.type == "integer"],
                "continuousHyperParameterRanges": [_range(p, float) for p in parameters if p.type == "float"],
                "categoricalHyperParameterRanges": [
                    {"name": p.name, "values": ["true", "false"], "isTunable": p.tunable}
                    for p in parameters
                    if p.type == "boolean"
                ],
            },
            "defaultResourceConfig": {},
            "trainingInputMode": "File",
            **_dates(recipe),
        }
    }


@operation("DescribeFeatureTransformation")
def describe_feature_transformation(context: Context, params: Params) -> Result:  # noqa: ARG001
    """The parameters by which data is filtered before training, with their defaults."""
    arn = params["featureTransformationArn"]
    recipe = _first(
        lambda recipe: f"{BUILT_IN}feature-transformation/{recipe.feature_transformation}" == arn,
        "feature transformation",
        arn,
    )
    return {
        "featureTransformation": {
            "name": recipe.feature_transformation,
            "featureTransformationArn": arn,
            "defaultParameters": {
                p.name: text(p.default)
                for p in recipe.hyperparameters
                if p.group == "featureTransformationParameters"
            },
            "status": ACTIVE,
            **_dates(recipe),
        }
    }


def _first(matches: Any, words: str, arn: str) -> Recipe:
    """The recipe that explains a part. Where several share it, the one with the most to tell."""
    found = [recipe for recipe in RECIPES.values() if matches(recipe)]
    if not found:
        raise ResourceNotFoundException(f"The given {words} does not exist: {arn}")
    return max(found, key=lambda recipe: len(recipe.hyperparameters))


def _range(parameter: Hyperparameter, number: type[int] | type[float]) -> dict[str, Any]:
    if parameter.minimum is None or parameter.maximum is None:
        raise InvalidInputException(f"{parameter.name} has no range")
    return {
        "name": parameter.name,
        "minValue": number(parameter.minimum),
        "maxValue": number(parameter.maximum),
        "isTunable": parameter.tunable,
    }


def text(value: float | bool | str) -> str:
    """A hyperparameter's value as it travels."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _dates(recipe: Recipe) -> dict[str, Any]:
    created = datetime.datetime.fromisoformat(recipe.created.replace("Z", "+00:00"))
    if created.tzinfo is None:
        created = created.replace(tzinfo=datetime.UTC)
    return {"creationDateTime": created, "lastUpdatedDateTime": created}
