"""aws-hrnn-metadata: aws-hrnn, with what is known of items, users and events beside their ids."""

from __future__ import annotations

from dataclasses import replace

from pzdecl.engine.recipes.base import late
from pzdecl.engine.recipes.hrnn import HRNN

HRNN_METADATA = replace(
    HRNN,
    name="aws-hrnn-metadata",
    description="aws-hrnn that learns from the Items and Users datasets and the context of events, too.",
    algorithm="aws-hrnn-metadata",
    feature_transformation="featurize_metadata",
    trainer=late("pzdecl.engine.training.features.hrnn:fit_hrnn_metadata"),
    whole_audience=True,
)
