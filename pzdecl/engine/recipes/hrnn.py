"""aws-hrnn: a hierarchical recurrent network over each user's sessions."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, history_percentiles, late

HRNN = Recipe(
    name="aws-hrnn",
    type="USER_PERSONALIZATION",
    description="Predicts what a user takes up next with two recurrent levels: one follows the events of a "
    "session, the other carries what was learned of the user from session to session.",
    algorithm="aws-hrnn",
    feature_transformation="JSON-percentile-filtering",
    created="2019-06-10T00:00:00Z",
    hyperparameters=(
        Hyperparameter(
            "hidden_dimension",
            "integer",
            43,
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
    ),
    trainer=late("pzdecl.engine.training.hrnn.fit:fit_hrnn"),
    answerer=late("pzdecl.engine.serving.sequences:SequenceAnswers"),
    returns_scores=True,
)
