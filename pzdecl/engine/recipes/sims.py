"""aws-sims: items that users interacted with close to a given item."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, history_percentiles, late, percentile

SIMS = Recipe(
    name="aws-sims",
    type="RELATED_ITEMS",
    description="Finds items related to a given item from how often, and how closely, both occur in the "
    "histories of users, with a discount for popularity. Unknown or sparse items get popular ones.",
    algorithm="aws-sims",
    feature_transformation="sims",
    created="2019-06-10T00:00:00Z",
    hyperparameters=(
        Hyperparameter(
            "popularity_discount_factor",
            "float",
            0.5,
            0.0,
            1.0,
            tunable=True,
            description="0 favours popular items, 1 looks at correlation alone.",
        ),
        Hyperparameter(
            "min_cointeraction_count",
            "integer",
            3,
            0,
            10,
            tunable=True,
            description="Pairs of items that fewer users had in common are not related.",
        ),
        *history_percentiles(0.005, 0.995),
        percentile(
            "min_item_interaction_count_percentile", 0.01, "Items with fewer interactions are left out."
        ),
        percentile("max_item_interaction_count_percentile", 0.9, "Items with more interactions are left out."),
    ),
    trainer=late("pzdecl.engine.training.sims:fit_sims"),
    answerer=late("pzdecl.engine.serving.sims:SimsAnswers"),
    returns_scores=False,
)
