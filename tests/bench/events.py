"""PutEvents: events a second that are on disk when they are acknowledged; and what asking with them costs."""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from pzdecl.engine import Engine
from pzdecl.engine.events import log
from tests.bench.report import Report
from tests.contract.clients import INTERACTIONS

CLIENTS, BATCH, REQUESTS = 16, 10, 150
"""Each client sends so many requests of so many events."""
USERS = 2_000
LOOKUPS = 2_000


def bench(report: Report, scratch: Path) -> None:
    with Engine(scratch / "events") as engine:
        group = engine.call("create_dataset_group", {"name": "g"})["datasetGroupArn"]
        schema = engine.call("create_schema", {"name": "s", "schema": json.dumps(INTERACTIONS)})["schemaArn"]
        dataset = engine.call(
            "create_dataset",
            {"name": "d", "datasetType": "Interactions", "schemaArn": schema, "datasetGroupArn": group},
        )["datasetArn"]
        tracker = engine.call("create_event_tracker", {"name": "t", "datasetGroupArn": group})["trackingId"]

        def client(number: int) -> None:
            for turn in range(REQUESTS):
                user = f"u{(number * REQUESTS + turn) % USERS}"
                events = [
                    {
                        "eventId": f"{number}-{turn}-{place}",
                        "eventType": "click",
                        "itemId": f"i{(turn * 7 + place) % 500}",
                        "sentAt": 1_700_000_000 + turn,
                    }
                    for place in range(BATCH)
                ]
                request = {"trackingId": tracker, "userId": user, "sessionId": f"s-{user}", "eventList": events}
                engine.call("put_events", request)

        began = time.perf_counter()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(client, range(CLIENTS)))
        seconds = time.perf_counter() - began
        count = CLIENTS * REQUESTS * BATCH
        store = engine._context.store
        with store.read() as reader:
            assert log.newest(reader, dataset) == count
        basis = f"{count:,} events in {seconds:.1f} s, batches of {BATCH}, {CLIENTS} clients"
        report.add("events a second, durable (in process)", count / seconds, 2000, basis, at_least=True)

        began = time.perf_counter()
        for turn in range(LOOKUPS):
            with store.read() as reader:
                assert log.of_user(reader, dataset, f"u{turn % USERS}", 0)
        spent = (time.perf_counter() - began) / LOOKUPS * 1000
        report.add("ms to look up a user's new events", spent, 0.5, f"{LOOKUPS:,} users, {count:,} events")
