"""Reading hyperparameters: what the wire sends, what YAML gives, and what is refused."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.recipes.base import ParameterError
from pzdecl.engine.recipes.registry import CUSTOM, RECIPES

HRNN = RECIPES["aws-hrnn"]
SIMS = RECIPES["aws-sims"]


FIXED = {
    ("aws-user-personalization-v2", "apply_recency_bias"),
    ("aws-personalized-ranking-v2", "apply_recency_bias"),
    ("aws-item-affinity", "hidden_dimension"),
    ("aws-item-attribute-affinity", "hidden_dimension"),
    ("aws-similar-items", "popularity_discount_factor"),
}
"""Of the algorithms' own, those that the service documents as not tunable."""


def algorithm(**values: Any) -> dict[str, Any]:
    return {"algorithmHyperParameters": values}


def features(**values: Any) -> dict[str, Any]:
    return {"featureTransformationParameters": values}


def test_defaults_are_the_documented_ones() -> None:
    assert HRNN.parameters({}) == {
        "hidden_dimension": 43,
        "bptt": 32,
        "recency_mask": True,
        "min_user_history_length_percentile": 0.0,
        "max_user_history_length_percentile": 0.99,
    }
    assert SIMS.parameters({}) == {
        "popularity_discount_factor": 0.5,
        "min_cointeraction_count": 3,
        "min_user_history_length_percentile": 0.005,
        "max_user_history_length_percentile": 0.995,
        "min_item_interaction_count_percentile": 0.01,
        "max_item_interaction_count_percentile": 0.9,
    }
    assert RECIPES["aws-popularity-count"].parameters({}) == {}


def test_tunable_are_the_algorithms_own() -> None:
    for recipe in CUSTOM.values():
        for parameter in recipe.hyperparameters:
            algorithms = parameter.group == "algorithmHyperParameters"
            assert parameter.tunable == (algorithms and (recipe.name, parameter.name) not in FIXED)


@pytest.mark.parametrize(
    ("name", "given_value", "read"),
    [
        ("hidden_dimension", "64", 64),
        ("hidden_dimension", 64, 64),
        ("hidden_dimension", "64.0", 64),
        ("recency_mask", "False", False),
        ("recency_mask", " true ", True),
        ("recency_mask", False, False),
    ],
)
def test_text_and_plain_values_are_read(name: str, given_value: object, read: object) -> None:
    value = HRNN.parameters(algorithm(**{name: given_value}))[name]
    assert value == read
    assert type(value) is type(read)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("hidden_dimension", "31", "an integer from 32 to 256"),
        ("hidden_dimension", 257, "an integer from 32 to 256"),
        ("hidden_dimension", "43.5", "an integer from 32 to 256"),
        ("hidden_dimension", "many", "an integer from 32 to 256"),
        ("hidden_dimension", "4_3", "an integer from 32 to 256"),
        ("hidden_dimension", "\N{FULLWIDTH DIGIT FOUR}3", "an integer from 32 to 256"),
        ("hidden_dimension", True, "an integer from 32 to 256"),
        ("hidden_dimension", None, "an integer from 32 to 256"),
        ("bptt", "1", "an integer from 2 to 32"),
        ("recency_mask", "yes", "true or false"),
        ("recency_mask", 1, "true or false"),
    ],
)
def test_wrong_values_say_what_was_expected(name: str, value: object, expected: str) -> None:
    with pytest.raises(ParameterError) as caught:
        HRNN.parameters(algorithm(**{name: value}))
    assert (caught.value.parameter, caught.value.expected) == (name, expected)
    assert repr(value) in str(caught.value)


@pytest.mark.parametrize("value", ["nan", "inf", "-0.1", "1.1"])
def test_a_share_is_a_finite_number_in_its_range(value: str) -> None:
    with pytest.raises(ParameterError, match="a number from 0 to 1"):
        SIMS.parameters(algorithm(popularity_discount_factor=value))


def test_unknown_names_get_the_nearest() -> None:
    with pytest.raises(ParameterError) as caught:
        HRNN.parameters(algorithm(hiden_dimension=43))
    assert caught.value.suggestion == "hidden_dimension"
    assert "did you mean hidden_dimension" in str(caught.value)


def test_a_known_name_in_the_wrong_map_is_sent_to_the_right_one() -> None:
    with pytest.raises(ParameterError, match="expected max_user_history_length_percentile in feature"):
        HRNN.parameters(algorithm(max_user_history_length_percentile=0.9))


def test_all_problems_come_at_once() -> None:
    config = {**algorithm(bptt=99, nothing=1), **features(min_user_history_length_percentile=-1)}
    assert [p.parameter for p in HRNN.problems(config)] == [
        "bptt",
        "nothing",
        "min_user_history_length_percentile",
    ]


def test_crossed_percentiles_are_refused() -> None:
    config = features(min_user_history_length_percentile=0.9, max_user_history_length_percentile=0.2)
    with pytest.raises(ParameterError, match="below max_user_history_length_percentile"):
        HRNN.parameters(config)


@given(st.sampled_from([p for r in RECIPES.values() for p in r.hyperparameters]), st.data())
def test_whatever_lies_in_range_survives_the_wire(parameter: Any, data: Any) -> None:
    low, high = parameter.minimum, parameter.maximum
    values = {
        "integer": lambda: st.integers(int(low), 10**6 if high is None else int(high)),
        "float": lambda: st.floats(low, high or 10**6, exclude_min=parameter.exclusive),
        "boolean": st.booleans,
        "string": lambda: st.sampled_from(parameter.choices),
    }[parameter.type]()
    value = data.draw(values)
    assert parameter.parse(str(value)) == value == parameter.parse(value)


def test_the_registry_loads_nothing_heavy() -> None:
    code = (
        "import sys; import pzdecl.engine.recipes.registry;"
        "print([m for m in ('torch', 'numpy', 'scipy', 'pyarrow') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"
