"""aws-user-personalization: the HRNN family unified, with exploration of new items."""

from __future__ import annotations

from dataclasses import replace

from pzdecl.engine.recipes.base import Recipe, late
from pzdecl.engine.recipes.hrnn import HRNN

WIDTH = 149
PARAMETERS = tuple(
    replace(one, default=WIDTH) if one.name == "hidden_dimension" else one for one in HRNN.hyperparameters
)
"""Those of aws-hrnn, wider unless told otherwise; aws-personalized-ranking has the same."""

USER_PERSONALIZATION = Recipe(
    name="aws-user-personalization",
    type="USER_PERSONALIZATION",
    description="Predicts what a user takes up next from events, metadata and context, and explores items that "
    "are new, as much as the campaign's itemExplorationConfig says.",
    algorithm="aws-user-personalization",
    feature_transformation="JSON-percentile-filtering",
    created="2019-06-10T00:00:00Z",
    hyperparameters=PARAMETERS,
    trainer=late("pzdecl.engine.training.features.hrnn:fit_hrnn_metadata"),
    answerer=late("pzdecl.engine.serving.sequences:SequenceAnswers"),
    returns_scores=True,
    whole_catalogue=True,
    whole_audience=True,
    explores=True,
    training_modes=("FULL", "UPDATE"),
)
