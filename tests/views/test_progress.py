"""A job's progress in words."""

from __future__ import annotations

import pytest

from pzdecl.engine.progress import Progress
from pzdecl.views.progress import sentence


@pytest.mark.parametrize(
    ("progress", "text"),
    [
        (Progress("rows", 12_000, rate=1200), "12,000 rows, 1,200 rows/s"),
        (
            Progress("epochs", 3, 10, 1.2, 6, {"loss": 5.314, "validation_loss": 5.02, "epoch_loss": 5.3}),
            "3 / 10 epochs, 1.20 epochs/s, loss 5.314, validation loss 5.02, 6.0 s left",
        ),
        (
            Progress("epochs", 8, 8, 0.43, 0.0, {"loss": 3.881}),
            "8 / 8 epochs, 0.43 epochs/s, loss 3.881, finishing",
        ),
        (
            Progress("trainings", 6.2, 11, None, 80, {"candidate": 2, "candidates": 3, "best": 0.4128}),
            "6 / 11 trainings, candidate 2 of 3, best 0.4128, 80 s left",
        ),
    ],
)
def test_sentence(progress: Progress, text: str) -> None:
    assert sentence(progress) == text
