"""Promotions of a GetRecommendations request: items that a filter chooses get some of the places."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pzdecl.engine.api.operation import Context, Params
from pzdecl.engine.api.selection import Serving, allowed_items
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.serving.promotion import RECIPES, promoted_count, promoted_places
from pzdecl.engine.serving.query import Query

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Promoted:
    """The promoted items of an answer, best first."""

    def __init__(self, codes: NDArray[np.int32], items: list[dict[str, Any]], size: int) -> None:
        self._codes = codes
        self._items = items
        self._size = size

    def __len__(self) -> int:
        return len(self._items)

    def others(self, query: Query) -> Query:
        """The same query without the promoted items."""
        import numpy as np

        allowed = np.ones(self._size, bool) if query.allowed is None else query.allowed.copy()
        allowed[self._codes] = False
        return replace(query, allowed=allowed)

    def among(self, others: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
        """Both together: promoted items in random places, each kind in its own order."""
        promoted, rest = iter(self._items), iter(others)
        places = promoted_places(len(self._items), len(others), seed).tolist()
        return [next(promoted) if place else next(rest) for place in places]


def promote(context: Context, serving: Serving, params: Params, wanted: int, query: Query) -> Promoted | None:
    """The items that a request promotes; None without a promotion.

    The promotion's filter decides alone about them: that of the request is for the other places. Raises
    InvalidInputException for a recipe that can't promote, ValueError as `model.ask`.
    """
    promotions = params.get("promotions")
    if not promotions:
        return None
    promotion = promotions[0]
    if serving.recipe.name not in RECIPES and serving.recipe.domain is None:
        raise InvalidInputException(
            f"promotions are given, and the campaign's recipe is {serving.recipe.name}: expected one of "
            f"{', '.join(RECIPES)}"
        )
    for needed in ("percentPromotedItems", "filterArn"):
        if needed not in promotion:
            raise InvalidInputException(f"promotions[0].{needed} is missing: a promotion needs it")
    allowed = allowed_items(context, serving, params, promotion, "promotion")
    count = promoted_count(wanted, promotion["percentPromotedItems"])
    answer = serving.model.ask(
        params.get("userId"), params.get("itemId"), count, replace(query, allowed=allowed, explore=None)
    )
    name = {"promotionName": promotion["name"]} if promotion.get("name") else {}
    reason = {"reason": ["Promoted item"]} if serving.recipe.name.endswith("-v2") else {}
    items = [{**item, **name, **reason} for item in serving.model.listed(answer)]
    return Promoted(answer.items, items, len(serving.model.item_ids))
