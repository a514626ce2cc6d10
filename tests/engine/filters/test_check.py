"""Expressions against the schemas of a group."""

from __future__ import annotations

import pytest

from pzdecl.engine.data.schema import Column
from pzdecl.engine.filters.check import problems
from pzdecl.engine.filters.parser import parse

COLUMNS = {
    "ITEMS": [
        Column("ITEM_ID", "string"),
        Column("GENRES", "string", categorical=True),
        Column("PRICE", "float", nullable=True),
        Column("ABOUT", "string", textual=True),
        Column("ADULT", "boolean"),
        *(Column(f"C{n}", "int") for n in range(12)),
    ],
    "INTERACTIONS": [Column("USER_ID", "string"), Column("EVENT_TYPE", "string"), Column("DEVICE", "string")],
    "USERS": [Column("USER_ID", "string"), Column("AGE", "int")],
}


@pytest.mark.parametrize(
    "text",
    [
        'EXCLUDE ItemID WHERE items.genres IN ("a", $B) AND Items.PRICE < 3 | INCLUDE ItemID WHERE Items.C1=2',
        'EXCLUDE ItemID WHERE Interactions.event_type IN ("a") OR Interactions.EVENT_TYPE NOT IN ("*")',
        'INCLUDE ItemID WHERE Items.PRICE = "1.5" IF CurrentUser.AGE IN (1, 2)',
        "INCLUDE ItemID WHERE Items.PRICE > CurrentItem.C1 AND Items.GENRES IN CurrentItem.genres",
        "INCLUDE UserID WHERE Users.AGE > 3",
    ],
)
def test_sound_expressions(text: str) -> None:
    assert problems(parse(text), COLUMNS) == []


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("INCLUDE ItemID WHERE Users.AGE > 3", "Users.AGE in an expression about ItemID", 21),
        ("INCLUDE ItemID WHERE Items.C1 > 3 | EXCLUDE UserID WHERE Users.AGE > 3", "UserID beside ItemID", 44),
        ('EXCLUDE ItemID WHERE Interactions.DEVICE IN ("x")', "Interactions.DEVICE can't be filtered by", 21),
        ("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (3)", "a type of event in quotes", 49),
        ('EXCLUDE ItemID WHERE Items.C1 IN ("*")', "* in place of a value", 34),
        ("EXCLUDE ItemID WHERE Items.PRIZE < 3", "did you mean PRICE?", 21),
        ("EXCLUDE ItemID WHERE Items.ADULT = 1", "a boolean and can't", 21),
        ("EXCLUDE ItemID WHERE Items.GENRES < 3", "is text, and stands before <", 21),
        ("EXCLUDE ItemID WHERE Items.GENRES = 3", 'text in quotes: "3"', 36),
        ('EXCLUDE ItemID WHERE Items.C1 = "x"', "which is a number", 32),
        ("EXCLUDE ItemID WHERE Items.C1 = CurrentItem.GENRES", "fields that can be compared", 32),
        ("EXCLUDE ActionID WHERE Actions.VALUE = 3", "no Actions dataset", 23),
        ("EXCLUDE ItemID WHERE Items.C1 NOT IN ($X)", "Placeholders are not allowed with NOT_IN", 38),
        (
            "EXCLUDE ItemID WHERE " + " OR ".join(f"Items.C{n} = 1" for n in range(11)),
            "11 different fields",
            181,
        ),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(text: str, words: str, place: int) -> None:
    found = problems(parse(text), COLUMNS)
    assert any(words in str(problem) and problem.place == place for problem in found), [
        (str(one), one.place) for one in found
    ]


def test_columns_that_are_not_known_are_not_judged() -> None:
    assert problems(parse("EXCLUDE ItemID WHERE Items.ANY < 3"), {"ITEMS": None}) == []
