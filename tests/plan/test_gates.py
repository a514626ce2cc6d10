"""What passes a gate."""

from __future__ import annotations

import pytest

from pzdecl.plan.gates import broken

NDCG = "normalized_discounted_cumulative_gain_at_25"


@pytest.mark.parametrize(
    ("rule", "new", "old", "text"),
    [
        ({"min": 0.2}, 0.2, None, None),
        ({"min": 0.2}, 0.1999, None, "0.2 is the least"),
        ({"maxRegression": 0.02}, 0.1, None, None),
        ({"maxRegression": 0.02}, 0.28, 0.3, None),
        ({"maxRegression": 0.02}, 0.27, 0.3, "0.0300 less than the one that serves (0.3000)"),
        ({"maxRegression": 0.0}, 0.3, 0.3, None),
        ({"min": 0.1, "maxRegression": 0.5}, 0.05, 0.3, "0.1 is the least"),
    ],
)
def test_known_answers(rule: dict[str, float], new: float, old: float | None, text: str | None) -> None:
    found = broken({"metric": NDCG, **rule}, {NDCG: new}, None if old is None else {NDCG: old})
    assert (found is None) == (text is None)
    assert text is None or text in (found or "")


def test_a_metric_that_is_not_there_is_told() -> None:
    assert "has no such metric, only coverage" in (
        broken({"metric": NDCG, "min": 0}, {"coverage": 1.0}, None) or ""
    )
