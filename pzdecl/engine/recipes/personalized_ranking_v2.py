"""aws-personalized-ranking-v2: the transformer of aws-user-personalization-v2, asked to order a list."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Recipe, late
from pzdecl.engine.recipes.user_personalization_v2 import RECENCY_BIAS

PERSONALIZED_RANKING_V2 = Recipe(
    name="aws-personalized-ranking-v2",
    type="PERSONALIZED_RANKING",
    description="Puts a given list of items into the order in which a user would like them, with a transformer "
    "that looks back over the whole history.",
    algorithm="aws-personalized-ranking-v2",
    feature_transformation="aws-personalized-ranking-v2",
    created="2024-01-01T00:00:00Z",
    hyperparameters=(RECENCY_BIAS,),
    trainer=late("pzdecl.engine.training.transformer.fit:fit_transformer"),
    answerer=late("pzdecl.engine.serving.sequences:SequenceAnswers"),
    returns_scores=True,
    whole_audience=True,
)
