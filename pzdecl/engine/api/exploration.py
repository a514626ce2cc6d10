"""A campaign's `itemExplorationConfig`: a map of text, and what it means."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from pzdecl.engine.recipes.base import Recipe, as_number
from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.serving.query import Exploration
from pzdecl.errors import nearest

KEY = "itemExplorationConfig"
BOUNDS = {
    "explorationWeight": (0.0, 1.0, "a number from 0 to 1"),
    "explorationItemAgeCutOff": (1.0, math.inf, "a number of days, at least 1"),
}


def problems(config: Mapping[str, Any], recipe: Recipe) -> Iterator[str]:
    """What is wrong with the exploration part of a campaign's configuration."""
    given: Mapping[str, str] = config.get(KEY) or {}
    if not given:
        return
    if not recipe.explores or recipe.name.endswith("-v2"):
        itself = ", which decides itself how much it explores" if recipe.explores else ""
        fit = ", ".join(one.name for one in RECIPES.values() if one.explores and not one.name.endswith("-v2"))
        yield f"{KEY} is for {fit}; the recipe is {recipe.name}{itself}"
        return
    for name, value in given.items():
        if name not in BOUNDS:
            meant = nearest(name, BOUNDS)
            hint = f" (did you mean {meant}?)" if meant else ""
            yield f"{KEY} has no {name}: expected {' or '.join(BOUNDS)}{hint}"
            continue
        low, high, expected = BOUNDS[name]
        found = as_number(value)
        if found is None or not low <= found <= high:
            yield f"{KEY}.{name} is {value!r}: expected {expected}"


def exploration(config: Mapping[str, Any], recipe: Recipe, recommendation_id: str) -> Exploration | None:
    """How one request explores: None where it doesn't. Everything random follows from its recommendationId."""
    if not recipe.explores:
        return None
    given: Mapping[str, str] = config.get(KEY) or {}
    default = Exploration()
    weight = float(given.get("explorationWeight", default.weight))
    cut_off = float(given.get("explorationItemAgeCutOff", default.cut_off))
    return Exploration(weight, cut_off, seed_of(recommendation_id)) if weight > 0 else None


def seed_of(recommendation_id: str) -> int:
    """The number from which everything random of an answer follows."""
    return uuid.UUID(recommendation_id.removeprefix("RID-")).int
