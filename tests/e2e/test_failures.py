"""A step that fails, and going on after it was mended."""

from __future__ import annotations

from pathlib import Path

import pytest

import pzdecl
from pzdecl.apply.events import Event, EventType
from tests.e2e.workbench import Workbench

POPULAR = """\
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-popular}
spec: {datasetGroup: shop, recipe: aws-popularity-count}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-popular}
spec: {solution: shop-popular}
"""


def test_the_rest_is_done_and_the_same_command_goes_on(fresh: Workbench) -> None:
    fresh.edit("recommender.yaml", "recipe: aws-hrnn\n", "recipe: aws-sims\n  eventType: purchase\n")
    fresh.edit("recommender.yaml", "      hidden_dimension: 32", "      min_cointeraction_count: 1")
    fresh.write("popular.yaml", POPULAR)
    failed = fresh.apply(expect=7)
    said = failed.out + failed.err
    assert "fewer than 1000 interactions after filtering by event type: purchase" in said
    assert "Campaign/shop-hrnn" in said
    assert "SolutionVersion/shop-hrnn" in said
    fresh.run("recommend", "shop-popular", "u3")

    fresh.edit("recommender.yaml", "  eventType: purchase\n", "")
    fresh.apply()
    assert fresh.settled()
    fresh.run("recommend", "shop-hrnn", "u3")


@pytest.mark.parametrize("hidden", [36])
def test_the_old_campaign_serves_until_the_switch(applied: Workbench, hidden: int) -> None:
    applied.edit("recommender.yaml", "hidden_dimension: 32", f"hidden_dimension: {hidden}")
    answers: list[int] = []

    def ask(event: Event) -> None:
        if event.op in ("train", "deploy", "create") and event.type is not EventType.STEP_ERRORED:
            answers.append(len(_recommend(applied.root)))

    project = pzdecl.load(applied.root)
    run = project.apply(project.plan(), listener=ask)
    assert run.outcome == "done"
    assert len(answers) >= 4
    assert min(answers) == 5


def _recommend(root: Path) -> list[object]:
    runtime = pzdecl.Engine(root / ".pzdecl" / "engine").client("personalize-runtime")
    answer = runtime.get_recommendations(
        campaignArn="arn:aws:personalize:local:000000000000:campaign/shop-hrnn", userId="u3", numResults=5
    )
    return list(answer["itemList"])
