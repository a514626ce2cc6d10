"""PutEvents: what is refused, what is stored, whose it is, and that an event counts once."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pzdecl.engine.events import log
from pzdecl.engine.events.parts import put_parts
from pzdecl.engine.store.shown import Shown
from tests.contract.clients import dataset, group, schema
from tests.engine.events.conftest import NOW, Shop, avro, field, text


def test_an_event_becomes_a_row_of_the_dataset(shop: Shop) -> None:
    shop.put(
        {
            "itemId": "casablanca",
            "eventValue": 4.5,
            "sentAt": NOW + 0.7,
            "properties": text(device="phone", numRatings="12"),
            "impression": ["casablanca", "gilda"],
            "recommendationId": "RID-1",
            "metricAttribution": {"eventAttributionSource": "home"},
        }
    )
    assert shop.rows() == [
        {
            "USER_ID": "ann",
            "ITEM_ID": "casablanca",
            "TIMESTAMP": NOW,
            "EVENT_TYPE": "watch",
            "EVENT_VALUE": 4.5,
            "DEVICE": "phone",
            "NUM_RATINGS": 12,
            "IMPRESSION": "casablanca|gilda",
        }
    ]
    with shop.engine._context.store.read() as reader:
        [(_, event)] = log.everything(reader, shop.interactions)
    assert (event.recommendation, event.source) == ("RID-1", "home")


@pytest.mark.parametrize(
    "sent",
    [
        NOW,
        float(NOW),
        str(NOW),
        "2023-11-14T22:13:20Z",
        "2023-11-14T23:13:20+01:00",
        "2023-11-14T22:13:20",
        datetime.datetime.fromtimestamp(NOW, datetime.UTC),
        datetime.datetime.fromtimestamp(NOW),
    ],
)
def test_the_time_comes_in_many_forms(shop: Shop, sent: Any) -> None:
    shop.put({"sentAt": sent})
    assert shop.rows()[0]["TIMESTAMP"] == NOW


def test_item_and_value_may_be_among_the_properties(shop: Shop) -> None:
    request = shop.request({"properties": text(itemId="gilda", eventValue=3)})
    del request["eventList"][0]["itemId"]
    shop.service.call("put_events", **request)
    [row] = shop.rows()
    assert (row["ITEM_ID"], row["EVENT_VALUE"]) == ("gilda", 3.0)


@pytest.mark.parametrize(
    ("event", "words"),
    [
        ({"properties": "{"}, "eventList[0].properties is not JSON"),
        ({"properties": '{"device": NaN}'}, "NaN is no number of JSON"),
        ({"properties": "[1]"}, "is not an object"),
        ({"properties": text(devise="phone")}, "did you mean device?"),
        ({"properties": text(UserID="bob")}, "properties.UserID can't be a property"),
        ({"properties": text(timestamp=1)}, "properties.timestamp can't be a property"),
        ({"properties": text(numRatings="many")}, "properties.numRatings is not valid for NUM_RATINGS"),
        ({"properties": text(numRatings=1.5)}, "expected a whole number"),
        ({"properties": text(numRatings=2**31)}, "at most 2147483647"),
        ({"properties": text(device=["a", "b"])}, "expected a text"),
        ({"properties": text(device="x" * 1001)}, "at most 1000 characters"),
        ({"properties": text(device="a", DEVICE="b")}, "is given twice"),
        ({"eventValue": float("inf")}, "eventValue is not valid"),
        ({"properties": text(itemId=7), "itemId": ""}, "itemId"),
        ({"itemId": "\ud800"}, "half a character"),
        ({"properties": '{"device": "\\ud800"}'}, "expected a text of whole characters"),
        ({"properties": text(numRatings="1_0")}, "expected a whole number"),
        ({"sentAt": "1_700_000_000"}, "sentAt is not a time"),
        ({"sentAt": "yesterday"}, "sentAt is not a time"),
        ({"sentAt": NOW * 1000}, "not milliseconds"),
        ({"sentAt": -1}, "out of range"),
        ({"sentAt": float("nan")}, "is not a time"),
        ({"impression": ["y" * 256] * 25, "properties": text(device="é" * 100)}, ""),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_of_it_is_kept(
    shop: Shop, event: dict[str, Any], words: str
) -> None:
    if not words:
        shop.put(event)  # large, but not too large
        return
    assert words in shop.refused({}, event).replace("eventList[1]", "eventList[0]")
    assert shop.rows() == []


def test_values_are_private_and_not_repeated(shop: Shop) -> None:
    message = shop.refused({"properties": text(numRatings="secret-value", device=["secret-value"])})
    assert "secret-value" not in message
    assert message.startswith("2 problems: ")


def test_names_must_be_whole_text(shop: Shop) -> None:
    code, message = shop.service.refused("put_events", **shop.request({}, user="\udcff"))
    told = "'userId' failed" in message and "half a character" in message
    assert (code, told) == ("InvalidInputException", True)
    items = [{"itemId": "\udcff", "properties": text(price=1)}]
    code, message = shop.service.refused("put_items", datasetArn=shop.datasets["Items"], items=items)
    told = "'items[0].itemId' failed" in message and "half a character" in message
    assert (code, told) == ("InvalidInputException", True)


def test_events_beyond_ten_kilobytes_are_refused(shop: Shop) -> None:
    long = {"impression": ["é" * 256] * 25}
    assert "has more than 10 KB" in shop.refused(long)


def test_an_event_without_an_item_is_refused(shop: Shop) -> None:
    request = shop.request({})
    del request["eventList"][0]["itemId"]
    code, message = shop.service.refused("put_events", **request)
    assert (code, message) == (
        "InvalidInputException",
        "1 problem: eventList[0].itemId is missing: the schema requires ITEM_ID",
    )


def test_an_unknown_tracker_and_a_group_without_interactions(shop: Shop) -> None:
    request = {**shop.request({}), "trackingId": "nobody"}
    assert "The given tracking id does not exist" in shop.service.refused("put_events", **request)[1]
    other = group(shop.service, "empty")
    made = shop.service.call("create_event_tracker", name="other", datasetGroupArn=other)
    request["trackingId"] = made["trackingId"]
    code, message = shop.service.refused("put_events", **request)
    assert code == "InvalidInputException"
    assert "has no Interactions dataset" in message


def test_what_the_schema_requires_must_be_there(shop: Shop) -> None:
    other = group(shop.service, "strict")
    fields = avro(
        "Interactions",
        field("USER_ID", "string"),
        field("ITEM_ID", "string"),
        field("TIMESTAMP", "long"),
        field("EVENT_VALUE", "float"),
        field("PAGE", "string"),
    )
    arn = dataset(shop.service, other, schema(shop.service, "strict", fields), name="strict")
    made = shop.service.call("create_event_tracker", name="other", datasetGroupArn=other)
    shop.tracking_id = made["trackingId"]
    message = shop.refused({})
    assert "has no EVENT_VALUE, which the schema requires" in message
    assert "properties.page is missing: the schema requires PAGE" in message
    shop.put({"eventValue": 1, "properties": text(page="home")})
    shop.datasets["Interactions"] = arn
    [row] = shop.rows()
    assert "EVENT_TYPE" not in row, "the schema has no place for it"
    assert row["PAGE"] == "home"


def test_an_event_counts_once(shop: Shop) -> None:
    shop.put({"eventId": "e1"}, {"eventId": "e2", "itemId": "i2"}, {"eventId": "e1", "itemId": "again"})
    shop.put({"eventId": "e1", "itemId": "later"}, user="bob")
    assert [(row["USER_ID"], row["ITEM_ID"]) for row in shop.rows()] == [("ann", "i1"), ("ann", "i2")]
    shop.put({}, {})  # without ids every one counts; trainings take equal ones once
    assert len(shop.rows()) == 4


def test_numbers_that_are_left_out_hide_no_event_and_show_none_twice(shop: Shop) -> None:
    shop.put({"eventId": "a"}, {"eventId": "b"}, user=None, session="walk-in")
    # The last of these are there already, so that the numbers they would have had are left out.
    shop.put({"eventId": "c"}, {"eventId": "c"}, {"eventId": "b"}, session="walk-in")
    with shop.engine._context.store.read() as reader:
        newest = log.newest(reader, shop.interactions)
        since = log.of_user(reader, shop.interactions, "ann", 0)
        assert sorted(str(event.event) for event in since) == ["a", "b", "c"]
        # A training now has them all, so nothing is new after it.
        assert log.of_user(reader, shop.interactions, "ann", newest) == []
    shop.put({"eventId": "d"}, session="walk-in")
    with shop.engine._context.store.read() as reader:
        assert [event.event for event in log.of_user(reader, shop.interactions, "ann", newest)] == ["d"]


def test_events_of_the_same_second_come_in_the_order_of_arrival(shop: Shop) -> None:
    for item in ("i3", "i1"):
        shop.put({"itemId": item}, user=None, session="walk-in")
    shop.put({"itemId": "i2"}, {"itemId": "i4"}, session="walk-in")
    assert _recent(shop, "ann") == ["i3", "i1", "i2", "i4"]


def test_a_clock_that_is_ahead_makes_nothing_later_than_it_arrived(shop: Shop, tmp_path: Path) -> None:
    """Else a training would take the latest of all for now, and everything else for long ago."""
    shop.put({"sentAt": NOW + 10**9})
    store = shop.engine._context.store
    with store.read() as reader:
        newest = [
            log.of_user(reader, shop.interactions, "ann", 0),
            log.since(reader, shop.interactions, 0),
            [event for _, event in log.between(reader, shop.interactions, 0, 9)],
        ]
    assert [[event.at for event in found] for found in newest] == [[NOW]] * 3
    put, _ = put_parts(store, shop.group, tmp_path / "put")
    assert pq.read_table(put["INTERACTIONS"])["TIMESTAMP"].to_pylist() == [NOW]
    assert [row["TIMESTAMP"] for row in shop.rows()] == [NOW + 10**9], "exports say what was sent"


def test_an_anonymous_session_becomes_the_users(shop: Shop) -> None:
    shop.put({"itemId": "i1"}, user=None, session="s1")
    shop.put({"itemId": "i2"}, user=None, session="s2")
    assert [row["USER_ID"] for row in shop.rows()] == ["s1", "s2"]
    shop.put({"itemId": "i3"}, user="ann", session="s1")
    shop.put({"itemId": "i4"}, user=None, session="s1")
    assert _owners(shop) == {"i1": "ann", "i2": "s2", "i3": "ann", "i4": "ann"}
    # Somebody else at the same screen: what was anonymous and is known to be ann's stays ann's.
    shop.put({"itemId": "i5"}, user="bob", session="s1")
    shop.put({"itemId": "i6"}, user=None, session="s1")
    assert _owners(shop) == {"i1": "ann", "i2": "s2", "i3": "ann", "i4": "ann", "i5": "bob", "i6": "bob"}


def _owners(shop: Shop) -> dict[str, str]:
    return {row["ITEM_ID"]: row["USER_ID"] for row in shop.rows()}


def _recent(shop: Shop, user: str, since: int = 0) -> list[str]:
    with shop.engine._context.store.read() as reader:
        return [event.item for event in log.of_user(reader, shop.interactions, user, since)]


def test_what_a_user_did_since_a_training(shop: Shop) -> None:
    shop.now = NOW + 100.0
    shop.put({"itemId": "late", "sentAt": NOW + 50}, {"itemId": "early", "sentAt": NOW})
    shop.put({"itemId": "anonymous", "sentAt": NOW + 20}, user=None, session="s2")
    with shop.engine._context.store.read() as reader:
        trained = log.newest(reader, shop.interactions)
    assert _recent(shop, "ann") == ["early", "late"]
    assert _recent(shop, "s2") == ["anonymous"]
    assert _recent(shop, "ann", trained) == []
    shop.put({"itemId": "new", "sentAt": NOW + 10}, session="s2")
    # The session came to be ann's after the training, so all of it is news of ann.
    assert _recent(shop, "ann", trained) == ["new", "anonymous"]
    assert _recent(shop, "s2", trained) == ["new", "anonymous"], "the visitor asks by the session as before"


def test_implicit_impressions_are_what_was_shown_with_the_recommendation(shop: Shop) -> None:
    context = shop.engine._context
    context.shown.append(Shown("RID-7", 1.0, "c", "v", "ann", ("a", "b"), (1.0, 0.5), (False, True)))
    shop.put({"recommendationId": "RID-7", "itemId": "a"})
    shop.put({"recommendationId": "RID-7", "itemId": "a", "impression": ["x"]})
    shop.put({"recommendationId": "RID-8", "itemId": "a"})
    assert [row.get("IMPRESSION") for row in shop.rows()] == ["a|b", "x", None]


def test_deleting_the_tracker_keeps_the_events_and_deleting_the_dataset_does_not(shop: Shop) -> None:
    shop.put({})
    trackers = shop.service.call("list_event_trackers", datasetGroupArn=shop.group)["eventTrackers"]
    shop.service.call("delete_event_tracker", eventTrackerArn=trackers[0]["eventTrackerArn"])
    assert len(shop.rows()) == 1
    shop.service.call("delete_dataset", datasetArn=shop.interactions)
    schemas = shop.service.call("list_schemas")["schemas"]
    named = next(one["schemaArn"] for one in schemas if one["name"] == "Interactions")
    assert dataset(shop.service, shop.group, named) == shop.interactions
    assert shop.rows() == []


def test_forgetting_users(shop: Shop) -> None:
    shop.put({}, user=None, session="s1")
    shop.put({}, {})
    shop.put({}, user="bob", session="s9")
    with shop.engine._context.store.write() as tx:
        assert log.forget_users(tx, shop.interactions, ["ann"]) == 3
    assert [row["USER_ID"] for row in shop.rows()] == ["bob"]
