"""PutEvents: events a second that are on disk when they are acknowledged; and what asking with them costs."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pzdecl.engine import Engine
from pzdecl.engine.events import log
from tests.bench.report import Report
from tests.bench.serving import _served
from tests.contract.clients import INTERACTIONS

CLIENTS, BATCH, REQUESTS = 16, 10, 150
"""Each client sends so many requests of so many events."""
LEAST = 2_000
"""Events a second."""
USERS, LOOKUPS = 2_000, 2_000

Send = Callable[[dict[str, Any]], object]


def bench(report: Report, scratch: Path) -> None:
    folder = scratch / "events"
    with Engine(folder) as engine:
        dataset, tracker = _group(engine)
        _rate(report, "in process", tracker, lambda: lambda request: engine.call("put_events", request))
        count = CLIENTS * REQUESTS * BATCH
        store = engine._context.store
        began = time.perf_counter()
        for turn in range(LOOKUPS):
            with store.read() as reader:
                assert log.of_user(reader, dataset, f"u{turn % USERS}", 0)
        spent = (time.perf_counter() - began) / LOOKUPS * 1000
        report.add("ms to look up a user's new events", spent, 0.5, f"{LOOKUPS:,} users, {count:,} events")
    with _served(folder) as address:
        _rate(report, "over HTTP", tracker, lambda: _over_http(address))
    with Engine(folder) as engine, engine._context.store.read() as reader:
        assert log.newest(reader, dataset) == 2 * count


def _group(engine: Engine) -> tuple[str, str]:
    group = engine.call("create_dataset_group", {"name": "g"})["datasetGroupArn"]
    schema = engine.call("create_schema", {"name": "s", "schema": json.dumps(INTERACTIONS)})["schemaArn"]
    params = {"name": "d", "datasetType": "Interactions", "schemaArn": schema, "datasetGroupArn": group}
    dataset = engine.call("create_dataset", params)["datasetArn"]
    tracker = engine.call("create_event_tracker", {"name": "t", "datasetGroupArn": group})
    return dataset, tracker["trackingId"]


def _rate(report: Report, how: str, tracker: str, connect: Callable[[], Send]) -> None:
    """All clients at once, each with a connection of its own."""

    def client(number: int) -> None:
        send = connect()
        for turn in range(REQUESTS):
            user = f"u{(number * REQUESTS + turn) % USERS}"
            events = [
                {
                    "eventId": f"{how}-{number}-{turn}-{place}",
                    "eventType": "click",
                    "itemId": f"i{(turn * 7 + place) % 500}",
                    "sentAt": 1_700_000_000 + turn,
                }
                for place in range(BATCH)
            ]
            send({"trackingId": tracker, "userId": user, "sessionId": f"s-{user}", "eventList": events})

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as pool:
        list(pool.map(client, range(CLIENTS)))
    seconds = time.perf_counter() - began
    count = CLIENTS * REQUESTS * BATCH
    basis = f"{count:,} events in {seconds:.1f} s, batches of {BATCH}, {CLIENTS} clients"
    report.add(f"events a second, durable, {how}", count / seconds, LEAST, basis, at_least=True)


def _over_http(address: tuple[str, int]) -> Send:
    connection = http.client.HTTPConnection(*address)

    def send(request: dict[str, Any]) -> None:
        connection.request("POST", "/events", json.dumps(request), {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise RuntimeError(answer.decode())

    return send
