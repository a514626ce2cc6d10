"""From PutEvents to the next answer, and to the next training, through the API alone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.contract.clients import (
    InProcess,
    dataset,
    deployed,
    group,
    imported,
    schema,
    solution,
    trained,
)
from tests.engine.events.conftest import NOW, avro, field

CIRCLE = 12
FIELDS = avro(
    "Interactions",
    field("USER_ID", "string"),
    field("ITEM_ID", "string"),
    field("TIMESTAMP", "long"),
    field("EVENT_TYPE", "string"),
)
RECIPES = {
    "up": ("aws-user-personalization", {"algorithmHyperParameters": {"hidden_dimension": "32"}}),
    "pr": ("aws-personalized-ranking", {"algorithmHyperParameters": {"hidden_dimension": "32"}}),
    "trend": ("aws-trending-now", {"featureTransformationParameters": {"trend_discovery_frequency": "1 hour"}}),
}


class Live:
    """Campaigns over a world in which everybody goes round the same circle of items."""

    def __init__(self, folder: Path) -> None:
        self.now = float(NOW)
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.engine.start_worker()
        self.service = InProcess(self.engine)
        self.group = group(self.service)
        self.dataset = dataset(self.service, self.group, schema(self.service, "circle", FIELDS))
        self.load(_circle(folder / "circle.csv"), "first")
        made = self.service.call("create_event_tracker", name="web", datasetGroupArn=self.group)
        self.tracking_id = made["trackingId"]

    def load(self, path: Path, name: str) -> None:
        imported(self.service, self.dataset, path, name)

    def train(self, name: str) -> str:
        made = trained(self.service, f"{self.service.arn_prefix}solution/{name}")
        return str(made["solutionVersionArn"])

    def deploy(self, name: str, **config: Any) -> None:
        deployed(self.service, f"{self.service.arn_prefix}solution/{name}/$LATEST", name, **config)

    def walk(
        self, *items: str, user: str | None = None, session: str = "s", begin: int = 0, **more: Any
    ) -> None:
        events = [
            {"itemId": item, "eventType": "watch", "sentAt": NOW + 60 * step, **more}
            for step, item in enumerate(items, begin)
        ]
        who = {} if user is None else {"userId": user}
        self.service.call("put_events", trackingId=self.tracking_id, sessionId=session, eventList=events, **who)

    def ask(self, campaign: str, user: str | None, count: int = 1) -> list[str]:
        who = {} if user is None else {"userId": user}
        arn = f"{self.service.arn_prefix}campaign/{campaign}"
        answer = self.service.call("get_recommendations", campaignArn=arn, numResults=count, **who)
        return [item["itemId"] for item in answer["itemList"]]


def _circle(path: Path) -> Path:
    draw = random.Random(1)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(45):
        start = draw.randrange(CIRCLE)
        lines += [
            f"u{user:02},i{(start + step) % CIRCLE:02},{NOW - 10_000 + 60 * step},watch" for step in range(24)
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "SYNCHRONOUS", "OFF")
        made = Live(tmp_path_factory.mktemp("live"))
        for name, (recipe, config) in RECIPES.items():
            solution(made.service, made.group, name, recipe, solutionConfig=config, eventType="watch")
            made.train(name)
            calm = {"campaignConfig": {"itemExplorationConfig": {"explorationWeight": "0"}}}
            made.deploy(name, **(calm if name == "up" else {}))
        yield made
        made.engine.close()


def test_the_next_answer_follows_an_event(live: Live) -> None:
    for start in (0, 5, 9):
        walk = [f"i{(start + step) % CIRCLE:02}" for step in range(4)]
        live.walk(*walk, user=f"new-{start}", session=f"n{start}")
        assert live.ask("up", f"new-{start}") == [f"i{(start + 4) % CIRCLE:02}"]


def test_a_ranking_follows_events(live: Live) -> None:
    live.walk("i01", "i02", "i03", user="ranked", session="r")
    answer = live.service.call(
        "get_personalized_ranking",
        campaignArn=f"{live.service.arn_prefix}campaign/pr",
        userId="ranked",
        inputList=["i09", "i04", "i11"],
    )
    assert answer["personalizedRanking"][0]["itemId"] == "i04"


def test_an_anonymous_visitor_is_followed_and_then_merged(live: Live) -> None:
    live.walk("i02", "i03", "i04", session="visitor")
    assert live.ask("up", "visitor") == ["i05"]
    before = live.ask("up", "known-later")
    live.walk("i05", user="known-later", session="visitor", begin=3)
    assert live.ask("up", "known-later") == ["i06"] != before
    assert live.ask("up", "visitor") == ["i06"], "the same screen"


def test_events_of_a_type_that_is_not_trained_on_change_nothing(live: Live) -> None:
    before = live.ask("up", "looker", CIRCLE)
    live.walk("i01", "i02", "i03", user="looker", session="l", eventType="hover")
    assert live.ask("up", "looker", CIRCLE) == before
    live.walk("unheard-of", user="looker", session="l")
    assert live.ask("up", "looker", CIRCLE) == before


def test_another_process_sees_an_event_at_once(live: Live) -> None:
    with Engine(live.engine.folder) as other:
        ask = {"campaignArn": other.arn("campaign/up"), "userId": "elsewhere", "numResults": 1}
        runtime = other.client("personalize-runtime")
        runtime.get_recommendations(**ask)
        live.walk("i06", "i07", "i08", user="elsewhere", session="e")
        assert runtime.get_recommendations(**ask)["itemList"][0]["itemId"] == "i09"


def test_the_next_training_knows_the_events_and_a_full_import_keeps_them(live: Live) -> None:
    live.walk("i00", "i01", "brand-new", user="trained", session="t")
    live.load(_circle(live.engine.folder.parent / "again.csv"), "again")
    popular = solution(live.service, live.group, "popular")
    version = live.train("popular")
    live.deploy("popular")
    assert "brand-new" in live.ask("popular", "anybody", 500)
    with live.engine._context.store.read() as reader:
        found = reader.get(version)
    assert found
    assert found.parent == popular
    assert found.body["_content"]["events"] > 0
    folder = live.engine.folder / "models" / "popular" / version.rpartition("/")[2]
    assert not (folder / "put").exists()


def test_what_is_trending_is_refreshed_after_its_interval(live: Live) -> None:
    live.now = NOW + 4000.0
    first = live.ask("trend", None, CIRCLE)
    riser = first[-1]
    for number in range(60):
        live.walk(riser, user=f"crowd-{number}", session=f"c{number}", begin=60)
    assert live.ask("trend", None, CIRCLE) == first, "an answer stands for the interval"
    live.now += 3600
    assert live.ask("trend", None, 1) == [riser]
