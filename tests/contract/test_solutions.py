"""Solutions and recipes, as far as nothing has to be trained."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.clients import RECIPE, Service, group, solution

NAMES = ["aws-hrnn", "aws-popularity-count", "aws-sims"]


def ranges(**one: Any) -> dict[str, Any]:
    return {"hpoConfig": {"algorithmHyperParameterRanges": {"integerHyperParameterRanges": [one]}}}


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
        (
            {"performHPO": True, "recipeArn": RECIPE + "aws-popularity-count"},
            "InvalidInputException",
            "aws-popularity-count has no hyperparameters to optimise",
        ),
        (
            {
                "performHPO": True,
                "recipeArn": RECIPE + "aws-sims",
                "solutionConfig": {
                    "algorithmHyperParameters": {
                        "popularity_discount_factor": "0.4",
                        "min_cointeraction_count": "1",
                    }
                },
            },
            "InvalidInputException",
            "sets all that could be optimised",
        ),
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
        ({"autoTrainingConfig": {"schedulingExpression": "rate(\u0667 days)"}}, "regular expression pattern"),
        ({"eventValueThreshold": "1_0"}, "eventValueThreshold is '1_0': expected a number"),
        (ranges(minValue=32, maxValue=64), "the range has no name: expected one of bptt, hidden_dimension"),
        ({"autoTrainingConfig": {"schedulingExpression": "daily"}}, "rate"),
        ({"eventsConfig": {"eventParametersList": [{"eventType": "a", "weight": 0.5}]}}, "eventsConfig"),
        ({"eventsConfig": {"eventParametersList": [{"weight": 0.5}]}}, "[0].eventType is missing"),
        (
            {"eventsConfig": {"eventParametersList": [{"eventType": "a"}, {"eventType": "A"}]}},
            "[1].eventType is A, which is there already",
        ),
        ({"optimizationObjective": {"itemAttribute": "PRICE"}}, "optimizationObjective"),
        (
            {"trainingDataConfig": {"includedDatasetColumns": {"Itmes": ["A"]}}},
            "includedDatasetColumns has Itmes",
        ),
        ({"trainingDataConfig": {"excludedDatasetColumns": {"INTERACTIONS": ["EVENT_TYPE"]}}}, "EVENT_TYPE"),
        ({"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "41"}}}, "from 1 to 40"),
        ({"hpoConfig": {"hpoResourceConfig": {"maxParallelTrainingJobs": "11"}}}, "from 1 to 10"),
        ({"hpoConfig": {"hpoResourceConfig": {"maxNumberOfTrainingJobs": "many"}}}, "maxNumberOfTrainingJobs"),
        (
            ranges(name="bptt", minValue=1, maxValue=16),
            "[0].minValue: bptt cannot be 1: expected an integer from 2",
        ),
        (ranges(name="training.bptt", minValue=16, maxValue=8), "minValue 16 is above maxValue 8"),
        (ranges(name="hiden_dimension", minValue=32, maxValue=64), "did you mean hidden_dimension?"),
        (
            ranges(name="recency_mask", minValue=0, maxValue=1),
            "recency_mask in categoricalHyperParameterRanges",
        ),
        (ranges(name="bptt", minValue=2), "bptt has no maxValue"),
        (
            ranges(name="min_user_history_length_percentile", minValue=0, maxValue=1),
            "cannot optimise min_user_history_length_percentile",
        ),
    ],
)
def test_configurations_that_are_not_taken(service: Service, config: dict[str, Any], text: str) -> None:
    arn = group(service)
    code, message = service.refused(
        "create_solution", name="s", datasetGroupArn=arn, recipeArn=RECIPE + "aws-hrnn", solutionConfig=config
    )
    assert code == "InvalidInputException"
    assert text in message


def test_ranges_are_shown_with_what_they_are_about(service: Service) -> None:
    hpo = {
        "hpoResourceConfig": {"maxNumberOfTrainingJobs": "4", "maxParallelTrainingJobs": "2"},
        "algorithmHyperParameterRanges": {
            "integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 22}],
            "categoricalHyperParameterRanges": [{"name": "data.recency_mask", "values": ["true", "false"]}],
        },
    }
    config = {"hpoConfig": hpo, "algorithmHyperParameters": {"hidden_dimension": "55"}}
    arn = solution(service, group(service), "s", "aws-hrnn", performHPO=True, solutionConfig=config)
    found = service.call("describe_solution", solutionArn=arn)["solution"]
    assert found["performHPO"] is True
    assert found["solutionConfig"]["algorithmHyperParameters"] == {"hidden_dimension": "55"}
    assert found["solutionConfig"]["hpoConfig"] == {
        "hpoResourceConfig": hpo["hpoResourceConfig"],
        "algorithmHyperParameterRanges": {
            "integerHyperParameterRanges": [{"name": "training.bptt", "minValue": 2, "maxValue": 22}],
            "continuousHyperParameterRanges": [],
            "categoricalHyperParameterRanges": [{"name": "data.recency_mask", "values": ["true", "false"]}],
        },
    }


def test_automl_solutions(service: Service) -> None:
    arn = group(service)
    config = {"autoMLConfig": {"metricName": "precision_at_5", "recipeList": [RECIPE + "aws-sims"]}}
    made = service.call(
        "create_solution", name="best", datasetGroupArn=arn, performAutoML=True, solutionConfig=config
    )["solutionArn"]
    found = service.call("describe_solution", solutionArn=made)["solution"]
    assert (found["performAutoML"], found["performHPO"]) == (True, True)
    assert found["solutionConfig"] == config
    assert "recipeArn" not in found
    assert "autoMLResult" not in found
    schedule = {"autoTrainingConfig": {"schedulingExpression": "rate(3 days)"}}
    service.call("update_solution", solutionArn=made, solutionUpdateConfig=schedule)
    for wrong, code, text in (
        ({"metricName": "precision_at_7"}, "InvalidInputException", "did you mean precision_at_"),
        ({"recipeList": [RECIPE + "aws-hrn"]}, "ResourceNotFoundException", "aws-hrnn"),
    ):
        refused, message = service.refused(
            "create_solution",
            name="worst",
            datasetGroupArn=arn,
            performAutoML=True,
            solutionConfig={"autoMLConfig": wrong},
        )
        assert refused == code
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
    for recipe in found:
        members = set(recipe) - ({"domain"} if recipe["name"].startswith(("aws-ecomm-", "aws-vod-")) else set())
        assert members == {"name", "recipeArn", "status", "creationDateTime", "lastUpdatedDateTime"}
    page = service.call("list_recipes", maxResults=2)
    rest = service.call("list_recipes", nextToken=page["nextToken"])
    assert page["recipes"] + rest["recipes"] == found
    assert service.refused("list_recipes", nextToken="aws")[0] == "InvalidNextTokenException"
    assert len(service.call("list_recipes", domain="ECOMMERCE")["recipes"]) == 5


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
