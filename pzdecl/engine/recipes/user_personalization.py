"""aws-user-personalization: the HRNN family unified, with exploration of new items."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, history_percentiles, late

PARAMETERS = (
    Hyperparameter(
        "hidden_dimension",
        "integer",
        149,
        32,
        256,
        tunable=True,
        description="Width of both recurrent levels and of the item vectors.",
    ),
    Hyperparameter(
        "bptt",
        "integer",
        32,
        2,
        32,
        tunable=True,
        description="Events that the gradient goes back through; the state goes back to the first.",
    ),
    Hyperparameter(
        "recency_mask",
        "boolean",
        True,
        tunable=True,
        description="Weighs recent events more, and gives new users what is popular now.",
    ),
    *history_percentiles(0.0, 0.99),
)
"""aws-personalized-ranking has the same."""

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
