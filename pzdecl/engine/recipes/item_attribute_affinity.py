"""aws-item-attribute-affinity: for attributes of items, the users who will most likely take such items up."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Recipe, late
from pzdecl.engine.recipes.item_affinity import WIDTH, segments

ITEM_ATTRIBUTE_AFFINITY = Recipe(
    name="aws-item-attribute-affinity",
    type="USER_SEGMENTATION",
    description="Finds the users who will most likely take up items with some attributes, such as a genre. It "
    "answers batch segment jobs, not campaigns.",
    algorithm="item-attribute-affinity",
    feature_transformation="item-attribute-affinity",
    created="2021-08-25T00:00:00Z",
    hyperparameters=(WIDTH,),
    trainer=late("pzdecl.engine.training.affinity.fit:fit_attribute_affinity"),
    answerer=late("pzdecl.engine.serving.segments:AttributeSegments"),
    returns_scores=False,
    protocol=segments,
    datasets=("INTERACTIONS", "ITEMS"),
)
