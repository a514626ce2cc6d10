"""aws-trending-now: the items whose interactions rise fastest, the same for everybody."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, late

TRENDING_NOW = Recipe(
    name="aws-trending-now",
    type="POPULAR_ITEMS",
    description="Finds the items that people take up more and more: those whose interactions rise most from "
    "one interval to the next. Newer events count without another training. The same list for everybody.",
    algorithm="aws-trending-now-custom",
    feature_transformation="aws-trending-now-custom",
    created="2019-06-10T00:00:00Z",
    hyperparameters=(
        Hyperparameter(
            "trend_discovery_frequency",
            "string",
            "2 hours",
            group="featureTransformationParameters",
            choices=("30 minutes", "1 hour", "2 hours", "3 hours", "1 day"),
            description="Length of the intervals that are compared.",
        ),
    ),
    trainer=late("pzdecl.engine.training.trending:fit_trending"),
    answerer=late("pzdecl.engine.serving.trending:TrendingAnswers"),
    protocol=late("pzdecl.engine.training.trending:measure_trending"),
    returns_scores=False,
)
