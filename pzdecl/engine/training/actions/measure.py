"""How aws-next-best-action is measured: on users whom the training never saw, by what they took."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.serving.action_features import Moments
from pzdecl.engine.training.actions.episodes import Episodes, episodes
from pzdecl.engine.training.actions.fit import ActionModel, considered, drawn_users, of_users
from pzdecl.engine.training.model import Fit, Job
from pzdecl.engine.training.split import TEST_SHARE

LISTED = 5
"""Actions of a list, unless a request says otherwise: what coverage looks at."""
MOST = 500
"""Users whose lists coverage looks at."""
AT_ONCE = 50_000
"""Chances that are worked out at one time."""


def measure_actions(fit: Fit, data: TrainingData, job: Job) -> tuple[ActionModel, dict[str, float]]:
    """Fits to nine users in ten, a tenth of whom validate, and asks about the others' newest tenth of episodes.

    Each of those is foretold from what was known when it began. `precision` is the share of the foretold
    takings that happened, `recall` the share of the takings that were foretold, both at the threshold with the
    best F1 of validation users; `auc` the chance that a taken one has a higher propensity than one that was
    not. `coverage` is the share of actions among the best LISTED of somebody. Without anything to ask about,
    only coverage is measured.
    """
    actions = data.actions
    assert actions is not None
    period = int(job.parameters["action_optimization_period"])
    everything = episodes(actions, period)
    have = np.zeros(len(actions.events.user_ids), bool)
    have[everything.moments.users] = True
    testing = drawn_users(actions.events.user_ids, job.seed, have)
    model: ActionModel = fit(of_users(data, ~testing), job)
    asked = newest(everything.select(testing[everything.moments.users]))
    asked = asked.select(considered(actions)[asked.moments.actions])
    metrics = {"coverage": _coverage(model, data, testing)}
    if len(asked):
        chances = model.chances(data, asked.moments)
        foretold = chances >= model.threshold
        right = int((foretold & asked.taken).sum())
        metrics["precision"] = right / max(int(foretold.sum()), 1)
        metrics["recall"] = right / max(int(asked.taken.sum()), 1)
        metrics["auc"] = auc(chances, asked.taken)
    return model, {name: round(value, 4) for name, value in metrics.items()}


def newest(found: Episodes) -> Episodes:
    """Of each user the newest tenth of the episodes, one at least."""
    users, counts = np.unique(found.moments.users, return_counts=True)
    end = np.cumsum(counts)
    until_end = np.repeat(end, counts) - np.arange(len(found))
    wanted = np.repeat(np.maximum(counts // TEST_SHARE, 1), counts)
    assert len(users) == len(counts)
    return found.select(until_end <= wanted)


def auc(chances: NDArray[np.float64], taken: NDArray[np.bool_]) -> float:
    """The area under the ROC curve; of equals, half. Where all were taken, or none, it is 0.5."""
    values, places, counts = np.unique(chances, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[places]
    positives = int(taken.sum())
    negatives = len(taken) - positives
    assert len(values) == len(counts)
    if not positives or not negatives:
        return 0.5
    return float((ranks[taken].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _coverage(model: ActionModel, data: TrainingData, testing: NDArray[np.bool_]) -> float:
    """The share of actions that some test user's list has, as of now."""
    assert data.actions is not None
    count = len(data.actions.ids)
    users = np.flatnonzero(testing)[:MOST]
    if not len(users):
        users = np.zeros(1, np.int64)  # anybody: without events all get the same
    asked = np.zeros(len(testing), bool)
    asked[users] = True
    last = max(int(one.timestamps.max(initial=0)) for one in (data.actions.events, data.interactions)) + 1
    theirs, listed = of_users(data, asked), np.zeros(count, bool)
    for some in np.array_split(users, -(-len(users) * count // AT_ONCE)):
        asked_of, asked_about = np.repeat(some, count), np.tile(np.arange(count), len(some))
        moments = Moments(asked_of, asked_about, np.full(len(asked_of), last))
        chances = model.chances(theirs, moments).reshape(len(some), count)
        chances[:, ~model.considered] = -1
        listed[np.unique(np.argsort(-chances, axis=1, kind="stable")[:, :LISTED])] = True
    return float(listed.sum() / max(count, 1))
