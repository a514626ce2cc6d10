"""Under the load of many clients: an update of a campaign fails no request, a stop loses no event."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.api.families import SOLUTION_VERSION
from pzdecl.engine.api.models import model_folder
from pzdecl.engine.events import log
from pzdecl.engine.store.rows import Resource
from tests.bench.loaded import write_random
from tests.bench.serving import deployed
from tests.contract.clients import InProcess
from tests.engine.events.conftest import NOW, Shop
from tests.engine.http.running import ROUTES, Running, Wire, running
from tests.waiting import PATIENCE, until

CLIENTS = 6


class Client(threading.Thread):
    """Sends what `ask` sends, over and over, until it is told to stop or the server is gone."""

    def __init__(self, server: Running, ask: Any) -> None:
        super().__init__()
        self.wire = Wire(server)
        self.ask = ask
        self.enough = threading.Event()
        self.gone: Exception | None = None
        self.start()

    def run(self) -> None:
        try:
            while not self.enough.is_set():
                self.ask(self.wire)
        except (http.client.HTTPException, OSError) as error:
            self.gone = error
        finally:
            self.wire.close()


@contextmanager
def _clients(server: Running, *asks: Any) -> Iterator[list[Client]]:
    clients = [Client(server, ask) for ask in asks]
    try:
        yield clients
    finally:
        for client in clients:
            client.enough.set()
        for client in clients:
            client.join(PATIENCE)
            assert not client.is_alive()


def _update(service: InProcess, campaign: str) -> dict[str, Any]:
    found: dict[str, Any] = service.call("describe_campaign", campaignArn=campaign)["campaign"]
    return dict(found["latestCampaignUpdate"])


def test_an_update_of_a_campaign_fails_no_request(tmp_path: Path) -> None:
    def small(seed: int, folder: Path) -> list[str]:
        return write_random(folder, users=5, items=300, hidden=8, seed=seed)

    campaign, users = deployed(tmp_path / "engine", lambda folder: small(1, folder))
    answers: list[tuple[int, tuple[str, ...]]] = []
    settled = 0  # how many updates are done; 0 while one is under way
    failed: list[Any] = []

    def ask(wire: Wire) -> None:
        begun = settled
        answer = wire.call(ROUTES["GetRecommendations"], {"campaignArn": campaign, "userId": users[2]})
        if answer.status == 200:
            items = tuple(item["itemId"] for item in answer.json["itemList"])
            answers.append((begun if begun == settled else 0, items))
        else:
            failed.append(answer)

    with Engine(tmp_path / "engine") as engine:
        service = InProcess(engine)
        with engine._context.store.write() as tx:
            found = tx.get(
                service.call("describe_campaign", campaignArn=campaign)["campaign"]["solutionVersionArn"]
            )
            assert found
            arn = found.arn.replace("/00000000", "/00000001")
            tx.insert(Resource(arn, SOLUTION_VERSION.type, "hrnn/00000001", found.parent, found.body), {})
        small(2, model_folder(engine.folder, arn))
        before, after = (
            tuple(item["itemId"] for item in engine._context.models.get(one).get_recommendations(users[2]))
            for one in (found.arn, arn)
        )
        assert before != after
        engine.start_worker()
        with running(engine) as server, _clients(server, *[ask] * CLIENTS):
            for done, wanted in enumerate((arn, found.arn, arn), 1):
                service.call("update_campaign", campaignArn=campaign, solutionVersionArn=wanted)
                until(lambda: _update(service, campaign)["status"] == "ACTIVE")
                settled, place = done, len(answers)
                until(lambda: len(answers) > place + 10 * CLIENTS)  # noqa: B023 - called at once
                settled = 0
    assert not failed
    for done, expected in enumerate((after, before, after), 1):
        assert {items for begun, items in answers if begun == done} == {expected}
    assert {items for _, items in answers} == {before, after}


def test_a_stop_under_load_loses_no_event_and_leaves_no_request_unanswered(shop: Shop) -> None:
    acknowledged: list[str] = []
    many = threading.Event()

    def put(number: int) -> Any:
        turn = iter(range(10**9))

        def ask(wire: Wire) -> None:
            ids = [f"{number}-{next(turn)}" for _ in range(3)]
            events = [{"eventId": one, "itemId": one, "sentAt": NOW} for one in ids]
            answer = wire.call(
                ROUTES["PutEvents"], shop.request(*events, user=f"u{number}", session=f"s{number}")
            )
            assert answer.status == 200, answer
            acknowledged.extend(ids)
            if len(acknowledged) > 300:
                many.set()

        return ask

    with running(shop.engine) as server:
        with _clients(server, *(put(number) for number in range(CLIENTS))) as clients:
            assert many.wait(PATIENCE)
            server.server.stop()
            for client in clients:
                client.join(PATIENCE)
        assert all(client.gone for client in clients)
    with shop.engine._context.store.read() as reader:
        kept = Counter(event.event for _, event in log.everything(reader, shop.interactions))
    assert set(acknowledged) <= set(kept)
    assert max(kept.values()) == 1
    # Each request that was performed was answered, and its client has the answer.
    lines = [json.loads(line) for line in server.log.getvalue().splitlines()]
    assert {(line["status"], line["error"]) for line in lines} == {(200, "-")}
    assert len(lines) * 3 == len(acknowledged) == len(kept)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    made = Shop(tmp_path)
    yield made
    made.engine.close()
