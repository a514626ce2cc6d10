"""What the filters and metadata columns of a runtime request mean for the campaign that it asks."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.common import find
from pzdecl.engine.api.families import FILTER, RECOMMENDER
from pzdecl.engine.api.filters import usable
from pzdecl.engine.api.operation import Context, Params
from pzdecl.engine.data.schema import Column
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import CURRENT_ITEM, CURRENT_USER, EVENTS, Expression
from pzdecl.engine.filters.values import ValueProblem, bind
from pzdecl.engine.recipes.base import Recipe
from pzdecl.engine.store.rows import Resource
from pzdecl.errors import nearest

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from pzdecl.engine.filters.table import Table

MAX_METADATA_COLUMNS = 10
MAX_WITH_METADATA = 50
"""Items of an answer with metadata."""
ENABLE = "enableMetadataWithRecommendations"


@dataclass(frozen=True, slots=True)
class Serving:
    """What answers a request: the campaign (or recommender, or batch job), its recipe, version and model."""

    recipe: Recipe
    campaign: Resource
    version: Resource
    model: Any

    @property
    def group(self) -> str:
        """The ARN of the dataset group."""
        return str(self.version.body["datasetGroupArn"])

    @property
    def what(self) -> str:
        """What it is, in words."""
        return RECOMMENDER.words if self.campaign.type == RECOMMENDER.type else "campaign"

    @property
    def config(self) -> Mapping[str, Any]:
        """How it answers: its `campaignConfig` or `recommenderConfig`."""
        return self.campaign.body.get("campaignConfig") or self.campaign.body.get("recommenderConfig") or {}


def allowed_items(
    context: Context, serving: Serving, params: Params, given: Params, what: str = "filter"
) -> NDArray[np.bool_] | None:
    """bool[N]: the model's items that the filter of a request lets through; None without a filter.

    given   what names the filter, with its values: the request itself, or a promotion of it
    what    how errors call that
    """
    model = serving.model

    def items() -> Any:
        return _model_items(context, serving, model)

    mask = _mask(context, serving, params, given, what, items)
    automatic = _unhidden(context, serving, params, items)
    return automatic if mask is None else mask if automatic is None else mask & automatic


def allowed_ids(context: Context, serving: Serving, params: Params, ids: Sequence[str]) -> list[str]:
    """Those of some items, known to the model or not, that the filter of a request lets through."""

    def among() -> Any:
        import pyarrow as pa

        from pzdecl.engine.filters.evaluate import Catalogue
        from pzdecl.engine.filters.ids import Index

        return Catalogue(Index(pa.array(sorted(set(ids), key=str.encode), pa.large_string())))

    mask = _mask(context, serving, params, params, "filter", among)
    if mask is None:
        return list(ids)
    passing = {one for one, fits in zip(sorted(set(ids), key=str.encode), mask.tolist(), strict=True) if fits}
    return [one for one in ids if one in passing]


def allowed_actions(
    context: Context, serving: Serving, params: Params, ids: Sequence[str]
) -> NDArray[np.bool_] | None:
    """bool[M]: which of the actions with sorted `ids` the request's filter lets through; None without one."""

    def among() -> Any:
        import pyarrow as pa

        from pzdecl.engine.filters.evaluate import Catalogue
        from pzdecl.engine.filters.ids import Index

        return Catalogue(Index(pa.array(list(ids), pa.large_string())))

    return _mask(context, serving, params, params, "filter", among)


def _unhidden(context: Context, serving: Serving, params: Params, catalogue: Any) -> NDArray[np.bool_] | None:
    """bool[N]: what the recipe's automatic filter lets through; None where it has none, or nobody is named."""
    if serving.recipe.hides is None or not params.get("userId"):
        return None
    from pzdecl.engine.filters.evaluate import allowed

    expression = _without(serving.recipe.hides)
    known = context.sources.known(context.store, serving.group, expression, params["userId"], None)
    return allowed(expression, catalogue(), known, {})


@functools.cache
def _without(event_type: str) -> Expression:
    return parse(f'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("{event_type}")')


def _model_items(context: Context, serving: Serving, model: Any) -> Any:
    return context.sources.catalogue(serving.version.arn, model.item_ids)


def _mask(
    context: Context, serving: Serving, params: Params, given: Params, what: str, catalogue: Any
) -> NDArray[np.bool_] | None:
    if "filterArn" not in given:
        if given.get("filterValues"):
            raise InvalidInputException(f"filterValues are given without the filterArn of a {what}")
        return None
    with context.store.read() as reader:
        expression = usable(find(reader, FILTER, given["filterArn"]), serving.group)
    _check_fit(expression, serving, params, given["filterArn"])
    from pzdecl.engine.filters.evaluate import allowed

    try:
        values = bind(expression, given.get("filterValues") or {})
        known = context.sources.known(
            context.store, serving.group, expression, params.get("userId"), params.get("itemId")
        )
        return allowed(expression, catalogue(), known, values)
    except ValueProblem as error:
        raise InvalidInputException(str(error)) from error


def _check_fit(expression: Expression, serving: Serving, params: Params, arn: str) -> None:
    """The request must tell what the expression looks at."""
    recipe = serving.recipe
    actions = recipe.type == "PERSONALIZED_ACTIONS"
    target = "ActionID" if actions else "ItemID"
    if expression.target != target:
        raise InvalidInputException(
            f"The filter {arn} is about {expression.target}; the {serving.what} recommends "
            f"{'actions' if actions else 'items'}: expected a filter about {target}"
        )
    if expression.uses(CURRENT_USER, *EVENTS) and not params.get("userId"):
        looks = "CurrentUser" if expression.uses(CURRENT_USER) else "the user's interactions"
        raise InvalidInputException(f"userId is required: the filter {arn} looks at {looks}")
    if expression.uses(CURRENT_ITEM):
        if recipe.type != "RELATED_ITEMS":
            raise InvalidInputException(
                f"The filter {arn} looks at CurrentItem, and the {serving.what}'s recipe, {recipe.name}, "
                "recommends beside no item: expected a recipe of type RELATED_ITEMS"
            )
        if not params.get("itemId"):
            raise InvalidInputException(f"itemId is required: the filter {arn} looks at CurrentItem")


class Metadata:
    """The columns of items that an answer shows."""

    def __init__(self, table: Table, names: Sequence[str]) -> None:
        self.table = table
        self.names = names

    def of(self, item: str) -> dict[str, str]:
        """Columns of an item as text; what has no value is left out."""
        row = self.table.ids.find(item)
        return {} if row is None else self.table.shown(row, self.names)


def metadata(context: Context, serving: Serving, params: Params, count: int) -> Metadata | None:
    """What a request's metadataColumns ask for; None where they ask for nothing.

    count   how many items are asked for. Raises InvalidInputException.
    """
    asked: Mapping[str, Sequence[str]] = params.get("metadataColumns") or {}
    wanted = [(type, list(dict.fromkeys(names))) for type, names in asked.items() if names]
    if not wanted:
        return None
    if not serving.config.get(ENABLE) and not serving.recipe.name.endswith("-v2"):
        raise InvalidInputException(
            f"metadataColumns are given, and the {serving.what} {serving.campaign.arn} returns no metadata: "
            f"update it with {serving.what}Config.{ENABLE} true"
        )
    type, names = wanted[0]
    if type.upper() != "ITEMS":
        raise InvalidInputException(f"metadataColumns has {type}: expected ITEMS")
    if len(names) > MAX_METADATA_COLUMNS:
        raise InvalidInputException(
            f"metadataColumns.{type} has {len(names)} columns: expected at most {MAX_METADATA_COLUMNS}"
        )
    if count > MAX_WITH_METADATA:
        raise InvalidInputException(
            f"{count} items are asked for with metadata: expected at most {MAX_WITH_METADATA}"
        )
    table = context.sources.table(context.store, serving.group, "ITEMS")
    if table is None:
        raise InvalidInputException(
            "metadataColumns are given, and the dataset group has no Items dataset: create one and import items"
        )
    return Metadata(table, [_column(name, table.columns) for name in names])


def _column(name: str, columns: Mapping[str, Column]) -> str:
    folded = {one.casefold(): one for one in columns if one != "ITEM_ID"}
    if name.casefold() in folded:
        return name if name in columns else folded[name.casefold()]
    meant = nearest(name, folded.values())
    hint = f" (did you mean {meant}?)" if meant else ""
    raise InvalidInputException(
        f"metadataColumns has {name}: expected one of {', '.join(folded.values())}{hint}"
    )
