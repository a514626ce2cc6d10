"""Fingerprints of rows: what counts, and what doesn't."""

from __future__ import annotations

import json
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pzdecl.kinds.address import Address
from pzdecl.state import canonical, fingerprint, from_json, row_fingerprint, to_json
from pzdecl.state.model import Fingerprints
from tests.state.rows import row

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=30)
@given(JSON)
def test_canonical_json_is_json(value: Any) -> None:
    assert json.loads(canonical(value)) == value


def test_order_and_type_of_mappings_do_not_count() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint(MappingProxyType({"b": 2, "a": 1}))
    assert fingerprint({"a": 1}) != fingerprint({"a": "1"})


def test_what_is_no_json_is_refused() -> None:
    with pytest.raises(TypeError, match="object is not a JSON value"):
        canonical({"a": object()})


@settings(max_examples=30)
@given(st.dictionaries(st.text(), JSON), st.booleans())
def test_a_row_survives_json(inputs: dict[str, Any], protect: bool) -> None:
    given_row = row("Campaign/c", inputs=inputs, protect=protect, dependencies=(Address("Solution", "x"),))
    assert from_json(given_row.address, json.loads(canonical(to_json(given_row)))) == given_row


@pytest.mark.parametrize(
    "change",
    [
        {"address": Address("Campaign", "d")},
        {"name": "other"},
        {"arn": "other"},
        {"inputs": {}},
        {"bindings": {}},
        {"tags": {}},
        {"fingerprints": Fingerprints("", "", "", "")},
        {"attributes": {"a": 1}},
        {"data": {}},
        {"dependencies": (Address("Solution", "x"),)},
        {"protect": True},
        {"on_delete": "retain"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_everything_in_a_row_counts(change: dict[str, Any]) -> None:
    before = row("Campaign/c")
    assert row_fingerprint(replace(before, **change)) != row_fingerprint(before)


def test_the_place_of_the_document_does_not_count() -> None:
    before = row("Campaign/c")
    assert row_fingerprint(replace(before, source="other.yaml:7")) == row_fingerprint(before)
    assert row_fingerprint(None) is None
