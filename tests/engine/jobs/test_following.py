"""Campaigns that follow their solution's newest version: none is passed over, whenever it is trained."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.campaigns import follow_latest
from pzdecl.engine.api.models import Models
from pzdecl.engine.store import store
from pzdecl.engine.store.rows import Resource
from tests.contract.clients import RECIPE, InProcess, group, solution
from tests.waiting import PATIENCE

FOLLOW = {"syncWithLatestSolutionVersion": True}


class Shop:
    """An engine without a worker, whose deployments are run one by one; nothing is trained."""

    def __init__(self, folder: Path) -> None:
        self.engine = Engine(folder / "engine")
        self.service = InProcess(self.engine)
        self.solution = solution(self.service, group(self.service))

    def begun(self, name: str) -> str:
        """A version that is in training."""
        arn = f"{self.solution}/{name}"
        body = {"solutionVersionArn": arn, "recipeArn": RECIPE + "aws-sims", "trainingMode": "FULL"}
        body["datasetGroupArn"] = self.engine.arn("dataset-group/movies")
        with self.engine._context.store.write() as tx:
            status = "CREATE IN_PROGRESS"
            tx.insert(Resource(arn, "solution-version", arn, self.solution, body, status))
        return arn

    def trained(self, arn: str) -> str:
        """As a training ends."""
        with self.engine._context.store.write() as tx:
            version = tx.get(arn)
            assert version is not None
            version.status = "ACTIVE"
            tx.save(version)
            follow_latest(tx, version)
        return arn

    def work(self) -> None:
        """Runs every deployment that is queued, and those that follow from it."""
        self.engine.start_worker(scheduled=False)
        self.engine.stop(finish=True)

    def campaign(self) -> dict[str, Any]:
        arn = self.engine.arn("campaign/c")
        return dict(self.service.call("describe_campaign", campaignArn=arn)["campaign"])

    def follow(self) -> None:
        latest = f"{self.solution}/$LATEST"
        self.service.call("create_campaign", name="c", solutionVersionArn=latest, campaignConfig=FOLLOW)


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    monkeypatch.setattr(Models, "get", lambda *_: None)
    found = Shop(tmp_path)
    yield found
    found.engine.close()


def test_a_version_that_is_trained_while_the_campaign_is_made_is_deployed(shop: Shop) -> None:
    shop.trained(shop.begun("1"))
    shop.follow()
    second = shop.trained(shop.begun("2"))
    shop.work()
    found = shop.campaign()
    assert (found["status"], found["solutionVersionArn"]) == ("ACTIVE", second)
    assert found["latestCampaignUpdate"]["status"] == "ACTIVE"


def test_a_version_that_is_trained_while_the_campaign_is_updating_is_deployed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.trained(shop.begun("1"))
    shop.follow()
    shop.work()
    at_it, go_on = threading.Event(), threading.Event()

    def slow(_: Models, arn: str, __: str | None = None) -> None:
        at_it.set()
        assert go_on.wait(PATIENCE)

    monkeypatch.setattr(Models, "get", slow)
    shop.engine.start_worker(scheduled=False)
    shop.trained(shop.begun("2"))
    assert at_it.wait(PATIENCE)
    third = shop.trained(shop.begun("3"))
    assert shop.campaign()["latestCampaignUpdate"]["solutionVersionArn"].endswith("/2")
    go_on.set()
    shop.engine.stop(finish=True)
    assert shop.campaign()["solutionVersionArn"] == third
    assert not shop.engine.has_jobs()


def test_a_version_that_was_begun_earlier_and_ends_later_is_not_deployed(shop: Shop) -> None:
    shop.trained(shop.begun("1"))
    shop.follow()
    shop.work()
    slow = shop.begun("2")
    quick = shop.trained(shop.begun("3"))
    shop.work()
    shop.trained(slow)
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == quick


def test_a_version_that_can_not_be_deployed_is_tried_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shop.trained(shop.begun("1"))
    shop.follow()
    shop.work()
    tried = []

    def get(_: Models, arn: str, __: str | None = None) -> None:
        tried.append(arn)
        if arn.endswith("/2"):
            raise OSError("damaged")

    monkeypatch.setattr(Models, "get", get)
    second = shop.trained(shop.begun("2"))
    shop.work()
    found = shop.campaign()
    assert (found["solutionVersionArn"], found["latestCampaignUpdate"]["status"]) == (first, "CREATE FAILED")
    assert tried == [second]
    third = shop.trained(shop.begun("3"))
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == third


def test_a_version_that_is_trained_while_another_fails_to_be_deployed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.trained(shop.begun("1"))
    shop.follow()
    shop.work()
    shop.trained(shop.begun("2"))
    third = shop.begun("3")

    def get(_: Models, arn: str, __: str | None = None) -> None:
        if arn.endswith("/2"):
            shop.trained(third)
            raise OSError("damaged")

    monkeypatch.setattr(Models, "get", get)
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == third


def test_a_newer_version_that_is_not_trained_is_not_deployed(shop: Shop) -> None:
    first = shop.trained(shop.begun("1"))
    shop.begun("2")
    shop.follow()
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == first


def test_a_campaign_that_begins_to_follow_catches_up(shop: Shop) -> None:
    first = shop.trained(shop.begun("1"))
    shop.service.call("create_campaign", name="c", solutionVersionArn=first)
    shop.work()
    second = shop.trained(shop.begun("2"))
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == first
    arn = shop.engine.arn("campaign/c")
    shop.service.call("update_campaign", campaignArn=arn, campaignConfig=FOLLOW)
    shop.work()
    assert shop.campaign()["solutionVersionArn"] == second
