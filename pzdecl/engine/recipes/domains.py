"""What the recipes of both domains are made of: the recipes of solutions, set up for a use case.

A recommender takes no hyperparameters, so the values that suit a use case are the defaults here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pzdecl.engine.recipes.base import Domain, Hyperparameter, Recipe, Value
from pzdecl.engine.recipes.popularity_count import POPULARITY_COUNT
from pzdecl.engine.recipes.similar_items import SIMILAR_ITEMS
from pzdecl.engine.recipes.sims import SIMS
from pzdecl.engine.recipes.trending_now import TRENDING_NOW
from pzdecl.engine.recipes.user_personalization import USER_PERSONALIZATION

CREATED = "2021-11-18T00:00:00Z"
BOTH = ("user", "item")


def popular(name: str, domain: Domain, event_type: str, description: str) -> Recipe:
    """The items of most users' events of one type; requests name a user, filters may look at."""
    return _use_case(
        POPULARITY_COUNT,
        name,
        domain,
        description,
        type="POPULAR_ITEMS",
        event_type=event_type,
        asks=("user",),
    )


def trending(name: str, domain: Domain, description: str) -> Recipe:
    """What rises most, looked at again every two hours; requests need no id."""
    return _use_case(
        TRENDING_NOW,
        name,
        domain,
        description,
        hyperparameters=_set(TRENDING_NOW),
        asks=(),
    )


def together(
    name: str,
    domain: Domain,
    event_type: str,
    description: str,
    *,
    discount: float,
    hides: str | None = None,
    asks: tuple[str, ...] = BOTH,
) -> Recipe:
    """Items that users had events of one type with beside a given item, as aws-sims finds them.

    discount  from 0, where popular items win, to 1, where they have no advantage
    """
    return _use_case(
        SIMS,
        name,
        domain,
        description,
        # One type of events is a small part of all: no user and no item is left out for having few or many.
        hyperparameters=_set(
            SIMS,
            popularity_discount_factor=discount,
            min_cointeraction_count=2,
            min_user_history_length_percentile=0.0,
            max_user_history_length_percentile=1.0,
            min_item_interaction_count_percentile=0.0,
            max_item_interaction_count_percentile=1.0,
        ),
        event_type=event_type,
        hides=hides,
        asks=asks,
    )


def alike(name: str, domain: Domain, description: str, *, hides: str) -> Recipe:
    """Items like a given item by what is taken up beside it and by what they are, as aws-similar-items."""
    return _use_case(
        SIMILAR_ITEMS,
        name,
        domain,
        description,
        hyperparameters=_set(SIMILAR_ITEMS),
        datasets=("INTERACTIONS", "ITEMS"),
        hides=hides,
        asks=BOTH,
    )


def personal(
    name: str,
    domain: Domain,
    description: str,
    *,
    hides: str,
    datasets: tuple[str, ...] = ("INTERACTIONS",),
) -> Recipe:
    """What a user takes up next, with exploration, as aws-user-personalization; without scores."""
    return _use_case(
        USER_PERSONALIZATION,
        name,
        domain,
        description,
        hyperparameters=_set(USER_PERSONALIZATION),
        returns_scores=False,
        datasets=datasets,
        training_modes=("FULL",),
        hides=hides,
        asks=("user",),
    )


def _use_case(recipe: Recipe, name: str, domain: Domain, description: str, **more: Any) -> Recipe:
    """A recipe of solutions under the name of a use case; `more` is what is otherwise in it."""
    return replace(
        recipe,
        name=name,
        description=description,
        algorithm=name,
        feature_transformation=name,
        created=CREATED,
        domain=domain,
        **more,
    )


def _set(recipe: Recipe, **defaults: Value) -> tuple[Hyperparameter, ...]:
    """The hyperparameters of a recipe with other defaults; nothing searches for better ones."""
    return tuple(
        replace(one, default=defaults.get(one.name, one.default), tunable=False)
        for one in recipe.hyperparameters
    )
