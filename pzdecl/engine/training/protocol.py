"""How recipes that recommend items are measured: on users whom the training never saw."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.data.event_parameters import event_parameters, type_weights
from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.metrics import LIST_LENGTH, evaluate, rewards, weighted_ndcg
from pzdecl.engine.training.model import Fit, Job, Recommender
from pzdecl.engine.training.objective import objective_of
from pzdecl.engine.training.split import Split, split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

LONGEST = 500
"""The longest list that can be asked for: recommendations, where rewards are counted."""


def measure_recommendations(fit: Fit, data: TrainingData, job: Job) -> tuple[Recommender, dict[str, float]]:
    """Fits to 90% of the users and asks for the others, as `split` describes: the eight metrics.

    With an `optimizationObjective` also the rewards, with an `eventsConfig` also NDCG by the events' weights.
    """
    objective = objective_of(data, job.config)
    parts = split(data.interactions, job.seed)
    model: Recommender = fit(data.with_interactions(parts.training), job)
    longest = min(LONGEST, len(data.interactions.item_ids)) if objective else LIST_LENGTH
    lists = model.recommend(parts.shown, parts.test_users, max(longest, LIST_LENGTH))
    ids = [data.interactions.user_ids[int(user)] for user in parts.test_users]
    found = evaluate(lists[:, :LIST_LENGTH], parts.truths, catalogue(data), ids)
    if objective:
        found = found.with_values({"average_rewards_at_k": rewards(lists, parts.truths, objective.reward)})
    weights = {name: one.weight for name, one in event_parameters(job.config).items()}
    if weights and sum(weights.values()) > 0:
        mean = sum(weights.values()) / len(weights)
        found = found.with_values(weighted_ndcg(lists, _weighted_truths(parts, job), mean))
    return model, found


def _weighted_truths(parts: Split, job: Job) -> list[dict[int, float]]:
    """For each test user the items taken up, with the weight of the heaviest of their events."""
    newest = parts.newest
    weights: NDArray[np.float32] = type_weights(newest, event_parameters(job.config))
    truths = []
    for user in parts.test_users:
        taken: dict[int, float] = {}
        for place in range(newest.offsets[user], newest.offsets[user + 1]):
            item, weight = int(newest.items[place]), float(weights[place])
            taken[item] = max(weight, taken.get(item, weight))
        truths.append(taken)
    return truths


def catalogue(data: TrainingData) -> int:
    """Unique items in the interactions and the Items dataset together."""
    interacted = data.interactions.item_ids
    if data.items is None:
        return len(interacted)
    return len(interacted) + data.items.unlisted
