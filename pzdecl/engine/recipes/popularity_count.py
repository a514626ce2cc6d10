"""aws-popularity-count: the items that most users interacted with, the same for everybody."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Recipe, late

POPULARITY_COUNT = Recipe(
    name="aws-popularity-count",
    type="USER_PERSONALIZATION",
    description="Ranks items by the number of unique users who interacted with them. The same list for every "
    "user: the baseline that other recipes are compared with.",
    algorithm="aws-popularity-count",
    feature_transformation="sims",
    created="2019-06-10T00:00:00Z",
    hyperparameters=(),
    trainer=late("pzdecl.engine.training.popularity:fit_popularity"),
    answerer=late("pzdecl.engine.serving.popularity:PopularityAnswers"),
    returns_scores=False,
)
