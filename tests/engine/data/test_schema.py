"""The rules of Avro schemas, one by one."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from pzdecl.engine.data.schema import Column, check_schema, columns, evolution_problems

FIELDS: dict[str, list[dict[str, Any]]] = {
    "Interactions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ITEM_ID", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
    "Users": [{"name": "USER_ID", "type": "string"}, {"name": "AGE", "type": ["null", "int"]}],
    "Items": [
        {"name": "ITEM_ID", "type": "string"},
        {"name": "GENRES", "type": ["string", "null"], "categorical": True},
    ],
    "Actions": [{"name": "ACTION_ID", "type": "string"}, {"name": "VALUE", "type": ["null", "long"]}],
    "ActionInteractions": [
        {"name": "USER_ID", "type": "string"},
        {"name": "ACTION_ID", "type": "string"},
        {"name": "EVENT_TYPE", "type": "string"},
        {"name": "TIMESTAMP", "type": "long"},
    ],
}


def record(name: str, *more: Any, **changes: Any) -> dict[str, Any]:
    found = {
        "type": "record",
        "name": name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": copy.deepcopy([*FIELDS.get(name, FIELDS["Items"]), *more]),
        "version": "1.0",
    }
    return found | changes


@pytest.mark.parametrize("name", FIELDS)
def test_valid_schemas(name: str) -> None:
    dataset_type = "ACTION_INTERACTIONS" if name == "ActionInteractions" else name.upper()
    assert check_schema(record(name), dataset_type) == []
    assert check_schema(record(name), None) == []
    assert check_schema(record(name), dataset_type.lower()) == []


def field(name: str, type: Any, **flags: Any) -> dict[str, Any]:
    return {"name": name, "type": type, **flags}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("Interactions", [field("EVENT_TYPE", "string"), field("EVENT_VALUE", ["float", "null"])]),
        ("Interactions", [field("IMPRESSION", ["null", "string"]), field("RECOMMENDATION_ID", "string")]),
        ("Interactions", [field(f"M{n}", "string") for n in range(5)]),
        ("Items", [field("CREATION_TIMESTAMP", ["null", "long"]), field("TEXT", "string", textual=True)]),
        ("Users", [field(f"M{n}", "double") for n in range(24)]),
        ("Users", [field("A", ["null", "boolean"]), field("B", "float", doc="kilograms")]),
    ],
)
def test_what_may_be_added(name: str, more: list[dict[str, Any]]) -> None:
    assert check_schema(record(name, *more), None) == []


@pytest.mark.parametrize(
    ("schema", "path", "words"),
    [
        ([], "", "not a record"),
        (record("Items", type="map"), "type", "record"),
        (record("Items", namespace="com.example"), "namespace", "com.amazonaws"),
        (record("Items", version="2.0"), "version", "1.0"),
        (record("Items", feilds=[]), "feilds", "did you mean fields"),
        (record("Item"), "name", "did you mean Items"),
        (record("Items", fields=[]), "fields", "no fields"),
        (record("Items", "X"), "fields.2", "not a field"),
        (record("Items", field("1A", "string")), "fields.2.name", "not a field's name"),
        (record("Items", field("A" * 151, "string")), "fields.2.name", "at most 150"),
        (record("Items", field("A", "str")), "fields.2.type", "'str'"),
        (record("Items", field("A", "null")), "fields.2.type", "'null'"),
        (record("Items", field("A", ["string", "int"])), "fields.2.type", "['string', 'int']"),
        (record("Items", field("A", {"type": "array", "items": "string"})), "fields.2.type", "array"),
        (
            record("Items", field("A", "string", categorcial=True)),
            "fields.2.categorcial",
            "did you mean categorical",
        ),
        (record("Items", field("A", "int", categorical=True)), "fields.2.categorical", "type int"),
        (record("Items", field("A", "string", categorical="yes")), "fields.2.categorical", "'yes'"),
        (record("Items", field("A", "string", categorical=True, textual=True)), "fields.2", "both"),
        (record("Items", field("GEN_RES", "string")), "fields.2.name", "same as GENRES"),
        (
            record("Items", field("A", "string", textual=True), field("B", "string", textual=True)),
            "fields.3.textual",
            "A, B",
        ),
        (record("Users", field("A", "string", textual=True)), "fields.2.textual", "Items only"),
        (record("Items", field("CREATION_TIMESTAMP", "int")), "fields.2.type", "long"),
        (
            record("Interactions", field("EVENT_TYPE", "string", categorical=True)),
            "fields.3.categorical",
            "EVENT_TYPE",
        ),
        (record("Interactions", field("EVENT_TYPE", ["null", "string"])), "fields.3.type", "not null"),
        (record("Interactions", field("EVENT_VALUE", "string")), "fields.3.type", "float"),
        (record("Interactions", *(field(f"M{n}", "string") for n in range(6))), "fields", "at most 5"),
        (record("Users", *(field(f"M{n}", "int") for n in range(25))), "fields", "at most 25"),
        (record("Items", *(field(f"M{n}", "int") for n in range(100))), "fields", "at most 100"),
        (record("Items", fields=FIELDS["Items"][:1]), "fields", "no metadata field"),
        (record("Items", fields=FIELDS["Items"][1:]), "fields", "no ITEM_ID"),
        (record("Interactions", fields=FIELDS["Interactions"][:2]), "fields", "no TIMESTAMP"),
        (
            record("Interactions", fields=[*FIELDS["Interactions"][:2], field("TIMESTAMP", ["null", "long"])]),
            "fields.2.type",
            "not null",
        ),
    ],
)
def test_a_broken_rule_is_found_at_its_place(schema: Any, path: str, words: str) -> None:
    problems = check_schema(schema, None)
    assert any(found.path == path and words in f"{found.message} {found.expected}" for found in problems), (
        problems
    )


def test_the_name_must_fit_the_type() -> None:
    (problem,) = check_schema(record("Items"), "USERS")[:1]
    assert problem.path == "name"
    assert problem.expected == "Users"


def test_domains_ask_for_more() -> None:
    shop = check_schema(record("Items"), "ITEMS", "ECOMMERCE")
    assert {word for found in shop for word in ("PRICE", "CATEGORY_L1") if word in found.message} == {
        "PRICE",
        "CATEGORY_L1",
    }
    video = record("Items", field("CREATION_TIMESTAMP", "long"))
    assert check_schema(video, "ITEMS", "VIDEO_ON_DEMAND") == []
    assert check_schema(record("Interactions"), "INTERACTIONS", "VIDEO_ON_DEMAND")[0].expected.startswith(
        "a field EVENT_TYPE"
    )


def test_columns_are_read_in_order() -> None:
    assert columns(record("Items", field("TEXT", ["null", "string"], textual=True))) == [
        Column("ITEM_ID", "string"),
        Column("GENRES", "string", nullable=True, categorical=True),
        Column("TEXT", "string", nullable=True, textual=True),
    ]


def test_evolution_adds_nullable_fields_only() -> None:
    old = record("Items")
    assert evolution_problems(old, record("Items", field("PRICE", ["null", "float"]))) == []
    assert "can't be null" in evolution_problems(old, record("Items", field("PRICE", "float")))[0].message
    assert [found.path for found in evolution_problems(record("Items", field("A", "int")), old)] == ["A"]
    changed = record("Items", fields=[FIELDS["Items"][0], field("GENRES", ["null", "string"])])
    assert [found.path for found in evolution_problems(old, changed)] == ["GENRES"]
