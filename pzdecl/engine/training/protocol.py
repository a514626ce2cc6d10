"""How recipes that recommend items are measured: on users whom the training never saw."""

from __future__ import annotations

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.metrics import LIST_LENGTH, evaluate
from pzdecl.engine.training.model import Fit, Job, Recommender
from pzdecl.engine.training.split import split


def measure_recommendations(fit: Fit, data: TrainingData, job: Job) -> tuple[Recommender, dict[str, float]]:
    """Fits to 90% of the users and asks for the others, as `split` describes: the eight metrics."""
    parts = split(data.interactions, job.seed)
    model: Recommender = fit(data.with_interactions(parts.training), job)
    lists = model.recommend(parts.shown, parts.test_users, LIST_LENGTH)
    ids = [data.interactions.user_ids[int(user)] for user in parts.test_users]
    return model, evaluate(lists, parts.truths, catalogue(data), ids)


def catalogue(data: TrainingData) -> int:
    """Unique items in the interactions and the Items dataset together."""
    interacted = data.interactions.item_ids
    if data.items is None:
        return len(interacted)
    return len(interacted) + data.items.unlisted
