"""A recommender's `recommenderConfig`: what is wrong with it, and what its parts mean."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pzdecl.engine.api import exploration
from pzdecl.engine.data.schema import Column
from pzdecl.engine.recipes.base import Recipe
from pzdecl.errors import nearest

COLUMNS, EXCLUDED, INCLUDED = "trainingDataConfig", "excludedDatasetColumns", "includedDatasetColumns"
KINDS = ("INTERACTIONS", "ITEMS", "USERS")
ALWAYS = frozenset(
    {"USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION", "CREATION_TIMESTAMP"}
)
"""Columns that are used for other things than learning from them, whichever ones are included."""
Columns = Mapping[str, Sequence[Column] | None]
"""Of the datasets of a group, by type."""


def merged(before: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The configuration after an update: parts that are not given stay; empty ones go."""
    both = {name: value for name, value in {**before, **given}.items() if value not in (None, {})}
    if not columns(both):
        both.pop(COLUMNS, None)
    return both


def problems(config: Mapping[str, Any], recipe: Recipe, datasets: Columns) -> list[str]:
    """Everything that is wrong with a configuration."""
    found = list(exploration.problems(config, recipe))
    if config.get("enableMetadataWithRecommendations") and "ITEMS" not in datasets:
        found.append(
            "enableMetadataWithRecommendations is true, and the dataset group has no Items dataset: create one"
        )
    return [*found, *_column_problems(config.get(COLUMNS) or {}, datasets)]


def columns(config: Mapping[str, Any]) -> dict[str, dict[str, list[str]]]:
    """What training leaves out and takes in, to be compared: types in upper case, names sorted."""
    given = config.get(COLUMNS) or {}
    found = {
        part: {kind.upper(): sorted(set(names)) for kind, names in (given.get(part) or {}).items() if names}
        for part in (EXCLUDED, INCLUDED)
    }
    return {part: lists for part, lists in found.items() if lists}


def excluded(config: Mapping[str, Any], datasets: Columns) -> dict[str, list[str]]:
    """The columns of each dataset that training leaves out."""
    wanted = columns(config)
    found = dict(wanted.get(EXCLUDED, {}))
    for kind, names in wanted.get(INCLUDED, {}).items():
        others = {column.name for column in datasets.get(kind) or ()} - set(names) - ALWAYS
        found[kind] = sorted({*found.get(kind, ()), *others})
    return found


def _column_problems(config: Mapping[str, Any], datasets: Columns) -> Iterator[str]:
    for part in (EXCLUDED, INCLUDED):
        for kind, names in (config.get(part) or {}).items():
            where = f"{COLUMNS}.{part}.{kind}"
            if kind.upper() not in KINDS or kind.upper() not in datasets:
                there = [one for one in KINDS if one in datasets]
                yield f"{where} is no dataset of the group: expected one of {', '.join(there)}"
                continue
            known = [column.name for column in datasets[kind.upper()] or ()]
            for name in names:
                if name not in known:
                    meant = nearest(name, known)
                    hint = f" (did you mean {meant}?)" if meant else ""
                    yield f"{where} names {name}: expected a column of the dataset{hint}"
                elif part == EXCLUDED and name == "EVENT_TYPE":
                    yield f"{where} names EVENT_TYPE, which can't be excluded"
