"""PutEvents: events a second that are on disk when they are acknowledged; and what asking with them costs."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from pzdecl.engine import Engine
from pzdecl.engine.events import log
from tests.bench.report import Report
from tests.bench.serving import served
from tests.bench.wire import closed_loop, request
from tests.contract.clients import INTERACTIONS

CLIENTS, BATCH, REQUESTS = 16, 10, 150
"""Each client sends so many requests of so many events; over HTTP from one light thread."""
LEAST = 2_000
"""Events a second."""
USERS, LOOKUPS = 2_000, 2_000


def bench(report: Report, scratch: Path) -> None:
    folder = scratch / "events"
    count = CLIENTS * REQUESTS * BATCH
    with Engine(folder) as engine:
        dataset, tracker = _group(engine)
        requests = [_request(tracker, number, "in-process") for number in range(CLIENTS * REQUESTS)]
        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(lambda request: engine.call("put_events", request), requests))
        _add(report, "in process", time.perf_counter() - began, f"{CLIENTS} threads")
        store = engine._context.store
        began = time.perf_counter()
        for turn in range(LOOKUPS):
            with store.read() as reader:
                assert log.of_user(reader, dataset, f"u{turn % USERS}", 0)
        spent = (time.perf_counter() - began) / LOOKUPS * 1000
        report.add("ms to look up a user's new events", spent, 0.5, f"{LOOKUPS:,} users, {count:,} events")
    with served(folder) as address:
        bodies = [request("/events", _request(tracker, number, "http")) for number in range(CLIENTS * REQUESTS)]
        seconds, times = closed_loop(address, bodies, CLIENTS)
        middle, slow = (times[int(len(times) * part)] * 1e3 for part in (0.5, 0.99))
        _add(report, "over HTTP", seconds, f"{CLIENTS} clients, p50 {middle:.0f} ms, p99 {slow:.0f} ms")
    with Engine(folder) as engine, engine._context.store.read() as reader:
        found = reader.query("SELECT count(*) FROM events")[0][0]
        if found != 2 * count:
            raise RuntimeError(f"{found:,} events of {2 * count:,} were kept")


def _request(tracker: str, number: int, how: str) -> dict[str, Any]:
    user = f"u{number % USERS}"
    events = [
        {
            "eventId": f"{how}-{number}-{place}",
            "eventType": "click",
            "itemId": f"i{(number * 7 + place) % 500}",
            "sentAt": 1_700_000_000 + number,
        }
        for place in range(BATCH)
    ]
    return {"trackingId": tracker, "userId": user, "sessionId": f"s-{user}", "eventList": events}


def _add(report: Report, how: str, seconds: float, who: str) -> None:
    count = CLIENTS * REQUESTS * BATCH
    basis = f"{count:,} events in {seconds:.1f} s, batches of {BATCH}, {who}"
    report.add(f"events a second, durable, {how}", count / seconds, LEAST, basis, at_least=True)


def _group(engine: Engine) -> tuple[str, str]:
    group = engine.call("create_dataset_group", {"name": "g"})["datasetGroupArn"]
    schema = engine.call("create_schema", {"name": "s", "schema": json.dumps(INTERACTIONS)})["schemaArn"]
    params = {"name": "d", "datasetType": "Interactions", "schemaArn": schema, "datasetGroupArn": group}
    dataset = engine.call("create_dataset", params)["datasetArn"]
    tracker = engine.call("create_event_tracker", {"name": "t", "datasetGroupArn": group})
    return dataset, tracker["trackingId"]
