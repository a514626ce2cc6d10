"""What batch inference jobs that make themes need: a recipe, and columns of the group's Items dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.operation import Params
from pzdecl.engine.data.schema import Column
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.filters.sources import group_columns
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.errors import nearest

BATCH_INFERENCE, THEME_GENERATION = "BATCH_INFERENCE", "THEME_GENERATION"
THEMES = "themeGenerationConfig"
RECIPE = "aws-similar-items"
"""The one whose answers can have themes, as in the service."""
FIELD = f"{THEMES}.fieldsForThemeGeneration.itemName"


def mode_of(params: Params) -> str:
    """The job's mode. Raises InvalidInputException where it and the configuration of themes don't fit."""
    mode = str(params.get("batchInferenceJobMode", BATCH_INFERENCE))
    if mode == THEME_GENERATION and THEMES not in params:
        raise InvalidInputException(
            f"{THEMES} is required with batchInferenceJobMode {THEME_GENERATION}: expected "
            "fieldsForThemeGeneration.itemName, the column of the Items dataset with the items' names"
        )
    if mode != THEME_GENERATION and THEMES in params:
        raise InvalidInputException(f"{THEMES} is for batchInferenceJobMode {THEME_GENERATION}")
    return mode


def item_name(body: Mapping[str, Any]) -> str:
    """The column with the items' names, of a job that makes themes."""
    return str(body[THEMES]["fieldsForThemeGeneration"]["itemName"])


def check_themes(reader: Reader, version: Resource, recipe: Recipe, name: str) -> None:
    """Raises InvalidInputException unless themes can be made of what a version's recipe recommends.

    name   the column with the items' names
    """
    if recipe.name != RECIPE:
        raise InvalidInputException(
            f"The recipe of {version.arn}, {recipe.name}, recommends without themes: expected {RECIPE}"
        )
    columns = group_columns(reader, version.body["datasetGroupArn"]).get("ITEMS")
    if problem := items_problem(columns, name):
        raise InvalidInputException(problem)


def items_problem(columns: Sequence[Column] | None, name: str) -> str | None:
    """Why no themes can be made of items with these columns; None where they can.

    columns   None: there is no Items dataset
    """
    if columns is None:
        return (
            f"{FIELD} is {name}, and the dataset group has no Items dataset: create one with a column of the "
            "items' names and a textual one, and import items"
        )
    names = [one.name for one in columns if one.type == "string" and one.name != "ITEM_ID"]
    if name not in names:
        what = (
            "no column of text" if name in {one.name for one in columns} else "no column of the Items dataset"
        )
        expected = f"one of {', '.join(names)}" if names else "a column of text, and there is none"
        near = nearest(name, names)
        hint = f" (did you mean {near}?)" if near else ""
        return f"{FIELD} is {name}, which is {what}: expected {expected}{hint}"
    if not any(one.textual for one in columns):
        return (
            "The Items dataset has no textual column, which themes are made of: expected a field with "
            '"textual": true in its schema (UpdateDataset can add one)'
        )
    return None
