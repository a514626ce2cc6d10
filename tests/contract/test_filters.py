"""Filters: made, listed, refused, and what recommendations look like with them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import (
    ITEMS,
    Service,
    avro,
    dataset,
    deployed,
    field,
    group,
    imported,
    schema,
    solution,
    trained,
)
from tests.waiting import until

EVENTS = avro(
    "Interactions",
    field("USER_ID", "string"),
    field("ITEM_ID", "string"),
    field("EVENT_TYPE", "string"),
    field("TIMESTAMP", "long"),
)
PRICED = avro(
    "Items",
    *ITEMS["fields"],
    field("PRICE", "null", "float"),
    field("TITLE", "string", textual=True),
)
USERS = avro("Users", field("USER_ID", "string"), field("AGE", "int"))
GENRES = ("Comedy|Drama", "Drama", "Horror")


@pytest.fixture
def shop(working: Service, tmp_path: Path) -> tuple[Service, str]:
    """A group with 30 items (i0 a comedy and drama, i1 a drama, i2 horror, and so on), 60 users, their events.

    User u0 clicked i0 to i4 and bought i5; item i29 has neither genre nor price.
    """
    group_arn = group(working)
    events = [
        f"u{n % 60},i{(n * n + n // 60) % 30},click,{1_600_000_000 + n}" for n in range(60, 1260) if n % 60
    ]
    events += [f"u0,i{n},Click,{1_600_100_000 + n}" for n in range(5)] + ["u0,i5,purchase,1600100009"]
    (tmp_path / "events.csv").write_text("\n".join(["USER_ID,ITEM_ID,EVENT_TYPE,TIMESTAMP", *events]) + "\n")
    items = [f"i{n},{GENRES[n % 3]},{n}.99,Number {n}" for n in range(29)] + ["i29,,,Nothing"]
    (tmp_path / "items.csv").write_text("\n".join(["ITEM_ID,GENRE,PRICE,TITLE", *items]) + "\n")
    users = [f"u{n},{n}" for n in range(60)]
    (tmp_path / "users.csv").write_text("\n".join(["USER_ID,AGE", *users]) + "\n")
    for kind, fields, file in (
        ("Interactions", EVENTS, "events"),
        ("Items", PRICED, "items"),
        ("Users", USERS, "users"),
    ):
        arn = dataset(working, group_arn, schema(working, file, fields), kind)
        imported(working, arn, tmp_path / f"{file}.csv", file)
    return working, group_arn


def campaign(service: Service, group_arn: str, recipe: str, name: str = "live", **config: Any) -> str:
    solution_arn = solution(service, group_arn, name, recipe)
    version = trained(service, solution_arn)["solutionVersionArn"]
    return str(deployed(service, version, name, campaignConfig=config)["campaignArn"])


def filter_(service: Service, group_arn: str, expression: str, name: str = "f") -> str:
    params = {"name": name, "datasetGroupArn": group_arn, "filterExpression": expression}
    return str(service.call("create_filter", **params)["filterArn"])


def ids(answer: dict[str, Any], key: str = "itemList") -> list[str]:
    return [item["itemId"] for item in answer[key]]


def numbers(answer: dict[str, Any]) -> set[int]:
    return {int(one[1:]) for one in ids(answer)}


def test_a_filter_from_creation_to_deletion(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    text = 'EXCLUDE ItemID WHERE Items.GENRE IN ("Horror")'
    arn = filter_(service, group_arn, text, "no-horror")
    assert arn == f"{service.arn_prefix}filter/no-horror"
    found = service.call("describe_filter", filterArn=arn)["filter"]
    times = {key: found.pop(key) for key in ("creationDateTime", "lastUpdatedDateTime")}
    assert all(times.values())
    assert found == {
        "name": "no-horror",
        "filterArn": arn,
        "datasetGroupArn": group_arn,
        "filterExpression": text,
        "status": "ACTIVE",
    }
    filter_(service, group_arn, "INCLUDE ItemID WHERE Items.PRICE < $P", "cheap")
    first = service.call("list_filters", datasetGroupArn=group_arn, maxResults=1)
    assert [one["name"] for one in first["Filters"]] == ["no-horror"]
    assert "filterExpression" not in first["Filters"][0]
    rest = service.call("list_filters", datasetGroupArn=group_arn, nextToken=first["nextToken"])
    assert [one["name"] for one in rest["Filters"]] == ["cheap"]
    code, _ = service.refused(
        "create_filter",
        name="cheap",
        datasetGroupArn=group_arn,
        filterExpression="INCLUDE ItemID WHERE Items.PRICE < 1",
    )
    assert code == "ResourceAlreadyExistsException"
    service.call("tag_resource", resourceArn=arn, tags=[{"tagKey": "team", "tagValue": "x"}])
    assert service.call("list_tags_for_resource", resourceArn=arn)["tags"][0]["tagValue"] == "x"
    assert service.call("delete_filter", filterArn=arn) == {}
    for operation in ("describe_filter", "delete_filter"):
        assert service.refused(operation, filterArn=arn)[0] == "ResourceNotFoundException"
    nowhere = group_arn + "-x"
    code, _ = service.refused("create_filter", name="n", datasetGroupArn=nowhere, filterExpression=text)
    assert code == "ResourceNotFoundException"


REFUSED = [
    ("EXCLUDE ItemID WHERE", "Could not create filter. Invalid input symbol the end at character 21"),
    ("EXCLUDE ItemID WHERE Items.GENRE IN (Horror)", "'Horror' at character 38: expected a value"),
    ('EXCLUDE ItemID WHERE Items.GENRES IN ("Horror")', "no field GENRES at character 22"),
    ("INCLUDE ItemID WHERE Items.PRICE = 'cheap'", "Items.PRICE, which is a number at character 36"),
    ('INCLUDE ItemID WHERE Items.TITLE = "x"', "a textual field and can't be filtered by"),
    ("EXCLUDE ItemID WHERE Items.GENRE NOT IN ($G)", "Placeholders are not allowed with NOT_IN"),
]


def test_expressions_that_are_refused(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    for expression, words in REFUSED:
        code, message = service.refused(
            "create_filter", name="f", datasetGroupArn=group_arn, filterExpression=expression
        )
        assert code == "InvalidInputException"
        assert words in message


def test_recommendations_pass_the_filter(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    arn = campaign(service, group_arn, "aws-popularity-count")

    def asked(expression: str, user: str = "u0", count: int = 30, **values: str) -> set[int]:
        made = filter_(service, group_arn, expression)
        try:
            answer = service.call(
                "get_recommendations",
                campaignArn=arn,
                userId=user,
                numResults=count,
                filterArn=made,
                **({"filterValues": values} if values else {}),
            )
            return numbers(answer)
        finally:
            service.call("delete_filter", filterArn=made)

    every = set(range(30))
    horror = {n for n in range(29) if n % 3 == 2}
    comedy = {n for n in range(29) if n % 3 == 0}
    assert asked('EXCLUDE ItemID WHERE Items.GENRE IN ("Horror")') == every - horror
    assert asked('INCLUDE ItemID WHERE items.genre in ("Comedy","horror")') == comedy
    assert asked('INCLUDE ItemID WHERE Items.GENRE NOT IN ("Drama")') == horror | {29}
    assert asked("INCLUDE ItemID WHERE Items.PRICE > 9 AND Items.PRICE <= 12.99") == {9, 10, 11, 12}
    assert asked("INCLUDE ItemID WHERE Items.PRICE < $P", P="3") == {0, 1, 2}
    assert asked("INCLUDE ItemID WHERE Items.PRICE = $P", P='"5.99"') == {5}
    assert asked("INCLUDE ItemID WHERE Items.GENRE IN ($G)", G='"Horror","Comedy"') == horror | comedy
    seen = 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")'
    assert asked(seen) == every - set(range(5))
    assert asked(seen, "nobody") == every
    assert asked('exclude ItemID where INTERACTIONS.event_type in ("*")') == every - set(range(6))
    assert asked("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($E)", E='"PURCHASE"') == {5}
    young = 'EXCLUDE ItemID WHERE Items.GENRE IN ("Horror") IF CurrentUser.AGE < 18'
    assert asked(young, "u3") == every - horror
    assert asked(young, "u20") == asked(young, "nobody") == every
    both = f"INCLUDE ItemID WHERE Items.PRICE < 8 | {seen}"
    assert asked(both) == {5, 6, 7}
    # What an EXCLUDE is not given a value for is passed over.
    assert asked(
        "EXCLUDE ItemID WHERE Items.GENRE IN ($G) | EXCLUDE ItemID WHERE Items.PRICE < 5"
    ) == every - set(range(5))


def test_filters_of_requests_that_are_refused(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    popular = campaign(service, group_arn, "aws-popularity-count")
    sims = campaign(service, group_arn, "aws-sims", "related")
    made = {
        name: filter_(service, group_arn, text, name)
        for name, text in {
            "needs": "INCLUDE ItemID WHERE Items.PRICE < $P",
            "seen": 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")',
            "beside": "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE",
            "people": "INCLUDE UserID WHERE Users.AGE > 30",
        }.items()
    }
    user = {"campaignArn": popular, "userId": "u0"}
    for params, words in (
        (user | {"filterArn": made["needs"]}, "$P"),
        (user | {"filterArn": made["needs"], "filterValues": {"Q": "1"}}, "no placeholder $Q"),
        (user | {"filterArn": made["needs"], "filterValues": {"P": "cheap"}}, "can't be read at character 1"),
        (user | {"filterArn": made["needs"], "filterValues": {"P": '"cheap"'}}, "is no number"),
        (user | {"filterArn": made["needs"], "filterValues": {"P": "1,2"}}, "expected one"),
        (user | {"filterValues": {"P": "1"}}, "without the filterArn"),
        (user | {"filterArn": made["beside"]}, "RELATED_ITEMS"),
        (user | {"filterArn": made["people"]}, "about UserID"),
        ({"campaignArn": sims, "itemId": "i1", "filterArn": made["seen"]}, "userId is required"),
    ):
        code, message = service.refused("get_recommendations", **params)
        assert (code, words in message) == ("InvalidInputException", True), message
    code, _ = service.refused("get_recommendations", **user, filterArn=made["needs"] + "-x")
    assert code == "ResourceNotFoundException"
    beside = service.call(
        "get_recommendations", campaignArn=sims, itemId="i4", numResults=30, filterArn=made["beside"]
    )
    assert numbers(beside) == {0, 1, 2, 3}


def test_a_filter_of_another_group_is_refused_and_blocks_its_own(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    arn = campaign(service, group_arn, "aws-popularity-count")
    other = group(service, "other")
    dataset(service, other, f"{service.arn_prefix}schema/items", "Items", name="other-items")
    made = filter_(service, other, "INCLUDE ItemID WHERE Items.PRICE < 1")
    code, message = service.refused("get_recommendations", campaignArn=arn, userId="u0", filterArn=made)
    assert code == "InvalidInputException"
    assert other in message
    service.call("delete_dataset", datasetArn=f"{service.arn_prefix}dataset/other/ITEMS")
    code, message = service.refused("delete_dataset_group", datasetGroupArn=other)
    assert code == "ResourceInUseException"
    assert made in message
    service.call("delete_filter", filterArn=made)
    assert service.call("delete_dataset_group", datasetGroupArn=other) == {}


def test_promotions(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    arn = campaign(service, group_arn, "aws-popularity-count")
    horror = filter_(service, group_arn, 'INCLUDE ItemID WHERE Items.GENRE IN ("Horror")', "horror")
    comedy = filter_(service, group_arn, "INCLUDE ItemID WHERE Items.GENRE IN ($G)", "genre")
    promotion = {"name": "fright", "percentPromotedItems": 40, "filterArn": horror}
    plain = ids(service.call("get_recommendations", campaignArn=arn, userId="u0", numResults=30))

    def ask(**more: Any) -> list[dict[str, Any]]:
        params = {"campaignArn": arn, "userId": "u0", "numResults": 10} | more
        found: list[dict[str, Any]] = service.call("get_recommendations", **params)["itemList"]
        return found

    genre = {"filterArn": comedy, "filterValues": {"G": '"Comedy"'}}
    orders = set()
    for _ in range(12):
        items = ask(promotions=[promotion], **genre)
        promoted = [item["itemId"] for item in items if item.get("promotionName") == "fright"]
        others = [item["itemId"] for item in items if "promotionName" not in item]
        assert promoted == [one for one in plain if int(one[1:]) % 3 == 2 and one != "i29"][:4]
        assert others == [one for one in plain if int(one[1:]) % 3 == 0][:6]
        orders.add(tuple("promotionName" in item for item in items))
    assert len(orders) > 1
    few = ask(promotions=[promotion | {"percentPromotedItems": 100}], numResults=30)
    assert sum("promotionName" in item for item in few) == 9
    assert len({item["itemId"] for item in few}) == 30
    assert (
        len(
            [
                item
                for item in ask(promotions=[promotion | {"percentPromotedItems": 1}])
                if "promotionName" in item
            ]
        )
        == 1
    )
    for change, words in (
        ({"filterArn": comedy}, "$G"),
        ({"percentPromotedItems": 101}, "percentPromotedItems"),
    ):
        params = {"campaignArn": arn, "userId": "u0", "promotions": [promotion | change]}
        code, message = service.refused("get_recommendations", **params)
        assert (code, words in message) == ("InvalidInputException", True), message
    code, message = service.refused(
        "get_recommendations", campaignArn=arn, userId="u0", promotions=[{"percentPromotedItems": 5}]
    )
    assert (code, "filterArn" in message) == ("InvalidInputException", True)


def test_metadata(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    plain = campaign(service, group_arn, "aws-popularity-count")
    shown = campaign(service, group_arn, "aws-sims", "shown", enableMetadataWithRecommendations=True)
    columns = {"ITEMS": ["PRICE", "GENRE", "title"]}
    answer = service.call(
        "get_recommendations", campaignArn=shown, itemId="i1", numResults=29, metadataColumns=columns
    )
    for item in answer["itemList"]:
        number = int(item["itemId"][1:])
        expected = {"PRICE": f"{number}.99", "GENRE": GENRES[number % 3], "TITLE": f"Number {number}"}
        assert item["metadata"] == (expected if number < 29 else {"TITLE": "Nothing"})
    code, message = service.refused(
        "get_recommendations", campaignArn=plain, userId="u1", metadataColumns=columns
    )
    assert (code, "enableMetadataWithRecommendations" in message) == ("InvalidInputException", True)
    for params, words in (
        ({"metadataColumns": {"ITEMS": ["PRISE"]}}, "did you mean PRICE?"),
        ({"metadataColumns": {"USERS": ["AGE"]}}, "expected ITEMS"),
        ({"metadataColumns": columns, "numResults": 51}, "at most 50"),
        ({"metadataColumns": {"ITEMS": [f"C{n}" for n in range(11)]}}, "at most 10"),
    ):
        code, message = service.refused("get_recommendations", campaignArn=shown, itemId="i1", **params)
        assert (code, words in message) == ("InvalidInputException", True), message


def test_no_results_are_an_empty_answer(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    arn = campaign(service, group_arn, "aws-popularity-count")
    answer = service.call("get_recommendations", campaignArn=arn, userId="u1", numResults=0)
    assert answer["itemList"] == []
    assert answer["recommendationId"].startswith("RID-")


def test_what_is_put_one_by_one_counts(shop: tuple[Service, str]) -> None:
    service, group_arn = shop
    arn = campaign(service, group_arn, "aws-popularity-count")
    tracker = service.call("create_event_tracker", name="web", datasetGroupArn=group_arn)["trackingId"]
    seen = filter_(service, group_arn, 'INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click")', "seen")
    cheap = filter_(service, group_arn, "INCLUDE ItemID WHERE Items.PRICE < 0.5", "cheap")

    def passing(made: str) -> set[int]:
        return numbers(service.call("get_recommendations", campaignArn=arn, userId="u0", filterArn=made))

    assert passing(seen) == set(range(5))
    event = {"eventType": "CLICK", "itemId": "i20", "sentAt": 1_700_000_000}
    service.call("put_events", trackingId=tracker, userId="u0", sessionId="s", eventList=[event])
    assert passing(seen) == {*range(5), 20}
    assert passing(cheap) == set()
    row = {"itemId": "i29", "properties": '{"price": 0.25, "title": "Cheap"}'}
    service.call("put_items", datasetArn=f"{service.arn_prefix}dataset/movies/ITEMS", items=[row])
    until(lambda: passing(cheap), lambda numbers: numbers == {29})


def test_a_group_without_data(working: Service) -> None:
    """A filter can be made as soon as there are datasets."""
    group_arn = group(working)
    dataset(working, group_arn, schema(working, "events", EVENTS))
    arn = filter_(working, group_arn, 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")')
    assert working.call("describe_filter", filterArn=arn)["filter"]["status"] == "ACTIVE"
