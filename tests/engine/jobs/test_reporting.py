"""Reports of metric attributions: what is in them, when they are written, and that nothing is in two."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.events.attribution import HEADER, file_name
from pzdecl.engine.jobs import queue, schedule
from pzdecl.engine.jobs.control import JobCancelled
from pzdecl.engine.store import store
from tests.contract.clients import (
    INTERACTIONS,
    ITEMS,
    ROLE,
    InProcess,
    dataset,
    group,
    imported,
    schema,
)
from tests.waiting import idle, until

BUCKET = 1_700_000_100
START = BUCKET + 100.0
FIELDS = [
    *INTERACTIONS["fields"],
    {"name": "EVENT_TYPE", "type": "string"},
    {"name": "EVENT_VALUE", "type": ["null", "float"]},
    {"name": "EVENT_ATTRIBUTION_SOURCE", "type": ["null", "string"]},
    {"name": "SECONDS", "type": ["null", "int"]},
]
PRICED = [{"name": "ITEM_ID", "type": "string"}, {"name": "PRICE", "type": ["null", "float"]}]
METRICS = [
    {"metricName": "clicks", "eventType": "click", "expression": "SAMPLECOUNT()"},
    {"metricName": "worth", "eventType": "Purchase", "expression": "SUM(Items.PRICE)"},
    {"metricName": "watched", "eventType": "click", "expression": "sum(interactions.seconds)"},
]


class Shop:
    """An engine at work whose clock stands still, with a metric attribution."""

    def __init__(self, folder: Path) -> None:
        self.now = START
        self.out = folder / "reports"
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.service = InProcess(self.engine)
        self.group = group(self.service)
        fields = schema(self.service, "events", INTERACTIONS | {"fields": FIELDS})
        self.events = dataset(self.service, self.group, fields)
        self.items = dataset(
            self.service, self.group, schema(self.service, "items", ITEMS | {"fields": PRICED}), "Items"
        )
        items = [{"itemId": f"i{n}", "properties": f'{{"price": {n}.5}}'} for n in range(3)]
        self.service.call("put_items", datasetArn=self.items, items=[*items, {"itemId": "unpriced"}])
        tracker = self.service.call("create_event_tracker", name="t", datasetGroupArn=self.group)
        self.tracking = tracker["trackingId"]
        self.put("click", "i0")  # before there is anything to report to
        self.attribution = self.service.call(
            "create_metric_attribution",
            name="m",
            datasetGroupArn=self.group,
            metrics=METRICS,
            metricsOutputConfig={"roleArn": ROLE, "s3DataDestination": {"path": str(self.out)}},
        )["metricAttributionArn"]
        self.engine.start_worker(scheduled=False)

    def put(
        self, kind: str, item: str, source: str | None = None, at: float | None = None, **more: Any
    ) -> None:
        event = {"eventType": kind, "itemId": item, "sentAt": at or self.now, **more}
        if source:
            event["metricAttribution"] = {"eventAttributionSource": source}
        self.service.call("put_events", trackingId=self.tracking, userId="u", sessionId="s", eventList=[event])

    def tick(self, seconds: float = 0.0) -> list[str]:
        """Moves the clock, begins what is due, waits for it; the names of all reports."""
        self.now += seconds
        schedule.tick(self.engine._context)
        idle(self.engine)
        return sorted(path.name for path in self.out.iterdir()) if self.out.exists() else []

    def rows(self, name: str) -> list[tuple[str, ...]]:
        with (self.out / name).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        assert tuple(header) == HEADER
        return [tuple(row) for row in rows]

    def described(self) -> dict[str, Any]:
        found = self.service.call("describe_metric_attribution", metricAttributionArn=self.attribution)
        return dict(found["metricAttribution"])


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    found = Shop(tmp_path)
    yield found
    found.engine.close()


def test_events_are_summed_up_by_metric_source_and_quarter_of_an_hour(shop: Shop) -> None:
    shop.put("click", "i0", "search", properties='{"seconds": 30}')
    shop.put("CLICK", "i1", "search", at=START - 900, properties='{"seconds": 12}')
    shop.put("click", "i2")
    shop.put("purchase", "i1", "search")
    shop.put("purchase", "i2", "search")
    shop.put("purchase", "unpriced", "search")
    shop.put("purchase", "unknown", "mail")
    shop.put("look", "i0", "search")
    assert shop.tick(899) == []
    (name,) = shop.tick(1)
    assert name == "AggregatedAttributionMetrics - PutEvents - 20231114T223140.000Z.csv"
    assert shop.rows(name) == [
        ("clicks", "click", "1", "SAMPLECOUNT", "search", str(BUCKET - 900)),
        ("clicks", "click", "1", "SAMPLECOUNT", "SOURCE_NAME_UNDEFINED", str(BUCKET)),
        ("clicks", "click", "1", "SAMPLECOUNT", "search", str(BUCKET)),
        ("worth", "Purchase", "4", "SUM", "search", str(BUCKET)),
        ("watched", "click", "12", "SUM", "search", str(BUCKET - 900)),
        ("watched", "click", "30", "SUM", "search", str(BUCKET)),
    ]


def test_every_event_is_in_one_report(shop: Shop) -> None:
    shop.put("click", "i0")
    (first,) = shop.tick(900)
    assert shop.tick(10_000) == [first], "nothing came in"
    shop.put("click", "i0", at=START)
    _, second = shop.tick(0)
    assert (
        shop.rows(first)
        == shop.rows(second)
        == [("clicks", "click", "1", "SAMPLECOUNT", "SOURCE_NAME_UNDEFINED", str(BUCKET))]
    )


def test_a_metric_counts_from_when_it_was_added(shop: Shop) -> None:
    shop.put("click", "i0")
    more = {"metricName": "more", "eventType": "click", "expression": "SAMPLECOUNT()"}
    arn = shop.attribution
    shop.service.call(
        "update_metric_attribution", metricAttributionArn=arn, addMetrics=[more], removeMetrics=["watched"]
    )
    listed = shop.service.call("list_metric_attribution_metrics", metricAttributionArn=arn)["metrics"]
    assert listed == [*METRICS[:2], more]
    shop.put("click", "i1")
    (name,) = shop.tick(900)
    assert [(row[0], row[2]) for row in shop.rows(name)] == [("clicks", "2"), ("more", "1")]


def test_a_report_that_was_interrupted_is_written_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The place of the report is written to, and then the process dies before it notes so."""
    shop.put("click", "i0")
    finish = queue.finish
    died: list[bool] = []

    def dying(*arguments: Any, **more: Any) -> None:
        if not died:
            died.append(True)
            raise JobCancelled
        finish(*arguments, **more)

    monkeypatch.setattr(queue, "finish", dying)
    (name,) = shop.tick(900)
    assert died
    assert len(shop.rows(name)) == 1
    assert shop.tick(900) == [name]


def test_a_place_that_can_not_be_written_to_is_told_and_nothing_is_lost(shop: Shop) -> None:
    shop.out.write_text("a file")
    shop.put("click", "i0")
    shop.now += 900
    schedule.tick(shop.engine._context)
    found = until(shop.described, lambda found: "failureReason" in found)
    assert str(shop.out) in found["failureReason"]
    assert found["status"] == "ACTIVE"
    shop.out.unlink()
    shop.put("click", "i1")
    assert shop.tick(1) == []
    (name,) = shop.tick(900)
    assert [(row[0], row[2]) for row in shop.rows(name)] == [("clicks", "1")] * 2
    assert "failureReason" not in shop.described()


def test_without_a_place_nothing_is_reported(shop: Shop) -> None:
    shop.service.call(
        "update_metric_attribution",
        metricAttributionArn=shop.attribution,
        metricsOutputConfig={"roleArn": ROLE},
    )
    shop.put("click", "i0")
    assert shop.tick(10_000) == []


def write_events(path: Path) -> Path:
    """1,000 clicks in two quarters of an hour, every tenth from a search, and a purchase of each item."""
    lines = [
        f"u{n},i{n % 3},{BUCKET + (n % 2) * 900},click,,{'search' if n % 10 == 0 else ''},{n % 5 or ''}"
        for n in range(1000)
    ]
    lines += [f"u0,i{n},{BUCKET},purchase,,mail," for n in range(3)]
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE,EVENT_ATTRIBUTION_SOURCE,SECONDS"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def test_an_import_is_reported_where_it_asks_for_it(shop: Shop, tmp_path: Path) -> None:
    path = write_events(tmp_path / "events.csv")
    for name, publish in (("silent", False), ("published", True)):
        found = imported(shop.service, shop.events, path, name, publishAttributionMetricsToS3=publish)
    assert found["publishAttributionMetricsToS3"] is True
    (name,) = (path.name for path in shop.out.iterdir())
    assert name == file_name("BulkImport", found["creationDateTime"].timestamp())
    rows = shop.rows(name)
    counts = {(row[4], int(row[5])): int(row[2]) for row in rows if row[0] == "clicks"}
    assert counts == {
        ("search", BUCKET): 100,
        ("SOURCE_NAME_UNDEFINED", BUCKET): 400,
        ("SOURCE_NAME_UNDEFINED", BUCKET + 900): 500,
    }
    assert [row[2] for row in rows if row[0] == "worth"] == ["4.5"]
    assert sum(int(row[2]) for row in rows if row[0] == "watched") == sum(n % 5 for n in range(1000))
    assert shop.tick(10_000) == [name], "imported events are in no report of events that were put"


def test_imports_that_can_not_be_published(shop: Shop, tmp_path: Path) -> None:
    path = str(write_events(tmp_path / "events.csv"))
    params = {"jobName": "j", "dataSource": {"dataLocation": path}, "publishAttributionMetricsToS3": True}
    refused = [shop.service.refused("create_dataset_import_job", datasetArn=shop.items, **params)]
    arn = shop.attribution
    shop.service.call(
        "update_metric_attribution", metricAttributionArn=arn, metricsOutputConfig={"roleArn": ROLE}
    )
    refused.append(shop.service.refused("create_dataset_import_job", datasetArn=shop.events, **params))
    shop.service.call("delete_metric_attribution", metricAttributionArn=arn)
    refused.append(shop.service.refused("create_dataset_import_job", datasetArn=shop.events, **params))
    assert {code for code, _ in refused} == {"InvalidInputException"}
    for (_, message), text in zip(
        refused,
        ("expected an Interactions dataset", "names no place", "has no metric attribution"),
        strict=True,
    ):
        assert text in message
