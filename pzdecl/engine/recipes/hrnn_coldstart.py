"""aws-hrnn-coldstart: aws-hrnn-metadata that recommends what hardly anybody has met yet."""

from __future__ import annotations

from dataclasses import replace

from pzdecl.engine.recipes.base import Group, Hyperparameter, late
from pzdecl.engine.recipes.hrnn_metadata import HRNN_METADATA

WHAT: Group = "featureTransformationParameters"
DEFAULTS = {"hidden_dimension": 149}

HRNN_COLDSTART = replace(
    HRNN_METADATA,
    name="aws-hrnn-coldstart",
    description="Recommends new items, of which little but their metadata is known, to those whom they suit.",
    algorithm="aws-hrnn-coldstart",
    feature_transformation="featurize_coldstart",
    hyperparameters=(
        *(
            replace(parameter, default=DEFAULTS.get(parameter.name, parameter.default))
            for parameter in HRNN_METADATA.hyperparameters
        ),
        Hyperparameter(
            "cold_start_max_interactions",
            "integer",
            15,
            1,
            group=WHAT,
            description="Items with fewer interactions are cold, if they are young.",
        ),
        Hyperparameter(
            "cold_start_max_duration",
            "float",
            5.0,
            0.0,
            exclusive=True,
            group=WHAT,
            description="Days for which an item is young.",
        ),
        Hyperparameter(
            "cold_start_relative_from",
            "string",
            "latestItem",
            choices=("currentTime", "latestItem"),
            group=WHAT,
            description="What an item's age counts back from: the latest item, or the time of the training.",
        ),
    ),
    trainer=late("pzdecl.engine.training.features.coldstart:fit_coldstart"),
    answerer=late("pzdecl.engine.serving.coldstart:ColdAnswers"),
    protocol=late("pzdecl.engine.training.features.coldstart:measure_coldstart"),
    datasets=("INTERACTIONS", "ITEMS"),
    whole_catalogue=True,
    training_modes=("FULL", "UPDATE"),
)
