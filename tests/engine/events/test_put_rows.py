"""PutItems, PutUsers, PutActions: rows by id, beside those of imports."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.contract.clients import dataset, imported, schema
from tests.engine.events.conftest import NOW, Shop, avro, field, text


def _put(shop: Shop, id: str, kind: str = "items", **values: Any) -> None:
    shop.service.call(
        f"put_{kind}",
        datasetArn=shop.datasets[kind.capitalize()],
        **{kind: [{f"{kind[:-1]}Id": id, "properties": text(**values)}]},
    )


def test_a_row_is_added_and_then_replaced_as_a_whole(shop: Shop) -> None:
    _put(shop, "i1", genres="Drama|War", price="3", inStock=True)
    _put(shop, "i2", price=1, creationTimestamp=NOW)
    _put(shop, "i1", PRICE=5)
    assert shop.rows("ITEMS") == [
        {"ITEM_ID": "i2", "PRICE": 1.0, "CREATION_TIMESTAMP": NOW},
        {"ITEM_ID": "i1", "PRICE": 5.0},
    ]
    _put(shop, "ann", "users", age=30)
    shop.service.call("put_users", datasetArn=shop.datasets["Users"], users=[{"userId": "bob"}])
    assert shop.rows("USERS") == [{"USER_ID": "ann", "AGE": 30}, {"USER_ID": "bob"}]


def test_actions_are_put_as_items_are(shop: Shop) -> None:
    fields = avro("Actions", field("ACTION_ID", "string"), field("VALUE", "null", "long"))
    shop.datasets["Actions"] = dataset(shop.service, shop.group, schema(shop.service, "a", fields), "Actions")
    _put(shop, "join", "actions", value=3)
    assert shop.rows("ACTIONS") == [{"ACTION_ID": "join", "VALUE": 3}]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "items[0].properties.price is missing: the schema requires PRICE"),
        ({"price": None}, "price is missing"),
        ({"price": "dear"}, "expected a number"),
        ({"price": "1_0"}, "expected a number"),
        ({"price": "\u0661"}, "expected a number"),
        ({"price": "inf"}, "expected a number"),
        ({"price": 1, "creationTimestamp": "1_700"}, "seconds since 1970-01-01"),
        ({"price": 1e39}, "expected a finite number"),
        ({"price": 1, "prize": 2}, "did you mean price?"),
        ({"price": 1, "inStock": "True"}, "expected true or false"),
        ({"price": 1, "creationTimestamp": NOW * 1000}, "not milliseconds"),
        ({"price": 1, "genres": ["Drama"]}, "several values as one text: A|B"),
        ({"price": 1, "itemId": "other"}, "another id"),
    ],
)
def test_what_does_not_fit_the_schema_is_refused(shop: Shop, values: dict[str, Any], words: str) -> None:
    code, message = shop.service.refused(
        "put_items",
        datasetArn=shop.datasets["Items"],
        items=[{"itemId": "i1", "properties": text(**values)}, {"itemId": "i2"}],
    )
    assert code == "InvalidInputException"
    assert words in message
    assert shop.rows("ITEMS") == []


def test_the_dataset_must_be_of_the_type(shop: Shop) -> None:
    items = [{"itemId": "i1"}]
    missing = shop.engine.arn("dataset/nothing/ITEMS")
    assert shop.service.refused("put_items", datasetArn=missing, items=items)[0] == "ResourceNotFoundException"
    code, message = shop.service.refused("put_items", datasetArn=shop.datasets["Users"], items=items)
    assert (code, "expected one of type ITEMS" in message) == ("InvalidInputException", True)
    with shop.engine._context.store.write() as tx:
        found = tx.get(shop.datasets["Items"])
        assert found
        found.status = "UPDATE IN_PROGRESS"
        tx.save(found)
    items = [{"itemId": "i1", "properties": text(price=1)}]
    code, _ = shop.service.refused("put_items", datasetArn=found.arn, items=items)
    assert code == "ResourceInUseException"


HEADER = "ITEM_ID,GENRES,PRICE,IN_STOCK,CREATION_TIMESTAMP"


def _import(shop: Shop, folder: Path, name: str, mode: str, *ids: str) -> None:
    path = folder / f"{name}.csv"
    path.write_text("\n".join([HEADER, *(f"{one},,9,," for one in ids)]) + "\n", encoding="utf-8")
    imported(shop.service, shop.datasets["Items"], path, name, importMode=mode)


def test_of_an_import_and_a_put_the_newer_counts_and_no_import_removes_what_was_put(
    shop: Shop, tmp_path: Path
) -> None:
    shop.engine.start_worker()
    _put(shop, "both", price=1)
    _put(shop, "put", price=1)
    _import(shop, tmp_path, "first", "FULL", "both", "bulk")
    assert [row["ITEM_ID"] for row in shop.rows("ITEMS")] == ["put"], "the import brought the other one anew"
    _put(shop, "bulk", price=2)
    assert {row["ITEM_ID"] for row in shop.rows("ITEMS")} == {"put", "bulk"}
    _import(shop, tmp_path, "more", "INCREMENTAL", "put")
    assert {row["ITEM_ID"] for row in shop.rows("ITEMS")} == {"bulk"}
    _import(shop, tmp_path, "other", "FULL", "something-else")
    assert {row["ITEM_ID"] for row in shop.rows("ITEMS")} == {"both", "put", "bulk"}
