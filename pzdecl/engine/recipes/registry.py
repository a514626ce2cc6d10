"""All recipes, by name: every `Recipe` that a module of this package declares. Loads no torch and no numpy."""

from __future__ import annotations

import importlib
import pkgutil

from pzdecl.engine import recipes
from pzdecl.engine.recipes.base import Recipe


def _declared() -> dict[str, Recipe]:
    found = {}
    for module in pkgutil.iter_modules(recipes.__path__):
        if module.name not in ("base", "registry"):
            declared = vars(importlib.import_module(f"{recipes.__name__}.{module.name}")).values()
            found.update({one.name: one for one in declared if isinstance(one, Recipe)})
    return dict(sorted(found.items()))


RECIPES: dict[str, Recipe] = _declared()

CUSTOM: dict[str, Recipe] = {name: one for name, one in RECIPES.items() if one.domain is None}
"""Those that solutions are trained with."""

DOMAIN: dict[str, Recipe] = {name: one for name, one in RECIPES.items() if one.domain is not None}
"""Those that recommenders of domain dataset groups are made with."""
