"""aws-user-personalization-v2: a transformer over what each user did."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, late

RECENCY_BIAS = Hyperparameter(
    "apply_recency_bias",
    "boolean",
    True,
    description="Weighs recent events more, and gives new users what is popular now.",
)

USER_PERSONALIZATION_V2 = Recipe(
    name="aws-user-personalization-v2",
    type="USER_PERSONALIZATION",
    description="Predicts what a user takes up next with a transformer that looks back over the whole history, "
    "and lets new items be found by exploring.",
    algorithm="aws-user-personalization-v2",
    feature_transformation="aws-user-personalization-v2",
    created="2024-03-26T00:00:00Z",
    hyperparameters=(RECENCY_BIAS,),
    trainer=late("pzdecl.engine.training.transformer.fit:fit_transformer"),
    answerer=late("pzdecl.engine.serving.sequences:SequenceAnswers"),
    returns_scores=True,
    whole_catalogue=True,
    whole_audience=True,
    explores=True,
)
