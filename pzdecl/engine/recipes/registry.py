"""All recipes, by name. Importing this loads no torch and no numpy."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.recipes.hrnn import HRNN
from pzdecl.engine.recipes.popularity_count import POPULARITY_COUNT
from pzdecl.engine.recipes.sims import SIMS

RECIPES: dict[str, Recipe] = {recipe.name: recipe for recipe in (HRNN, POPULARITY_COUNT, SIMS)}
