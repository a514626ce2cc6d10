"""Which columns are learned from, and how."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pzdecl.engine.data.tables import Table, kinds_of
from pzdecl.engine.serving.features import Categories, Column, Number, Words
from pzdecl.engine.training.features.design import RARE, cells_of, event_design, side_design
from tests.engine.training.features.worlds import rows, table, weekends


def only(columns: dict[str, list[Any]], **roles: str) -> Column | None:
    found = side_design(table(columns, **roles)).columns
    assert len(found) < 2
    return found[0] if found else None


def test_rare_categories_share_a_cell() -> None:
    column = only({"G": ["a|b"] * RARE + ["c"] * (RARE - 1) + ["a"]}, G="categorical")
    assert column == Categories("G", ("a", "b"))


def test_whole_numbers_may_be_as_large_as_their_type() -> None:
    """Beyond 2^53 neighbours become one number; order is all that counts."""
    large = [2**62, -(2**62), 2**62 + 1, None, 5]
    column = only({"BARCODE": large})
    assert isinstance(column, Number)
    cells = cells_of(side_design(table({"BARCODE": large})), rows({"BARCODE": large}))
    places = cells.weights[cells.offsets[:-1]]
    assert places[1] < places[4] < places[0] == places[2]


@pytest.mark.parametrize(
    "columns",
    [
        {"PLAIN": ["a", "b"] * 5},
        {"SAME": ["a"] * 10},
        {"SAME": ["a", None] * 5},
        {"ALONE": [f"v{n}" for n in range(10)]},
        {"FLAG": [True, False] * 5},
        {"NUMBER": [3.5] * 10},
        {"NUMBER": [None, 3.5] * 5},
        {"NUMBER": [None, None]},
        {"TEXT": ["some words here"] * 10},
        {"TEXT": ["words", "other words"] * 4 + [None] * 2},
    ],
)
def test_what_teaches_nothing_is_left_out(columns: dict[str, list[Any]]) -> None:
    roles = {"SAME": "categorical", "ALONE": "categorical", "TEXT": "textual"}
    assert only(columns, **{name: role for name, role in roles.items() if name in columns}) is None


def test_of_few_numbers_each_has_a_bucket() -> None:
    column = only({"N": [3, 1, 2] * 5})
    assert isinstance(column, Number)
    assert column.bounds[:3] == (1, 2, 3)
    assert [column.cells([n]).columns.tolist() for n in (1, 2, 3)] == [[0, 1], [0, 2], [0, 3]]


def test_of_many_numbers_each_bucket_has_as_many_rows() -> None:
    values = np.random.default_rng(0).lognormal(size=4000)
    column = only({"N": values.tolist()})
    assert isinstance(column, Number)
    buckets = np.bincount(column.cells(values.tolist()).columns[1::2], minlength=column.width)[1:-1]
    assert len(buckets) == 16
    assert buckets.min() > 230
    assert buckets.max() < 270


def test_words_are_worth_what_they_tell_apart() -> None:
    titles = ["the red cup", "the blue cup", "the red lamp", "the blue lamp"] * 2
    column = only({"T": titles}, T="textual")
    assert isinstance(column, Words)
    assert column.words == ("blue", "cup", "lamp", "red")
    assert column.rarity == tuple([round(math.log(2), 6)] * 4)


def test_only_rows_that_the_dataset_has_are_counted() -> None:
    made = rows({"G": ["a", "b"] * 4 + [None] * 50}, G="categorical")
    known = np.arange(58) < 8
    (column,) = side_design(Table(made, kinds_of(made), known)).columns
    assert column == Categories("G", ("a", "b"))


def test_of_events_the_type_counts_and_what_was_recorded_does_not() -> None:
    data = weekends().interactions
    assert [column.name for column in event_design(data).columns] == ["DAY"]
    count = len(data)
    more = rows(
        {
            "EVENT_TYPE": ["buy", "look"] * (count // 2),
            "EVENT_VALUE": np.arange(count, dtype=float).tolist(),
            "IMPRESSION": ["i1|i2", "i3"] * (count // 2),
        }
    )
    (column,) = event_design(replace(data, columns=more)).columns
    assert column == Categories("EVENT_TYPE", ("buy", "look"), missing=False)


def test_cells_of_a_table_are_those_of_its_rows_one_by_one() -> None:
    columns: dict[str, list[Any]] = {
        "G": ["a|b", "a", None, "b", "zz", "a|b|zz"],
        "N": [1.5, None, 2.0, 9.0, 4.0, 1.5],
        "T": ["red cup", "red lamp", "cup", "lamp", "red", "blue cup"],
    }
    made = table({name: values * 3 for name, values in columns.items()}, G="categorical", T="textual")
    design = side_design(made)
    assert [column.name for column in design.columns] == ["G", "N", "T"]
    together = cells_of(design, made.rows)
    weights = np.eye(design.width, dtype=np.float32)
    for place, row in enumerate(made.rows.to_pylist()):
        one = design.row(row).times(weights)
        np.testing.assert_array_equal(together.take(np.array([place])).times(weights), one)


def test_a_column_that_is_gone_is_missing() -> None:
    made = table({"G": ["a", "b"] * 4, "N": list(range(8))}, G="categorical")
    design = side_design(made)
    without = cells_of(design, made.rows.select(["G"]))
    row = np.zeros(design.width, np.float32)
    row[without.take(np.array([1])).columns] = 1
    assert row[design.columns[0].width :].tolist() == [0] * (design.columns[1].width - 1) + [1]
