"""aws-personalized-ranking: the model of aws-user-personalization, asked to put a given list into order."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Recipe, late
from pzdecl.engine.recipes.user_personalization import PARAMETERS

PERSONALIZED_RANKING = Recipe(
    name="aws-personalized-ranking",
    type="PERSONALIZED_RANKING",
    description="Puts a given list of items into the order in which a user would like them.",
    algorithm="aws-personalized-ranking",
    feature_transformation="JSON-percentile-filtering",
    created="2019-06-10T00:00:00Z",
    hyperparameters=PARAMETERS,
    trainer=late("pzdecl.engine.training.features.hrnn:fit_hrnn_metadata"),
    answerer=late("pzdecl.engine.serving.sequences:SequenceAnswers"),
    returns_scores=True,
    whole_catalogue=True,
    whole_audience=True,
)
