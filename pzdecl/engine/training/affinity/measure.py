"""How user segmentation is measured: of each user 80% of the events, the oldest, predict the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pzdecl.engine.data.training_data import TrainingData
from pzdecl.engine.training.errors import TrainingFailed
from pzdecl.engine.training.metrics import Evaluation, evaluate_segments, segment_size
from pzdecl.engine.training.model import Fit, Job
from pzdecl.engine.training.split import halves

if TYPE_CHECKING:
    from pzdecl.engine.training.affinity.fit import Affinity

MOST = 1000
"""Items, or values of attributes, that are asked for; which, a hash decides."""


def measure_segments(fit: Fit, data: TrainingData, job: Job) -> tuple[Affinity, Evaluation]:
    """Fits to the oldest 80% of each user's events, and asks who the users of the newest 20% were.

    Raises TrainingFailed where there is nobody to ask about: before anything is fitted, if it can be told.
    """
    users = len(data.interactions.user_ids)
    older, newer = halves(data.interactions)
    if not len(newer):
        raise TrainingFailed("Nothing can be measured: expected users with at least 5 interactions each.")
    model: Affinity = fit(data.with_interactions(older), job)
    asked, truths, segments = model.answers(newer, segment_size(users), MOST)
    if not asked:
        raise TrainingFailed(
            "Nothing can be measured: expected users with at least 5 interactions each, the newest of them "
            "with items that have attributes."
        )
    return model, evaluate_segments(segments, truths, users, asked)
