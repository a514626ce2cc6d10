"""The section on tuning says what the code does."""

from __future__ import annotations

from pzdecl.engine.recipes import ranges
from pzdecl.engine.training.tuning.search import AUTOML_TRIALS
from pzdecl.engine.training.tuning.study import PATIENT_TENTHS, PATIENT_TRIALS, RANDOM_TRIALS
from pzdecl.engine.training.tuning.tuner import MOST_FAILURES
from tests.engine.recipes.test_page import section


def test_the_numbers_are_those_of_the_code() -> None:
    text = " ".join(section("Tuning").split())
    for phrase in (
        f"{ranges.DEFAULT_TRIALS} trials unless",
        f"({ranges.MOST_TRIALS} at most)",
        f"after {RANDOM_TRIALS} trials to begin with",
        f"not before {PATIENT_TENTHS} tenths of it, and not before {PATIENT_TRIALS} others are complete",
        f"after {MOST_FAILURES} failures and nothing else",
        f"with {AUTOML_TRIALS} trials each",
        f"`{ranges.OBJECTIVE}` on validation users",
        ", ".join(f"`{name}`" for name in ranges.HRNN_FAMILY[:2]) + f" and `{ranges.HRNN_FAMILY[2]}`",
    ):
        assert phrase in text
    assert ranges.WIDE == 8
    assert "eight times apart or more" in text
