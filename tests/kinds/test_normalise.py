"""Inputs: the same for every way of writing the same thing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pzdecl.engine.recipes.registry import CUSTOM
from pzdecl.kinds import KINDS
from pzdecl.kinds.fields import lookup
from pzdecl.kinds.solution_version import version_inputs


def inputs(kind: str, **spec: Any) -> dict[str, Any]:
    row = KINDS[kind]
    parsed = row.spec.model_validate(spec)
    assert row.check(parsed) == []
    return row.inputs(parsed)


def solution(**more: Any) -> dict[str, Any]:
    return inputs("Solution", **{"datasetGroup": "g", "recipe": "aws-hrnn", **more})


PLAIN = {"datasetGroup": "g", "recipe": "aws-hrnn"}


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"recipe": "arn:aws:personalize:::recipe/aws-hrnn"},
        {"performHPO": False, "performAutoML": False},
        {"performAutoTraining": False, "performIncrementalUpdate": False},
        {"training": {"when": "manual", "trainingMode": "FULL"}},
        {"solutionConfig": {}},
        {"solutionConfig": {"algorithmHyperParameters": {}}},
        {"solutionConfig": {"algorithmHyperParameters": {"hidden_dimension": 43, "bptt": "32"}}},
        {"solutionConfig": {"algorithmHyperParameters": {"recency_mask": "true"}}},
        {"solutionConfig": {"featureTransformationParameters": {"max_user_history_length_percentile": "0.99"}}},
        {"solutionConfig": {"featureTransformationParameters": {"min_user_history_length_percentile": 0}}},
        {"solutionConfig": {"autoTrainingConfig": {"schedulingExpression": "rate(2 days)"}}},
    ],
)
def test_a_default_written_down_is_no_difference(more: dict[str, Any]) -> None:
    assert solution(**more) == PLAIN


@pytest.mark.parametrize(("name", "values"), [("data.recency_mask", [True]), ("recency_mask", ["true"])])
def test_ranges_are_the_same_however_they_are_named(name: str, values: list[Any]) -> None:
    ranges = {
        "integerHyperParameterRanges": [],
        "categoricalHyperParameterRanges": [{"name": name, "values": values}],
    }
    config = {"hpoConfig": {"algorithmHyperParameterRanges": ranges}}
    assert solution(performHPO=True, solutionConfig=config)["solutionConfig"]["hpoConfig"] == {
        "algorithmHyperParameterRanges": {
            "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": ["true"]}]
        }
    }


def test_what_automl_chooses_from_is_a_set() -> None:
    names = ["aws-sims", "arn:aws:personalize:::recipe/aws-hrnn", "aws-sims"]
    found = inputs(
        "Solution",
        datasetGroup="g",
        performAutoML=True,
        solutionConfig={"autoMLConfig": {"recipeList": names}},
    )
    assert found["solutionConfig"]["autoMLConfig"]["recipeList"] == ["aws-hrnn", "aws-sims"]


@pytest.mark.parametrize("value", [64, "64", "64.0", 64.0])
def test_numbers_are_numbers_however_written(value: Any) -> None:
    found = solution(solutionConfig={"algorithmHyperParameters": {"hidden_dimension": value}})
    hidden = found["solutionConfig"]["algorithmHyperParameters"]["hidden_dimension"]
    assert (type(hidden), hidden) == (int, 64)


@pytest.mark.parametrize("value", [4, 4.0, "4", "4.0"])
def test_thresholds_are_text(value: Any) -> None:
    assert solution(solutionConfig={"eventValueThreshold": value})["solutionConfig"] == {
        "eventValueThreshold": "4"
    }


@given(st.sampled_from(sorted(CUSTOM)), st.data())
def test_defaults_of_hyperparameters_never_stand_in_inputs(name: str, data: st.DataObject) -> None:
    """And what stands there is typed, and shows its default in a diff."""
    config: dict[str, dict[str, Any]] = {}
    given_by_hand = [parameter for parameter in CUSTOM[name].hyperparameters if not parameter.fixed]
    for parameter in given_by_hand:
        if "percentile" in parameter.name:
            value: Any = parameter.default
        elif parameter.type == "boolean":
            value = data.draw(st.booleans())
        elif parameter.choices:
            value = data.draw(st.sampled_from(parameter.choices))
        else:
            assert parameter.minimum is not None
            low, high = parameter.minimum, parameter.maximum or 1e6
            whole = parameter.type == "integer"
            numbers = st.integers(int(low), int(high)) if whole else st.floats(low, high)
            value = data.draw(numbers.filter(parameter._within))
        config.setdefault(parameter.group, {})[parameter.name] = value
    found = solution(recipe=name, solutionConfig=config)
    for parameter in given_by_hand:
        path = f"solutionConfig.{parameter.group}.{parameter.name}"
        value = config[parameter.group][parameter.name]
        kept = lookup(found, path)
        assert kept == (None if value == parameter.default else value)
        assert KINDS["Solution"].default(path, found) == parameter.default


def test_what_can_only_be_optimised_is_not_set_by_hand() -> None:
    row = KINDS["Solution"]
    config = {"algorithmHyperParameters": {"item_id_hidden_dim": 50}}
    spec = row.spec.model_validate(
        {"datasetGroup": "g", "recipe": "aws-similar-items", "solutionConfig": config}
    )
    (problem,) = row.check(spec)
    assert problem.code == "PZ3012"
    assert "hpoConfig.algorithmHyperParameterRanges" in str(problem.expected)


def test_an_exploration_weight_may_be_whole() -> None:
    config = {"itemExplorationConfig": {"explorationWeight": 1}}
    found = inputs("Campaign", solution="s", campaignConfig=config)
    assert found["campaignConfig"] == {"itemExplorationConfig": {"explorationWeight": 1.0}}
    assert inputs("Campaign", solution="s", campaignConfig={}, minProvisionedTPS=1) == {"solution": "s"}


def test_types_of_datasets_are_upper_case() -> None:
    for text in ("Interactions", "interactions", "INTERACTIONS"):
        assert (
            inputs("Dataset", datasetGroup="g", datasetType=text, schema="s")["datasetType"] == "INTERACTIONS"
        )


def test_the_mode_of_an_import_is_always_there() -> None:
    source = {"dataLocation": "x.csv"}
    plain = inputs("DatasetImport", dataset="d", dataSource=source)
    assert plain == {"dataset": "d", "dataSource": source, "importMode": "FULL"}
    assert inputs("DatasetImport", dataset="d", dataSource=source, importMode="FULL") == plain


def test_the_inputs_of_a_version() -> None:
    row = KINDS["Solution"]
    weights = {"eventParametersList": [{"eventType": "watch", "weight": 1.0}]}
    spec: Any = row.spec.model_validate(
        {
            "datasetGroup": "g",
            "recipe": "aws-user-personalization-v2",
            "solutionConfig": {"eventsConfig": weights},
            "training": {"when": ["data", "config"]},
        }
    )
    assert version_inputs("s", spec, row.inputs(spec)) == {
        "solution": "s",
        "trainingMode": "FULL",
        "when": ["config", "data"],
        "solutionConfig": {"eventsConfig": weights},
    }
