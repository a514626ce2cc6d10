"""Between trainings: new items enter a campaign by an update; solutions are trained when they are due."""

from __future__ import annotations

import copy
import json
import random
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pzdecl.engine import Engine
from pzdecl.engine.jobs import schedule
from pzdecl.engine.jobs.updating import known_update
from pzdecl.engine.store import store
from tests.contract.clients import (
    InProcess,
    dataset,
    deployed,
    group,
    imported,
    schema,
    settled,
    solution,
    trained,
)
from tests.engine.events.conftest import NOW, avro, field, text
from tests.waiting import idle, until

HOUR, DAY = 3600, 86_400
ITEMS = avro(
    "Items",
    field("ITEM_ID", "string"),
    field("GENRE", "null", "string", categorical=True),
    field("CREATION_TIMESTAMP", "null", "long"),
)
CATALOGUE = 24
CONFIG = {"algorithmHyperParameters": {"hidden_dimension": "32"}}


class World:
    """Users who stay with one of two genres; the time is `now`, which tests move on."""

    def __init__(self, folder: Path) -> None:
        self.now = float(NOW)
        self.open(folder)
        self.group = group(self.service)
        self.interactions = dataset(self.service, self.group, schema(self.service, "events"))
        self.items = dataset(self.service, self.group, schema(self.service, "items", ITEMS), "Items")
        for arn, path in (
            (self.interactions, _interactions(folder / "interactions.csv")),
            (self.items, _items(folder / "items.csv")),
        ):
            imported(self.service, arn, path, path.stem)
        made = self.service.call("create_event_tracker", name="web", datasetGroupArn=self.group)
        self.tracking_id = made["trackingId"]
        self.version = ""

    def open(self, folder: Path) -> None:
        """The engine in a folder, at work."""
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.engine.start_worker(scheduled=False)
        self.service = InProcess(self.engine)

    def copied(self, folder: Path) -> World:
        """Another world that is as this one was when its engine was closed."""
        shutil.copytree(self.engine.folder, folder / "engine")
        other = copy.copy(self)
        other.open(folder)
        return other

    def put_item(self, id: str, **values: Any) -> None:
        items = [{"itemId": id, "properties": text(**values)}]
        self.service.call("put_items", datasetArn=self.items, items=items)

    def put_new_items(self) -> None:
        """Two that are described, of either genre, and one of which nothing is known but who watched it."""
        for genre in (0, 1):
            self.put_item(f"new{genre}", genre=f"genre{genre}", creationTimestamp=int(self.now))
        for user in range(0, 60, 2):
            self.watch("met", f"u{user:02}")

    def take_in(self) -> dict[str, Any]:
        """Three hours later: the update that is made then."""
        self.now += 3 * HOUR
        self.tick()
        found = self.update()
        assert found
        return found

    def watch(self, item: str, user: str, **more: Any) -> None:
        event = {"itemId": item, "eventType": "watch", "sentAt": self.now, **more}
        self.service.call(
            "put_events", trackingId=self.tracking_id, userId=user, sessionId=user, eventList=[event]
        )

    def tick(self) -> None:
        """Lets what is due happen."""
        schedule.tick(self.engine._context)
        idle(self.engine)

    def update(self) -> dict[str, Any] | None:
        with self.engine._context.store.read() as reader:
            return known_update(reader, self.version)

    def ask(self, campaign: str, user: str, count: int = 500) -> list[dict[str, Any]]:
        arn = f"{self.service.arn_prefix}campaign/{campaign}"
        answer = self.service.call("get_recommendations", campaignArn=arn, userId=user, numResults=count)
        return list(answer["itemList"])

    def deploy(self, name: str, weight: str, of: str = "up") -> None:
        config = {"itemExplorationConfig": {"explorationWeight": weight}}
        version = f"{self.service.arn_prefix}solution/{of}/$LATEST"
        deployed(self.service, version, name, campaignConfig=config)


def _interactions(path: Path) -> Path:
    draw = random.Random(1)
    lines = ["USER_ID,ITEM_ID,TIMESTAMP"]
    for user in range(80):
        lines += [
            f"u{user:02},i{2 * draw.randrange(CATALOGUE // 2) + user % 2:02},{NOW - 90_000 + 3600 * step}"
            for step in range(16)
        ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _items(path: Path) -> Path:
    lines = [f"i{n:02},genre{n % 2},{NOW - 300 * DAY}" for n in range(CATALOGUE)]
    path.write_text("\n".join(["ITEM_ID,GENRE,CREATION_TIMESTAMP", *lines]) + "\n", encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A world with a trained solution and two campaigns; its engine is closed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "SYNCHRONOUS", "OFF")
        made = World(tmp_path_factory.mktemp("updates"))
        try:
            solution(
                made.service,
                made.group,
                "up",
                "aws-user-personalization",
                solutionConfig=CONFIG,
                performAutoTraining=False,
            )
            found = trained(made.service, f"{made.service.arn_prefix}solution/up")
            made.version = found["solutionVersionArn"]
            made.deploy("calm", "0")
            made.deploy("curious", "1")
            made.now = max(made.now, found["lastUpdatedDateTime"].timestamp())
        finally:
            made.engine.close()
    return made


@pytest.fixture
def world(ready: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A copy of it, at work, for one test."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    made = ready.copied(tmp_path)
    yield made
    made.engine.close()


def test_new_items_enter_by_an_update_every_two_hours(world: World) -> None:
    before = world.ask("calm", "u00")
    described = world.service.call("describe_solution_version", solutionVersionArn=world.version)
    world.put_new_items()
    world.now += 1.9 * HOUR
    world.tick()
    assert world.update() is None
    assert world.ask("calm", "u01") == world.ask("calm", "u01")
    assert {item["itemId"] for item in world.ask("calm", "u00")} == {item["itemId"] for item in before}

    world.now += 0.2 * HOUR
    world.tick()
    first = world.update()
    assert first
    assert first["file"]
    even, odd = ({i["itemId"]: i["score"] for i in world.ask("calm", user)} for user in ("u00", "u01"))
    assert set(even) == {item["itemId"] for item in before} | {"new0", "new1", "met"}
    assert sum(even.values()) == pytest.approx(1, abs=1e-4)
    assert even["new0"] > even["new1"]
    assert odd["new1"] > odd["new0"]
    assert even["met"] / odd["met"] > 1, "it is beside the items that it was taken up with"
    newcomer = {item["itemId"] for item in world.ask("calm", "nobody")}
    assert newcomer == set(even)
    shown = {item["itemId"] for user in range(40) for item in world.ask("curious", f"u{user:02}", 5)}
    assert shown & {"new0", "new1"}
    again = world.service.call("describe_solution_version", solutionVersionArn=world.version)
    assert again == described, "an update is no new version"

    world.now += 3 * HOUR
    world.tick()
    assert world.update() == first, "nothing came in"
    world.watch("new0", "u01")
    world.tick()
    second = world.update()
    assert second
    assert second["file"] != first["file"]
    folder = world.engine.folder / "models" / "up" / world.version.rpartition("/")[2]
    for _ in range(2):
        world.watch("new0", "u03")
        world.now += 3 * HOUR
        world.tick()
    # The newest, and one that somebody may be about to read.
    until(lambda: list(folder.glob("update.*")), lambda kept: len(kept) <= 2)


def test_events_with_new_items_count_after_the_update(world: World) -> None:
    world.put_new_items()
    model = world.engine._context.models.get(world.version, world.take_in()["file"])
    assert model.item_ids[model.item_ids.find("new1")] == "new1"
    assert model.item_ids[-1] == model.item_ids[len(model.item_ids) - 1]
    assert model.item_ids.find("i00") == 0
    assert list(model.item_ids[:2]) == ["i00", "i01"]
    scores = {}
    for user, item in (("likes-0", "new0"), ("likes-1", "new1")):
        world.watch(item, user)
        scores[user] = {item["itemId"]: item["score"] for item in world.ask("calm", user)}
    for genre in (0, 1):
        old = [f"i{n:02}" for n in range(genre, CATALOGUE, 2)]
        one, other = (sum(scores[f"likes-{liked}"][item] for item in old) for liked in (genre, 1 - genre))
        assert one > other, "who took up a new item is offered what is like it"


def test_a_batch_job_takes_in_what_is_new_first(world: World, tmp_path: Path) -> None:
    world.put_item("newest", genre="genre0", creationTimestamp=int(world.now))
    before = world.update()
    assert "newest" not in {item["itemId"] for item in world.ask("calm", "u00")}
    (tmp_path / "asked.json").write_text('{"userId": "u00"}\n')

    def infer(name: str) -> list[str]:
        made = world.service.call(
            "create_batch_inference_job",
            jobName=name,
            solutionVersionArn=world.version,
            numResults=500,
            jobInput={"s3DataSource": {"path": str(tmp_path / "asked.json")}},
            jobOutput={"s3DataDestination": {"path": str(tmp_path / name)}},
            roleArn="arn:aws:iam::000000000000:role/personalize",
        )
        found = settled(world.service, "describe_batch_inference_job", "batchInferenceJob", **made)
        assert found["status"] == "ACTIVE", found
        answered = json.loads((tmp_path / name / "asked.json.out").read_text())
        return list(answered["output"]["recommendedItems"])

    assert "newest" in infer("first")
    after = world.update()
    assert after != before
    assert "newest" in {item["itemId"] for item in world.ask("calm", "u00")}, "campaigns have it, too"
    assert "newest" in infer("second")
    assert world.update() == after, "nothing came in"


def test_ignored_impressions_reach_the_counts(world: World) -> None:
    world.put_new_items()
    world.take_in()
    world.watch("i00", "u00", impression=["i00", "new1", "i02"])
    update = world.take_in()
    model = world.engine._context.models.get(world.version, update["file"])
    ignored = model.answers.tensors["item_ignored"]
    places = [model.item_ids.find(one) for one in ("i00", "new1", "i02")]
    np.testing.assert_array_equal(ignored[places], [0, 1, 1])
    assert model.answers.tensors["item_events"][model.item_ids.find("met")] == 30


def test_a_failed_update_leaves_what_serves_and_is_tried_again(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from pzdecl.engine.events import updating

    def broken(*_: object) -> None:
        raise ValueError("no such luck")

    world.put_new_items()
    before = world.take_in()
    world.watch("i04", "u00")
    world.now += 3 * HOUR
    with monkeypatch.context() as patch:
        patch.setattr(updating, "update", broken)
        world.tick()
    assert "was not updated: no such luck" in caplog.text
    failed = world.update()
    assert failed
    assert (failed["file"], failed["content"]) == (before["file"], None)
    found = world.service.call("describe_solution_version", solutionVersionArn=world.version)
    assert found["solutionVersion"]["status"] == "ACTIVE"
    assert world.take_in()["file"] != before["file"]


def test_a_solution_is_trained_when_it_is_due(world: World) -> None:
    arn = solution(
        world.service,
        world.group,
        "auto",
        solutionConfig={"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}},
    )
    created = world.service.call("describe_solution", solutionArn=arn)["solution"]["creationDateTime"]
    world.now = created.timestamp()

    def versions() -> list[dict[str, Any]]:
        return list(world.service.call("list_solution_versions", solutionArn=arn)["solutionVersions"])

    world.tick()
    assert versions() == []
    world.now += HOUR
    world.tick()
    assert len(versions()) == 1
    found = world.service.call(
        "describe_solution_version", solutionVersionArn=versions()[0]["solutionVersionArn"]
    )["solutionVersion"]
    assert (found["status"], found["trainingType"], found["trainingMode"]) == ("ACTIVE", "AUTOMATIC", "FULL")
    world.now += 3 * DAY
    world.tick()
    assert len(versions()) == 1, "there are no new interactions"
    world.watch("i01", "u01")
    world.tick()
    assert len(versions()) == 2
    world.watch("i03", "u01")
    world.now += 1.9 * DAY
    world.tick()
    assert len(versions()) == 2, "not due yet"
    world.service.call("update_solution", solutionArn=arn, performAutoTraining=False)
    world.now += 30 * DAY
    world.tick()
    assert len(versions()) == 2


def test_the_schedule_is_read() -> None:
    assert schedule.interval({}) == 7 * DAY
    config = {"autoTrainingConfig": {"schedulingExpression": "rate(1 day)"}}
    assert schedule.interval({"solutionConfig": config}) == DAY
