"""aws-next-best-action: what a user will most likely do next, of actions that a business would like."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, late

NEXT_BEST_ACTION = Recipe(
    name="aws-next-best-action",
    type="PERSONALIZED_ACTIONS",
    description="Finds the actions, such as joining a programme or installing an app, that a user will most "
    "likely take within some days, each with its propensity. It answers GetActionRecommendations.",
    algorithm="aws-next-best-action",
    feature_transformation="aws-next-best-action",
    created="2023-08-11T00:00:00Z",
    hyperparameters=(
        Hyperparameter(
            "action_optimization_period",
            "integer",
            14,
            7,
            28,
            group="featureTransformationParameters",
            description="Days within which an action is taken, for it to count.",
        ),
    ),
    trainer=late("pzdecl.engine.training.actions.fit:fit_actions"),
    answerer=late("pzdecl.engine.serving.actions:ActionAnswers"),
    protocol=late("pzdecl.engine.training.actions.measure:measure_actions"),
    returns_scores=True,
    datasets=("INTERACTIONS", "ACTIONS"),
    whole_audience=True,
)
