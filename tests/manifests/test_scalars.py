"""YAML 1.2 core scalars, and not those of 1.1."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pzdecl.manifests.evaluate import Evaluator, Variables
from pzdecl.manifests.nodes import PureLoader, compose
from pzdecl.manifests.report import Report
from pzdecl.manifests.scalars import resolve, tagged


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("no", "on", "yes", "off", "y", "n", "NO", "nULL", "tRUE", "Nan")),
        *(
            (text, text)
            for text in ("1:30", "2024-01-01", "2024-01-01T00:00:00Z", "1_000", "0b11", "+", "-", ".")
        ),
        *(
            (text, text)
            for text in ("1e", "e3", "0x", "0xG", "0o8", "-0x1", "1.2.3", "inf", "nan", "- ", "..1")
        ),
        *((text, None) for text in ("", "~", "null", "Null", "NULL")),
        *((text, True) for text in ("true", "True", "TRUE")),
        *((text, False) for text in ("false", "False", "FALSE")),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("-7", -7),
        ("+7", 7),
        ("1e3", 1000.0),
        ("1.", 1.0),
        (".5", 0.5),
        ("-1.5E-2", -0.015),
        (".inf", math.inf),
        ("-.Inf", -math.inf),
    ],
)
def test_resolve(text: str, value: object) -> None:
    found = resolve(text)
    assert (type(found), found) == (type(value), value)


def test_nan() -> None:
    found = resolve(".nan")
    assert isinstance(found, float)
    assert math.isnan(found)


@given(st.text())
@example("0" * 10_000)
@example("²")
def test_resolve_never_fails_and_text_stays_text(text: str) -> None:
    value = resolve(text)
    if isinstance(value, str):
        assert value == text


@given(st.integers())
def test_integers(number: int) -> None:
    assert resolve(str(number)) == number


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats(number: float) -> None:
    assert resolve(repr(number)) == number


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [("str", "5", "5"), ("int", "5", 5), ("float", "5", 5.0), ("bool", "true", True), ("null", "", None)],
)
def test_tagged(tag: str, text: str, value: object) -> None:
    assert tagged(tag, text) == value


@pytest.mark.parametrize(
    ("tag", "text"), [("int", "x"), ("bool", "no"), ("timestamp", "2024-01-01"), ("int", "true")]
)
def test_wrong_tags(tag: str, text: str) -> None:
    with pytest.raises(ValueError, match=text):
        tagged(tag, text)


words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=12)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | words,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=3),
    max_leaves=12,
)


@given(st.dictionaries(words, values, min_size=1, max_size=4))
def test_json_is_yaml_with_both_loaders(document: dict[str, object]) -> None:
    import json

    text = json.dumps(document, ensure_ascii=False)
    if "${" in text:
        return
    for loader in (None, PureLoader):
        report = Report()
        nodes = compose(text, "x", report, loader)
        assert nodes is not None, report.errors
        assert Evaluator("x", Variables(), report).value(nodes[0]) == document
