"""A step that fails, and going on after it was mended."""

from __future__ import annotations

from pathlib import Path

import pzdecl
from pzdecl.apply.events import Event, EventType
from tests.e2e.workbench import Workbench
from tests.shop import EVENTS, deployed, interactions, table


def test_the_rest_is_done_and_the_same_command_goes_on(fresh: Workbench) -> None:
    # A threshold that no event reaches: only the training itself finds out.
    last = "      - {name: EVENT_TYPE, type: string}\n"
    fresh.edit("data.yaml", last, last + '      - {name: EVENT_VALUE, type: ["null", float]}\n')
    rows = interactions().splitlines()[1:]
    fresh.write("data/interactions.csv", table([*EVENTS, "EVENT_VALUE"], (f"{row},1" for row in rows)))
    fresh.edit("recommender.yaml", "solutionConfig: {", "solutionConfig: {eventValueThreshold: 5, ")
    fresh.write("popular.yaml", deployed("shop-popular", "aws-popularity-count"))
    failed = fresh.apply(expect=7)
    said = failed.out + failed.err
    assert "fewer than 1000 interactions" in said
    assert "Campaign/shop-related" in said
    assert "SolutionVersion/shop-related" in said
    fresh.run("recommend", "shop-popular", "u3")

    fresh.edit("recommender.yaml", "eventValueThreshold: 5, ", "")
    fresh.apply()
    assert fresh.settled()
    fresh.run("recommend", "shop-related", "--item", "i3")


def test_the_old_campaign_serves_until_the_switch(applied: Workbench) -> None:
    applied.edit("recommender.yaml", "min_cointeraction_count: 1", "min_cointeraction_count: 2")
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
        campaignArn="arn:aws:personalize:local:000000000000:campaign/shop-related", itemId="i3", numResults=5
    )
    return list(answer["itemList"])
