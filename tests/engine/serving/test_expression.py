"""Attribute expressions: what they mean, and what is said of those that mean nothing."""

from __future__ import annotations

import numpy as np
import pytest

from pzdecl.engine.serving.attributes import Attributes, number_text, pack
from pzdecl.engine.serving.expression import Condition, ExpressionError, parse

TENSORS = {
    **pack(
        "categorical",
        "GENRES",
        {"Comedy": np.array([0, 1, 2]), 'So "so"': np.array([2]), "Drama": np.array([3])},
    ),
    **pack("numeric", "YEAR", {"1995": np.array([1, 3]), "2001.5": np.array([2])}),
}


def test_conditions_in_any_case_and_with_any_quotes() -> None:
    assert parse('ITEMS.GENRES = "Comedy"') == [Condition("ITEMS", "GENRES", "Comedy")]
    assert parse("items.genres='A|B'and Items.YEAR=1.5e3 AND ITEMS.x = -2") == [
        Condition("ITEMS", "genres", "A|B"),
        Condition("ITEMS", "YEAR", 1500.0),
        Condition("ITEMS", "x", -2.0),
    ]
    assert parse(r'ITEMS.T = "a \"b\" \\ c"')[0].value == r'a "b" \ c'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "at character 1 there is the end, expected a condition"),
        ("ITEMS", "at character 6 there is the end, expected a dot"),
        ("ITEMS.A 3", "at character 9 there is '3', expected ="),
        ("ITEMS.A = ", "expected a value"),
        ("ITEMS.A = Comedy", "at character 11 there is 'Comedy', expected a value"),
        ('ITEMS.A = "x" OR ITEMS.A = "y"', "at character 15 there is 'OR', expected AND"),
        ('ITEMS.A = "x" AND', "there is the end, expected a condition"),
        ('ITEMS.A = "x', "character 11, '\"', belongs to nothing"),
        ("ITEMS.A > 3", "character 9, '>', belongs to nothing"),
    ],
)
def test_what_is_no_expression_is_told_with_its_place(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as error:
        parse(text)
    assert words in str(error.value)


def test_items_that_fit() -> None:
    found = Attributes(TENSORS)
    assert found.columns == ["GENRES", "YEAR"]
    assert found.items_with('ITEMS.GENRES = "Comedy"').tolist() == [0, 1, 2]
    assert found.items_with('ITEMS.genres = "Comedy" AND ITEMS.YEAR = 1995').tolist() == [1]
    assert found.items_with('ITEMS.GENRES = "Comedy" AND ITEMS.GENRES = "So \\"so\\""').tolist() == [2]
    assert found.items_with("ITEMS.YEAR = '2001.5'").tolist() == [2]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('ITEMS.GENRE = "Comedy"', "expected one of GENRES, YEAR (did you mean GENRES?)"),
        (
            'ITEMS.GENRES = "Comdy"',
            "no item had 'Comdy' in ITEMS.GENRES when the version was trained (did you mean Comedy?)",
        ),
        ('ITEMS.GENRES = "comedy"', "did you mean Comedy?"),
        ('ITEMS.YEAR = "old"', "ITEMS.YEAR is numeric: expected a number, not 'old'"),
        ("USERS.AGE = 3", "USERS.AGE is no attribute of items: expected ITEMS.AGE"),
        ('ITEMS.GENRES = "Drama" AND ITEMS.YEAR = 2001.5', "no item fits all of"),
    ],
)
def test_what_is_unknown_is_told_with_what_there_is(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as error:
        Attributes(TENSORS).items_with(text)
    assert words in str(error.value)


def test_numbers_have_one_text() -> None:
    assert [number_text(value) for value in (1995.0, -3.0, 0.5, 1e20)] == [
        "1995",
        "-3",
        "0.5",
        "100000000000000000000",
    ]
