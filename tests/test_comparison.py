"""Which differences between versions are clear, and what is told where single users are not known."""

from __future__ import annotations

import numpy as np
import pytest

from pzdecl.comparison import Comparison, compare
from pzdecl.engine.serving.evaluation import Evaluated
from pzdecl.errors import UsageError
from pzdecl.serving import Measured

NDCG = "normalized_discounted_cumulative_gain_at_25"
USERS = [f"u{n:03}" for n in range(200)]
HARD = np.random.default_rng(0).random(200)
"""How hard each user is to guess, for every model alike."""


def version(name: str, recipe: str = "aws-hrnn", **more: object) -> Measured:
    metrics = more.pop("metrics", {NDCG: float(HARD.mean()), "coverage": 0.5})
    return Measured(name, f"v-{name}", recipe, "movies", metrics, arn=f"arn/{name}", **more)  # type: ignore[arg-type]


def values(shift: float = 0.0, users: list[str] = USERS, spread: float = 0.01) -> Evaluated:
    noise = np.random.default_rng(1).normal(0, spread, 200)
    return Evaluated(users, {NDCG: HARD + shift + noise})


def comparison(found: dict[str, Evaluated | None], against: str | None = None) -> Comparison:
    rows = [version(name, "aws-popularity-count" if name == "pop" else "aws-hrnn") for name in found]
    (one,) = compare(rows, lambda row: found[row.solution], against)
    return one


def test_users_in_common_make_small_differences_clear() -> None:
    one = comparison(
        {"pop": values(), "a": values(0.01, spread=0.02), "b": values(-0.01, spread=0.02), "c": values()}
    )
    assert one.against is not None
    assert one.against.solution == "pop"
    found = {row.measured.solution: row for row in one.versions}
    assert [found[name].differences[NDCG].verdict for name in "abc"] == [
        "better",
        "worse",
        "no clear difference",
    ]
    difference = found["a"].differences[NDCG]
    assert difference.shared == 200
    assert difference.interval is not None
    low, high = found["a"].intervals[NDCG]
    assert difference.interval[1] - difference.interval[0] < (high - low) / 5, "users are hard for both alike"
    assert found["pop"].differences == {}


def test_chance_alone_makes_few_clear_differences() -> None:
    """Of 40 pairs that differ by chance alone, about two look clear."""
    clear = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        mine, other = (Evaluated(USERS, {NDCG: HARD + rng.normal(0, 0.2, 200)}) for _ in range(2))
        one = comparison({"pop": other, "a": mine})
        clear += one.versions[1].differences[NDCG].verdict != "no clear difference"
    assert clear <= 6


def test_only_the_users_that_both_tested_count() -> None:
    shifted = values(0.05, users=USERS[100:] + [f"x{n}" for n in range(100)])
    difference = comparison({"pop": values(), "a": shifted}).versions[1].differences[NDCG]
    assert difference.shared == 100
    few = values(0.05, users=USERS[195:] + [f"x{n}" for n in range(195)])
    difference = comparison({"pop": values(), "a": few}).versions[1].differences[NDCG]
    assert (difference.shared, difference.interval, difference.verdict) == (5, None, None)


def test_without_single_users_there_are_values_alone() -> None:
    one = comparison({"pop": None, "a": None})
    assert one.versions[1].intervals == {}
    assert one.versions[1].differences[NDCG].value == 0.0
    assert one.versions[1].differences[NDCG].verdict is None


def test_what_is_compared_with() -> None:
    found = {"pop": values(), "a": values(), "b": values()}
    named = comparison(found, "a").against
    assert named is not None
    assert named.solution == "a"
    assert comparison(found, "a/v-a").against == named
    weakest = comparison({"a": values(), "b": values()}).against
    assert weakest is not None
    assert weakest.solution == "a", "the first: they are listed from the weakest"
    assert comparison({"a": values()}).against is None
    with pytest.raises(UsageError, match="there is no trained version popp") as error:
        comparison(found, "popp")
    assert error.value.hint == "did you mean pop?"


def test_the_newest_version_of_a_solution_is_meant() -> None:
    rows = [version("a", current=False), version("a", current=True, serving=("x",))]
    (one,) = compare(rows, lambda row: None, "a")
    assert one.against is rows[1]


def test_users_are_not_compared_with_items() -> None:
    segments = version("fans", "aws-item-affinity", metrics={"hits_at_1_percent": 1.0, "coverage": 0.9})
    (one,) = compare([version("pop", "aws-popularity-count"), segments], lambda row: None)
    assert one.versions[1].differences == {}


def test_groups_stay_apart() -> None:
    other = Measured("m", "v", "aws-hrnn", "music", {NDCG: 0.1}, arn="arn/m")
    found = compare([version("a"), other, version("b")], lambda row: None)
    assert [(one.group, len(one.versions)) for one in found] == [("movies", 2), ("music", 1)]
