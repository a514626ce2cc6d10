"""Differences between JSON values, field by field."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.kinds.fields import lookup
from pzdecl.plan.diff import Difference, differences, ignored, replaced, short, shown

JSON = st.recursive(
    st.integers(-3, 3) | st.sampled_from(("a", "b")),
    lambda inner: st.dictionaries(st.sampled_from("xyz"), inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(st.sampled_from("pqr"), JSON, max_size=3)


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {"a": 2}, [("a", 1, 2)]),
        ({}, {"a": {"b": {"c": 1}}}, [("a.b.c", None, 1)]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, [("a.c", 2, None)]),
        ({"a": 1}, {"a": 1.0}, []),
        ({"f": [{"n": "x"}]}, {"f": [{"n": "y"}]}, [("f[0].n", "x", "y")]),
        ({"f": ["x"]}, {"f": ["x", "y"]}, [("f[1]", None, "y")]),
        ({"arn": {"$arn": "A/b"}}, {"arn": "arn:x"}, [("arn", {"$arn": "A/b"}, "arn:x")]),
        ({"a": 1, "b": 1}, {"b": 2, "c": 3}, [("a", 1, None), ("b", 1, 2), ("c", None, 3)]),
    ],
)
def test_known_differences(before: dict[str, Any], after: dict[str, Any], found: list[Any]) -> None:
    assert differences(before, after) == [Difference(*one) for one in found]


@given(OBJECTS, OBJECTS)
def test_there_is_a_difference_if_and_only_if_values_differ(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert bool(differences(before, after)) == (before != after)


@given(OBJECTS, OBJECTS)
def test_putting_values_back_undoes_differences(before: dict[str, Any], after: dict[str, Any]) -> None:
    names = {difference.path.split(".")[0].split("[")[0] for difference in differences(before, after)}
    for name in names:
        after = replaced(after, name, lookup(before, name))
    assert after == before


@pytest.mark.parametrize(
    ("path", "patterns", "beginning"),
    [
        ("a.b.c", ("a.b",), "a.b"),
        ("a.b.c", ("a.*",), "a.b"),
        ("a.b.c", ("b",), None),
        ("f[2].type", ("f",), "f"),
        ("tags.team", ("tags.t*",), "tags.team"),
        ("f[2].type", ("f[2].type",), "f[2].type"),
        ("f[2].type", ("f[*].type",), "f[2].type"),
        ("f[12].type", ("f[*]",), "f[12]"),
        ("f[2].type", ("f[1]", "f[*].name"), None),
    ],
)
def test_patterns_name_paths_and_what_is_below(
    path: str, patterns: tuple[str, ...], beginning: str | None
) -> None:
    assert ignored(path, patterns) == beginning


def test_values_are_short_enough_for_a_line() -> None:
    assert short(True) == "true"
    assert short(None) == "unset"
    assert short("arn:aws:personalize:local:000000000000:solution/x") == "solution/x"
    assert short({"$arn": "Solution/x"}) == "the new Solution/x"
    assert len(short(list(range(100)))) == 40
    assert shown({"a": [{"$hash": "ab"}], "b": 1}) == {"a": ["(sensitive)"], "b": 1}
