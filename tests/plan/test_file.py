"""Saved plans: the same bytes for an equal plan, and a clear no to anything else."""

from __future__ import annotations

import json

import pytest

from pzdecl.plan.file import BadPlanFile, digest, dump, load
from pzdecl.plan.model import Plan
from tests.plan.projects import movies
from tests.plan.world import World


@pytest.fixture
def plan(settled: World) -> Plan:
    docs = movies(recipe="aws-sims")
    del docs["EventTracker/t"]
    return settled.plan(docs, allow=False)


def test_a_plan_comes_back_as_it_was(plan: Plan) -> None:
    again = load(dump(plan))
    assert dump(again) == dump(plan)
    assert again.steps == plan.steps
    assert again.changes == plan.changes
    assert again.expects == plan.expects
    assert again.blocked == plan.blocked
    assert digest(again) == digest(plan)


def test_equal_plans_are_equal_bytes_without_absolute_paths(settled: World) -> None:
    one = dump(settled.plan(movies(recipe="aws-sims")))
    assert one == dump(settled.plan(movies(recipe="aws-sims")))
    assert b"/project" not in one
    assert one.endswith(b"}\n")


def test_other_plans_have_another_digest(settled: World, plan: Plan) -> None:
    assert digest(plan) != digest(settled.plan(movies()))


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda data: b"", "empty"),
        (lambda data: b"  \n", "empty"),
        (lambda data: data[: len(data) // 2], "cut short|not JSON"),
        (lambda data: b"\xff\xfe" + data, "not UTF-8"),
        (lambda data: b"Terraform", "not JSON"),
        (lambda data: b"[]", "no format_version"),
        (lambda data: data.replace(b'"create"', b'"delete"', 1), "changed after it was made"),
        (lambda data: data.replace(b'"format_version":"1.0"', b'"format_version":"2.0"'), "format 2.0"),
    ],
)
def test_what_is_no_plan_is_refused(plan: Plan, spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(BadPlanFile, match=words) as caught:
        load(spoil(dump(plan)))
    assert caught.value.hint


def test_a_plan_without_a_part_is_refused_even_with_a_fitting_digest(plan: Plan) -> None:
    import hashlib

    from pzdecl.state.codec import canonical

    content = json.loads(dump(plan))
    del content["digest"], content["steps"][0]["needs"]
    content["digest"] = hashlib.sha256(canonical(content).encode()).hexdigest()
    with pytest.raises(BadPlanFile, match="not complete"):
        load(canonical(content).encode())
