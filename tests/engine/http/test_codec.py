"""Bodies to requests and results to bodies."""

from __future__ import annotations

import datetime
import json
from types import MappingProxyType

import pytest

from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.http.codec import decode, encode, parse
from pzdecl.engine.http.refusals import Refusal

EVENTS = "personalize-events"


@pytest.mark.parametrize("body", [b"", b"  \n", b"{}"])
def test_an_empty_body_is_an_empty_request(body: bytes) -> None:
    assert parse(body) == {}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b"{", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b'{"a": NaN}', "NaN is not a JSON number"),
        (b'{"a": -Infinity}', "-Infinity is not"),
        (b'{"a": 1e999}', "1e999 is too large"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
        (b'{"a": "\\ud800"}', "not valid Unicode"),
        (b'{"\\udfff": 1}', "not valid Unicode"),
        (b'{"a": "\xff"}', "not valid Unicode"),
        (b'{"a": "\xed\xa0\x80"}', "not valid Unicode"),
        ('{"a": 1}'.encode("utf-16"), "not valid Unicode"),
        (b'{"a":' * 100_000 + b"1" + b"}" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_request(body: bytes, told: str) -> None:
    with pytest.raises(Refusal) as caught:
        parse(body)
    assert caught.value.code == "SerializationException"
    assert told in caught.value.message


def test_pairs_of_surrogates_are_text() -> None:
    assert parse(b'{"a": "\\ud83c\\udfac"}') == {"a": "\N{CLAPPER BOARD}"}


def test_nulls_are_not_given_and_times_are_datetimes() -> None:
    body = {
        "userId": None,
        "eventList": [{"sentAt": 1_600_000_000.25, "itemId": None, "eventType": "watch"}],
        "unknown": 1,
    }
    sent = datetime.datetime(2020, 9, 13, 12, 26, 40, 250_000, datetime.UTC)
    assert decode("PutEventsRequest", EVENTS, body) == {
        "eventList": [{"sentAt": sent, "eventType": "watch"}],
        "unknown": 1,  # left to the check of the request, which suggests the right name
    }


@pytest.mark.parametrize("moment", ["2020-09-13T12:26:40Z", True, -1, 1e18, [], {}])
def test_what_is_no_time(moment: object) -> None:
    with pytest.raises(InvalidInputException) as caught:
        decode("PutEventsRequest", EVENTS, {"eventList": [{"sentAt": 1}, {"sentAt": moment}]})
    assert "'eventList[1].sentAt'" in caught.value.message


def test_what_does_not_fit_the_shape_is_left_to_the_check() -> None:
    for body in ({"eventList": "text"}, {"eventList": [7]}, {"eventList": {"a": 1}}):
        assert decode("PutEventsRequest", EVENTS, body) == body


def test_answers_have_the_members_of_their_shape() -> None:
    made = datetime.datetime(2020, 9, 13, 12, 26, 40, 123_456, datetime.UTC)
    group = {
        "name": "Größe",
        "creationDateTime": made,
        "lastUpdatedDateTime": made,
        "_internal": 1,
        "domain": None,
    }
    body = encode("DescribeDatasetGroupResponse", "personalize", {"datasetGroup": group})
    assert json.loads(body) == {
        "datasetGroup": {
            "name": "Größe",
            "creationDateTime": 1_600_000_000.123,
            "lastUpdatedDateTime": 1_600_000_000.123,
        }
    }
    assert "Größe".encode() in body


def test_members_of_lists_are_those_of_their_shape_too() -> None:
    item = {"itemId": "a", "score": 0.5, "reason": ["Popular item"]}
    items = [item, {**item, "_internal": 1}, {**item, "promotionName": None}, MappingProxyType(item)]
    body = encode(
        "GetRecommendationsResponse", "personalize-runtime", {"itemList": items, "recommendationId": "r"}
    )
    assert json.loads(body) == {"itemList": [item] * 4, "recommendationId": "r"}
    assert "_internal" in items[1], "what the engine holds is not changed"
    promotion = {"name": "p", "filterArn": None}
    found = decode("GetRecommendationsRequest", "personalize-runtime", {"promotions": [promotion, {"x": 1}]})
    assert found == {"promotions": [{"name": "p"}, {"x": 1}]}


def test_a_number_that_is_too_long_is_told_in_words_of_http() -> None:
    with pytest.raises(Refusal) as caught:
        parse(b"[" + b"9" * 5000 + b"]")
    assert "5000 digits" in caught.value.message
    assert "sys." not in caught.value.message


def test_operations_without_an_output_answer_with_an_empty_object() -> None:
    assert encode(None, "personalize", {}) == b"{}"


def test_the_list_of_filters_has_a_capital() -> None:
    assert encode("ListFiltersResponse", "personalize", {"Filters": [], "filters": []}) == b'{"Filters":[]}'
