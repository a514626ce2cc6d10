"""aws-item-affinity: for an item, the users who will most likely take it up."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, late

WIDTH = Hyperparameter(
    "hidden_dimension",
    "integer",
    149,
    32,
    256,
    description="Width of both recurrent levels and of the item vectors.",
)
segments = late("pzdecl.engine.training.affinity.measure:measure_segments")

ITEM_AFFINITY = Recipe(
    name="aws-item-affinity",
    type="USER_SEGMENTATION",
    description="Finds the users who will most likely take up an item, by what they did so far. It answers "
    "batch segment jobs, not campaigns.",
    algorithm="aws-item-affinity",
    feature_transformation="item-affinity",
    created="2021-07-15T00:00:00Z",
    hyperparameters=(WIDTH,),
    trainer=late("pzdecl.engine.training.affinity.fit:fit_item_affinity"),
    answerer=late("pzdecl.engine.serving.segments:ItemSegments"),
    returns_scores=False,
    protocol=segments,
)
