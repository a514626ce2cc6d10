"""aws-similar-items: items like a given item, by what users take up together and by what items are."""

from __future__ import annotations

from pzdecl.engine.recipes.base import Hyperparameter, Recipe, late

SIMILAR_ITEMS = Recipe(
    name="aws-similar-items",
    type="RELATED_ITEMS",
    description="Finds items similar to a given item, from what users take up close to each other and from the "
    "items' own data, so that new items have similar ones, too. Unknown items get popular ones.",
    algorithm="aws-similar-items",
    feature_transformation="aws-similar-items",
    created="2019-06-10T00:00:00Z",
    hyperparameters=(
        Hyperparameter(
            "popularity_discount_factor",
            "float",
            0.0,
            0.0,
            1.0,
            description="0 favours popular items, 1 gives them no advantage.",
        ),
        Hyperparameter(
            "item_id_hidden_dim",
            "integer",
            100,
            30,
            200,
            tunable=True,
            fixed=True,
            description="Width of the vectors that items have by how they are taken up.",
        ),
        Hyperparameter(
            "item_metadata_hidden_dim",
            "integer",
            100,
            30,
            200,
            tunable=True,
            fixed=True,
            description="Width of the vectors that items have by their data.",
        ),
    ),
    trainer=late("pzdecl.engine.training.similar_items:fit_similar_items"),
    answerer=late("pzdecl.engine.serving.similar_items:SimilarItemsAnswers"),
    returns_scores=False,
    whole_catalogue=True,
)
