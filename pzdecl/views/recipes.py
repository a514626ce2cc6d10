"""Recipes and their hyperparameters as tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pzdecl.engine.recipes.base import Hyperparameter, Recipe
from pzdecl.views import table
from pzdecl.views.style import PLAIN, Style


def listing(recipes: Iterable[Recipe], style: Style = PLAIN) -> str:
    """A line for each recipe."""
    rows = [[r.name, r.type, r.description.partition(". ")[0].rstrip(".")] for r in recipes]
    return table.text(["recipe", "type", "what it does"], rows, style=style)


def description(recipe: Recipe, style: Style = PLAIN) -> str:
    """A recipe, and a line for each of its hyperparameters."""
    head = f"{style.paint(recipe.name, 'bold')}  {recipe.type}\n{recipe.description}\narn: {recipe.arn}\n"
    if recipe.domain:
        return head + "".join(f"{line}\n" for line in _use_case(recipe))
    if not recipe.hyperparameters:
        return head + "It has no hyperparameters.\n"
    rows = [
        [h.name, h.type, _plain(h.default), _range(h), _tunable(h), _where(h)] for h in recipe.hyperparameters
    ]
    header = ["hyperparameter", "type", "default", "range", "tunable", "in solutionConfig"]
    return head + "\n" + table.text(header, rows, style=style)


def as_json(recipe: Recipe) -> dict[str, Any]:
    """Everything about a recipe."""
    return {
        "name": recipe.name,
        "arn": recipe.arn,
        "type": recipe.type,
        "domain": recipe.domain,
        "description": recipe.description,
        "hyperparameters": [
            {
                "name": h.name,
                "type": h.type,
                "default": h.default,
                "minimum": h.minimum,
                "maximum": h.maximum,
                "choices": list(h.choices),
                "tunable": h.tunable,
                "only_tunable": h.fixed,
                "group": h.group,
                "description": h.description,
            }
            for h in recipe.hyperparameters
        ],
    }


def _use_case(recipe: Recipe) -> Iterable[str]:
    """What is to be known of a recipe of recommenders, a line each."""
    yield f"domain: {recipe.domain} (kind: Recommender; it has no hyperparameters)"
    learns = f"events of type {recipe.event_type}" if recipe.event_type else "events of all types"
    data = " and ".join(kind.capitalize() for kind in recipe.datasets)
    yield f"learns from: {data}, {learns}, 1000 at least"
    asks = " and ".join(f"{one}Id" for one in recipe.asks or ())
    yield f"a request names: {asks or 'nothing'}"
    if recipe.hides:
        yield f"leaves out: items of the user's events of type {recipe.hides}"


def _range(h: Hyperparameter) -> str:
    if h.type == "boolean":
        return "true, false"
    if h.choices:
        return ", ".join(h.choices)
    low = "" if h.minimum is None else _plain(h.minimum)
    high = "" if h.maximum is None else _plain(h.maximum)
    return f"{low}..{high}" if low or high else "any"


def _tunable(h: Hyperparameter) -> str:
    return ("only" if h.fixed else "yes") if h.tunable else "no"


def _plain(value: float | bool | str) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    return f"{value:g}"


def _where(h: Hyperparameter) -> str:
    return (
        "algorithmHyperParameters"
        if h.group == "algorithmHyperParameters"
        else "featureTransformationParameters"
    )
