"""The filter language: what is read, and what is said of what can't be."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzdecl.engine.filters.parser import parse
from pzdecl.engine.filters.syntax import Anything, ExpressionError, Field, Number, Placeholder, Text


def test_a_whole_expression() -> None:
    found = parse(
        'include itemid where ITEMS.genres in ("Comedy", $G) and Items.YEAR >= 1990 or Items.PRICE != -1.5e2 '
        '| EXCLUDE ItemID WHERE interactions.Event_Type NOT IN ("*") IF currentuser.AGE < $AGE AND '
        "CurrentUser.TIER = 'gold'"
    )
    assert found.target == "ItemID"
    first, second = found.clauses
    assert (first.action, second.action) == ("INCLUDE", "EXCLUDE")
    assert [[str(one.field) for one in group] for group in first.any_of] == [
        ["Items.genres", "Items.YEAR"],
        ["Items.PRICE"],
    ]
    genres, year, price = first.conditions()
    assert genres.operator == "IN"
    assert [type(one) for one in genres.operands] == [Text, Placeholder]
    assert year.operands[0][:1] == (1990,)
    assert price.operands == (Number(-150.0, price.operands[0].place, price.operands[0].end),)
    (types,) = second.conditions()
    assert types.operator == "NOT IN"
    assert isinstance(types.operands[0], Anything)
    assert [str(one.field) for one in second.tests] == ["CurrentUser.AGE", "CurrentUser.TIER"]
    assert list(found.placeholders()) == ["G", "AGE"]
    assert found.required() == ["G"]


def test_what_stands_on_the_right() -> None:
    found = parse("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE")
    assert [isinstance(one.operands[0], Field) for one in found.conditions()] == [True, True]
    (value,) = parse("INCLUDE ActionID WHERE Actions.VALUE > ($V)").clauses[0].conditions()
    assert isinstance(value.operands[0], Placeholder)
    (text,) = parse(r'INCLUDE ItemID WHERE Items.T = "a \"b\" \\ c|d"').clauses[0].conditions()
    assert text.operands[0][0] == r'a "b" \ c|d'
    (long,) = parse("INCLUDE ItemID WHERE Items.T = 9007199254740993").clauses[0].conditions()
    assert long.operands[0][0] == 9007199254740993


@pytest.mark.parametrize(
    ("text", "place", "expected"),
    [
        ("", 0, "INCLUDE or EXCLUDE"),
        ("SHOW ItemID", 0, "INCLUDE or EXCLUDE"),
        ("INCLUDE Item WHERE", 8, "ItemID, UserID or ActionID"),
        ("INCLUDE ItemID Items.A = 1", 15, "WHERE"),
        ("INCLUDE ItemID WHERE Item.A = 1", 21, "a field such as Items.GENRES"),
        ("INCLUDE ItemID WHERE Items = 1", 27, ". and a field of Items"),
        ("INCLUDE ItemID WHERE Items.A LIKE 1", 29, "IN, NOT IN or one of"),
        ("INCLUDE ItemID WHERE Items.A NOT = 1", 33, "IN after NOT"),
        ("INCLUDE ItemID WHERE NOT Items.A = 1", 21, "NOT stands only before IN"),
        ("INCLUDE ItemID WHERE (Items.A = 1)", 21, "no parentheses"),
        ("INCLUDE ItemID WHERE Items.A IN 1", 32, "( and a list of values"),
        ("INCLUDE ItemID WHERE Items.A IN ()", 33, "a value"),
        ("INCLUDE ItemID WHERE Items.A < 1e999", 31, "a number that is not too large"),
        (f"INCLUDE ItemID WHERE Items.A IN (1, {'9' * 400})", 36, "a number that is not too large"),
        ("INCLUDE ItemID WHERE Items.A IN (x)", 33, "text stands in quotes"),
        ('INCLUDE ItemID WHERE Items.A IN ("x" "y")', 37, "a comma and another value, or )"),
        ("INCLUDE ItemID WHERE Items.A = (1, 2)", 33, ") after the one value"),
        ("INCLUDE ItemID WHERE CurrentUser.A = 1", 21, "after IF only"),
        ("INCLUDE ItemID WHERE Items.A = 1 IF Users.A = 1", 36, "CurrentUser.FIELD"),
        ("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.A = 1 OR CurrentUser.B = 1", 54, "by AND alone"),
        ("INCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.A = 1 IF CurrentUser.B = 1", 54, "each has one IF"),
        ("INCLUDE ItemID WHERE Items.A = 1 EXCLUDE ItemID WHERE Items.B = 1", 33, "| before another"),
        ("INCLUDE ItemID WHERE Items.A = 1 |", 34, "INCLUDE or EXCLUDE"),
        ("INCLUDE ItemID WHERE Items.A = 1 AN Items.B = 2", 33, "AND, OR, IF, | or the end"),
        ('INCLUDE ItemID WHERE Items.A = "x', 31, "a closing quote"),
        ("INCLUDE ItemID WHERE Items.A = 1; DROP", 32, "an expression such as"),
        (f"INCLUDE ItemID WHERE Items.A = ${'P' * 51}", 31, "at most 50 characters"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(text: str, place: int, expected: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert error.value.problem.place == place
    assert expected in str(error.value.problem.expected)
    assert f"at character {place + 1}" in str(error.value)


WORDS = st.sampled_from(
    [
        match[0]
        for match in re.finditer(
            r"\S+",
            r"""
        INCLUDE EXCLUDE ItemID UserID WHERE Items . GENRES Interactions EVENT_TYPE IN NOT ( ) , "x" 'y' $P * 1
        -2.5 = != < >= | AND OR IF CurrentUser CurrentItem \ ; é
    """,
        )
    ]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(WORDS, max_size=25))
def test_any_text_is_read_or_refused_within_it(words: list[str]) -> None:
    text = " ".join(words)
    try:
        place = parse(text).clauses[0].place
    except ExpressionError as error:
        place = error.problem.place
    assert 0 <= place <= len(text)
