"""Solutions and recipes, as far as nothing has to be trained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.clients import RECIPE, Service, group, solution

NAMES = ["aws-hrnn", "aws-popularity-count", "aws-sims"]


def test_solution_is_described_as_created(service: Service) -> None:
    arn = group(service)
    config = {"algorithmHyperParameters": {"hidden_dimension": "64"}, "eventValueThreshold": "0.5"}
    made = solution(service, arn, "deep", "aws-hrnn", solutionConfig=config, eventType="watch")
    found = service.call("describe_solution", solutionArn=made)["solution"]
    assert found["status"] == "ACTIVE"
    assert found["creationDateTime"] == found["lastUpdatedDateTime"]
    assert {key: found[key] for key in found if not key.endswith("DateTime")} == {
        "name": "deep",
        "solutionArn": f"{service.arn_prefix}solution/deep",
        "performHPO": False,
        "performAutoML": False,
        "performAutoTraining": True,
        "recipeArn": RECIPE + "aws-hrnn",
        "datasetGroupArn": arn,
        "eventType": "watch",
        "solutionConfig": config,
        "status": "ACTIVE",
    }
    bare = service.call("describe_solution", solutionArn=solution(service, arn, solutionConfig={}))["solution"]
    assert "solutionConfig" not in bare
    assert "latestSolutionVersion" not in bare


@pytest.mark.parametrize(
    ("given", "code", "text"),
    [
        ({}, "InvalidInputException", "recipeArn"),
        ({"recipeArn": RECIPE + "aws-hrn"}, "ResourceNotFoundException", "did you mean " + RECIPE + "aws-hrnn"),
        ({"performAutoML": True, "recipeArn": RECIPE + "aws-sims"}, "InvalidInputException", "exactly one"),
        ({"performAutoML": True}, "InvalidInputException", "AutoML yet"),
        ({"performHPO": True, "recipeArn": RECIPE + "aws-sims"}, "InvalidInputException", "optimization yet"),
        (
            {"performIncrementalUpdate": True, "recipeArn": RECIPE + "aws-sims"},
            "InvalidInputException",
            "semantic",
        ),
    ],
)
def test_solutions_that_are_not_made(service: Service, given: dict[str, Any], code: str, text: str) -> None:
    arn = group(service)
    found, message = service.refused("create_solution", name="s", datasetGroupArn=arn, **given)
    assert found == code
    assert text in message
    assert service.call("list_solutions")["solutions"] == []


@pytest.mark.parametrize(
    ("config", "text"),
    [
        ({"algorithmHyperParameters": {"hidden_dimension": "20"}}, "32 to 256"),
        ({"algorithmHyperParameters": {"hiden_dimension": "64"}}, "hidden_dimension"),
        ({"algorithmHyperParameters": {"bptt": "ten"}}, "bptt"),
        ({"eventValueThreshold": "high"}, "eventValueThreshold"),
        ({"eventValueThreshold": "nan"}, "eventValueThreshold"),
        ({"autoTrainingConfig": {"schedulingExpression": "rate(31 days)"}}, "1 to 30"),
        ({"autoTrainingConfig": {"schedulingExpression": "daily"}}, "rate"),
        ({"eventsConfig": {"eventParametersList": [{"eventType": "a", "weight": 0.5}]}}, "eventsConfig"),
        ({"optimizationObjective": {"itemAttribute": "PRICE"}}, "optimizationObjective"),
        ({"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]}}}, "EVENT_TYPE"),
    ],
)
def test_configurations_that_are_not_taken(service: Service, config: dict[str, Any], text: str) -> None:
    arn = group(service)
    code, message = service.refused(
        "create_solution", name="s", datasetGroupArn=arn, recipeArn=RECIPE + "aws-hrnn", solutionConfig=config
    )
    assert code == "InvalidInputException"
    assert text in message


def test_all_wrong_parameters_come_out_together(service: Service) -> None:
    config = {"algorithmHyperParameters": {"bptt": "1", "hidden_dimension": "999"}, "eventValueThreshold": "x"}
    _, message = service.refused(
        "create_solution",
        name="s",
        datasetGroupArn=group(service),
        recipeArn=RECIPE + "aws-hrnn",
        solutionConfig=config,
    )
    assert all(word in message for word in ("bptt", "hidden_dimension", "eventValueThreshold"))


def test_update_solution_changes_automatic_training_only(service: Service) -> None:
    arn = solution(service, group(service))
    schedule = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}
    service.call("update_solution", solutionArn=arn, performAutoTraining=False, solutionUpdateConfig=schedule)
    found = service.call("describe_solution", solutionArn=arn)["solution"]
    assert found["performAutoTraining"] is False
    assert found["solutionConfig"] == schedule
    assert found["latestSolutionUpdate"]["status"] == "ACTIVE"
    assert found["latestSolutionUpdate"]["creationDateTime"] >= found["creationDateTime"]
    assert service.refused("update_solution", solutionArn=arn)[0] == "InvalidInputException"
    assert service.refused("update_solution", solutionArn=arn, recipeArn=arn)[0] == "InvalidInputException"


def test_recipes_are_listed_in_alphabetical_order(service: Service) -> None:
    found = service.call("list_recipes")["recipes"]
    assert [recipe["name"] for recipe in found] == sorted(recipe["name"] for recipe in found)
    assert set(NAMES) <= {recipe["name"] for recipe in found}
    assert set(found[0]) == {"name", "recipeArn", "status", "creationDateTime", "lastUpdatedDateTime"}
    page = service.call("list_recipes", maxResults=2)
    rest = service.call("list_recipes", nextToken=page["nextToken"])
    assert page["recipes"] + rest["recipes"] == found
    assert service.refused("list_recipes", nextToken="aws")[0] == "InvalidNextTokenException"
    assert service.call("list_recipes", domain="ECOMMERCE")["recipes"] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_recipe_leads_to_its_algorithm_and_transformation(service: Service, name: str) -> None:
    recipe = service.call("describe_recipe", recipeArn=RECIPE + name)["recipe"]
    algorithm = service.call("describe_algorithm", algorithmArn=recipe["algorithmArn"])["algorithm"]
    transformation = service.call(
        "describe_feature_transformation", featureTransformationArn=recipe["featureTransformationArn"]
    )["featureTransformation"]
    assert recipe["status"] == transformation["status"] == "ACTIVE"
    ranges = algorithm["defaultHyperParameterRanges"]
    named = {entry["name"] for entries in ranges.values() for entry in entries}
    assert named == set(algorithm["defaultHyperParameters"])
    assert all(isinstance(value, str) for value in transformation["defaultParameters"].values())


def test_the_parameters_of_hrnn(service: Service) -> None:
    algorithm = service.call("describe_algorithm", algorithmArn="arn:aws:personalize:::algorithm/aws-hrnn")[
        "algorithm"
    ]
    assert algorithm["defaultHyperParameters"] == {
        "hidden_dimension": "43",
        "bptt": "32",
        "recency_mask": "true",
    }
    hidden = algorithm["defaultHyperParameterRanges"]["integerHyperParameterRanges"][0]
    assert hidden == {"name": "hidden_dimension", "minValue": 32, "maxValue": 256, "isTunable": True}
    code, _ = service.refused("describe_algorithm", algorithmArn="arn:aws:personalize:::algorithm/none")
    assert code == "ResourceNotFoundException"
