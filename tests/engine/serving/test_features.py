"""From values to cells: what is known of a thing, as numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pzdecl.engine.serving.features import Categories, Cells, Column, Design, Features, Number, Words

COLUMNS: tuple[Column, ...] = (
    Categories("GENRES", ("action", "comedy")),
    Number("PRICE", (0.0, 10.0, 20.0)),
    Words("TITLE", ("love", "war"), (1.0, 2.0)),
)


def cells(column: Column, value: Any) -> dict[int, Any]:
    found = column.cells([value])
    return {int(c): pytest.approx(float(w)) for c, w in zip(found.columns, found.weights, strict=True)}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("action", {0: 1.0}),
        ("action|comedy", {0: 0.5, 1: 0.5}),
        ("action|western", {0: 0.5, 2: 0.5}),
        ("western|noir", {2: 1.0}),
        ("action|western|noir", {0: 1 / 3, 2: 2 / 3}),
        ("", {3: 1.0}),
        (None, {3: 1.0}),
    ],
)
def test_categories_are_the_mean_of_their_values(value: str | None, wanted: dict[int, float]) -> None:
    assert cells(COLUMNS[0], value) == wanted


def test_of_events_nothing_is_made_of_what_is_unknown_or_missing() -> None:
    column = Categories("DAY", ("weekday", "weekend"), missing=False)
    assert cells(column, "weekend") == {1: 1.0}
    assert cells(column, "holiday") == cells(column, None) == {}
    assert cells(Number("HOUR", (0.0, 12.0, 24.0), missing=False), None) == {}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (5, {0: -0.5, 1: 1.0}),
        (10, {0: 0.0, 2: 1.0}),
        ("15", {0: 0.5, 2: 1.0}),
        (-3, {0: -1.0, 1: 1.0}),
        (1e9, {0: 1.0, 2: 1.0}),
        (None, {3: 1.0}),
        (float("nan"), {3: 1.0}),
        ("cheap", {3: 1.0}),
    ],
)
def test_numbers_are_a_place_and_a_bucket(value: Any, wanted: dict[int, float]) -> None:
    assert cells(COLUMNS[1], value) == wanted


def test_texts_have_length_one_and_know_only_their_words() -> None:
    assert cells(COLUMNS[2], "Love, love & WAR!") == {0: 2 / 8**0.5, 1: 2 / 8**0.5}
    assert cells(COLUMNS[2], "war of the worlds") == {1: 1.0}
    assert cells(COLUMNS[2], "peace") == {2: 1.0}


def test_a_row_is_its_columns_cells_side_by_side() -> None:
    row = Design(COLUMNS).row({"GENRES": "comedy", "TITLE": "war", "UNKNOWN": 7})
    width = Design(COLUMNS).width
    dense = np.zeros(width)
    dense[row.columns] = row.weights
    assert width == 4 + 4 + 3
    assert dense.tolist() == [0, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0]


def test_taking_rows_and_multiplying_are_those_of_a_dense_matrix() -> None:
    rng = np.random.default_rng(0)
    dense = rng.integers(0, 2, (6, 5)) * rng.random((6, 5)).astype(np.float32)
    sparse = Cells.of([[(int(c), float(row[c])) for c in np.flatnonzero(row)] for row in dense])
    order = np.array([4, -1, 0, 0, 5])
    vectors = rng.random((5, 3)).astype(np.float32)
    wanted = np.where(order[:, None] >= 0, dense[order], 0) @ vectors
    np.testing.assert_allclose(sparse.take(order).times(vectors), wanted, rtol=1e-5)


def test_a_design_is_the_same_after_packing() -> None:
    assert Design.unpack(Design(COLUMNS).pack()) == Design(COLUMNS)
    assert Design.unpack(Design().pack()) == Design()


def test_without_features_nothing_is_added() -> None:
    features = Features({"items": np.zeros((3, 4), np.float32)})
    vector, bias = features.item({"GENRES": "action"})
    assert vector.tolist() == [0] * 4
    assert bias == 0
    for added in (features.user({"AGE": 3}), features.context({"DAY": "weekend"}), features.event({})):
        assert added.tolist() == [0] * 4
