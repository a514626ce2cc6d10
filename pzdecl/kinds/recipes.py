"""Recipes as manifests name them: those the built-in engine has, and those that only the service offers."""

from __future__ import annotations

from collections.abc import Mapping

from pzdecl.engine.recipes import registry
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.recipes.registry import CUSTOM, RECIPES

PREFIX = "arn:aws:personalize:::recipe/"

SERVICE_ONLY = frozenset(
    {
        "aws-hrnn-coldstart",
        "aws-hrnn-metadata",
        "aws-item-affinity",
        "aws-item-attribute-affinity",
        "aws-next-best-action",
        "aws-personalized-ranking",
        "aws-personalized-ranking-v2",
        "aws-semantic-similarity",
        "aws-similar-items",
        "aws-trending-now",
        "aws-user-personalization",
        "aws-user-personalization-v2",
    }
) - set(RECIPES)
"""Recipes that the built-in engine does not have: their hyperparameters are left to the service."""

PARAMETERS = frozenset(
    {
        "action_optimization_period",
        "apply_recency_bias",
        "cold_start_max_duration",
        "cold_start_max_interactions",
        "cold_start_relative_from",
        "item_id_hidden_dim",
        "item_metadata_hidden_dim",
        "trend_discovery_frequency",
        *(parameter.name for recipe in RECIPES.values() for parameter in recipe.hyperparameters),
    }
)
"""Every hyperparameter that any recipe has, of Amazon Personalize's too."""

OBJECTIVES = frozenset(
    {
        "aws-personalized-ranking",
        "aws-personalized-ranking-v2",
        "aws-user-personalization",
        "aws-user-personalization-v2",
    }
)
"""Recipes that take an optimizationObjective."""

UPDATE_MODE = frozenset({"aws-user-personalization", "aws-hrnn-coldstart"})
"""Recipes that can be trained with trainingMode UPDATE."""
INCREMENTAL = frozenset({"aws-semantic-similarity"})
EVENTS_CONFIG = frozenset({"aws-user-personalization-v2", "aws-personalized-ranking-v2"})
EXPLORING = frozenset({"aws-user-personalization"})
"""Recipes whose campaigns take an itemExplorationConfig."""
SEGMENTING = frozenset({"aws-item-affinity", "aws-item-attribute-affinity"})
"""Recipes that find users: no campaign serves them."""
INFLUENCED = frozenset({"aws-semantic-similarity"})
"""Recipes whose campaigns take a rankingInfluence."""
THEMED = frozenset({"aws-similar-items"})
"""Recipes whose batch inference jobs can make themes."""


DOMAIN: Mapping[str, Recipe] = registry.DOMAIN
"""Those that recommenders are made with."""
NAMES = tuple(sorted({*CUSTOM, *SERVICE_ONLY}))
"""Every recipe that a solution may name."""


def short(recipe: str) -> str:
    """`arn:aws:personalize:::recipe/aws-sims` → `aws-sims`."""
    return recipe.removeprefix(PREFIX)


def arn(recipe: str) -> str:
    """`aws-sims` → `arn:aws:personalize:::recipe/aws-sims`."""
    return f"{PREFIX}{recipe}"


def built_in(recipe: str) -> Recipe | None:
    """What the built-in engine knows of a recipe."""
    return RECIPES.get(recipe)


def parse_all(recipe: Recipe, group: str, values: Mapping[str, object]) -> dict[str, object]:
    """The given hyperparameters of a group as typed values, without those at their default.

    Unknown and wrong ones stay as they are: checking is `Recipe.problems`.
    """
    from pzdecl.engine.recipes.base import ParameterError

    known = {p.name: p for p in recipe.hyperparameters if p.group == group}
    typed: dict[str, object] = {}
    for name, value in values.items():
        parameter = known.get(name)
        try:
            parsed = parameter.parse(value) if parameter else value
        except ParameterError:
            parsed = value
        if parameter is None or parsed != parameter.default:
            typed[name] = float(parsed) if parameter and parameter.type == "float" else parsed  # type: ignore[arg-type]
    return typed
