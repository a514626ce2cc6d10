"""`pzdecl recipes`: what can be trained, and with which hyperparameters."""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write
from pzdecl.errors import UsageError, nearest

app = typer.Typer(
    help="Lists and describes the recipes.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list")
def list_(format: options.TextOrJson = "text") -> None:
    """Lists the recipes."""
    from pzdecl.engine.recipes.registry import RECIPES
    from pzdecl.views import recipes as view

    if format == "json":
        write(json.dumps([view.as_json(recipe) for recipe in RECIPES.values()], indent=2) + "\n")
    else:
        write(view.listing(RECIPES.values(), session().style(sys.stdout)))


@app.command("describe")
def describe(
    name: Annotated[str, typer.Argument(metavar="RECIPE", help="Such as aws-hrnn.")],
    format: options.TextOrJson = "text",
) -> None:
    """Shows a recipe's hyperparameters with their defaults and ranges."""
    from pzdecl.engine.recipes.registry import RECIPES
    from pzdecl.views import recipes as view

    recipe = RECIPES.get(name.rpartition("/")[2].lower())
    if recipe is None:
        near = nearest(name, RECIPES)
        raise UsageError(
            f"there is no recipe {name}",
            hint=f"did you mean {near}?" if near else f"there are {', '.join(RECIPES)}",
        )
    if format == "json":
        write(json.dumps(view.as_json(recipe), indent=2) + "\n")
    else:
        write(view.description(recipe, session().style(sys.stdout)))
