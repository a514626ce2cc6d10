"""From data to recommendations: imports, versions, campaigns, and the states they go through."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from tests.contract.clients import (
    Service,
    dataset,
    deployed,
    group,
    imported,
    schema,
    settled,
    solution,
    trained,
    write_interactions,
)

LATEST = "/$LATEST"


@pytest.fixture
def filled(working: Service, tmp_path: Path) -> tuple[Service, str]:
    """A service and a dataset group with interactions."""
    arn = group(working)
    found = imported(working, dataset(working, arn, schema(working)), write_interactions(tmp_path / "data.csv"))
    assert found["importMode"] == "FULL"
    return working, arn


def test_from_data_to_recommendations(filled: tuple[Service, str]) -> None:
    service, group_arn = filled
    solution_arn = solution(service, group_arn)
    version = trained(service, solution_arn)
    tail = str(version["solutionVersionArn"]).removeprefix(solution_arn + "/")
    assert len(tail) == 8
    assert version["name"] == f"popular/{tail}"
    assert version["solutionConfig"] == {}
    assert (version["trainingMode"], version["trainingType"]) == ("FULL", "MANUAL")
    assert isinstance(version["trainingHours"], float)
    latest = service.call("describe_solution", solutionArn=solution_arn)["solution"]["latestSolutionVersion"]
    assert latest["solutionVersionArn"] == version["solutionVersionArn"]

    metrics = service.call("get_solution_metrics", solutionVersionArn=version["solutionVersionArn"])["metrics"]
    assert list(metrics) == [
        "coverage",
        "mean_reciprocal_rank_at_25",
        "normalized_discounted_cumulative_gain_at_10",
        "normalized_discounted_cumulative_gain_at_25",
        "normalized_discounted_cumulative_gain_at_5",
        "precision_at_10",
        "precision_at_25",
        "precision_at_5",
    ]
    assert all(0 <= value <= 1 and round(value, 4) == value for value in metrics.values())

    campaign = deployed(service, str(version["solutionVersionArn"]), minProvisionedTPS=2)
    assert campaign["status"] == "ACTIVE"
    assert campaign["minProvisionedTPS"] == 2
    assert "latestCampaignUpdate" not in campaign
    answer = service.call("get_recommendations", campaignArn=campaign["campaignArn"], userId="u1", numResults=5)
    assert len({item["itemId"] for item in answer["itemList"]}) == 5
    assert answer["recommendationId"].startswith("RID-")
    uuid.UUID(answer["recommendationId"].removeprefix("RID-"))
    assert (
        len(service.call("get_recommendations", campaignArn=campaign["campaignArn"], userId="new")["itemList"])
        == 25
    )
    for params, text in (({}, "userId"), ({"userId": "u1", "numResults": 501}, "500")):
        code, message = service.refused("get_recommendations", campaignArn=campaign["campaignArn"], **params)
        assert code == "InvalidInputException"
        assert text in message
    code, message = service.refused(
        "get_personalized_ranking", campaignArn=campaign["campaignArn"], userId="u1", inputList=["i1"]
    )
    assert code == "InvalidInputException"
    assert "rank" in message


def test_a_campaign_moves_to_another_version_and_blocks_its_solution(filled: tuple[Service, str]) -> None:
    service, group_arn = filled
    solution_arn = solution(service, group_arn)
    first, second = trained(service, solution_arn), trained(service, solution_arn, name="second")
    assert second["name"] == "second"
    campaign = deployed(service, str(first["solutionVersionArn"]))
    arn = campaign["campaignArn"]
    service.call(
        "update_campaign", campaignArn=arn, solutionVersionArn=solution_arn + LATEST, minProvisionedTPS=3
    )
    moved = settled(service, "describe_campaign", "campaign", campaignArn=arn)
    assert moved["solutionVersionArn"] == second["solutionVersionArn"]
    assert moved["minProvisionedTPS"] == 3
    assert moved["latestCampaignUpdate"]["solutionVersionArn"] == second["solutionVersionArn"]
    code, message = service.refused("delete_solution", solutionArn=solution_arn)
    assert code == "ResourceInUseException"
    assert str(arn) in message
    assert service.call("delete_campaign", campaignArn=arn) == {}
    assert service.call("delete_solution", solutionArn=solution_arn) == {}
    gone = service.refused("describe_solution_version", solutionVersionArn=first["solutionVersionArn"])
    assert gone[0] == "ResourceNotFoundException"


def test_a_campaign_that_follows_gets_every_new_version(filled: tuple[Service, str]) -> None:
    service, group_arn = filled
    solution_arn = solution(service, group_arn)
    first = trained(service, solution_arn)
    follow = {"syncWithLatestSolutionVersion": True}
    code, message = service.refused(
        "create_campaign", name="c", solutionVersionArn=first["solutionVersionArn"], campaignConfig=follow
    )
    assert code == "InvalidInputException"
    assert LATEST in message
    campaign = deployed(service, solution_arn + LATEST, campaignConfig=follow)
    assert campaign["solutionVersionArn"] == first["solutionVersionArn"]
    second = trained(service, solution_arn)
    found = settled(service, "describe_campaign", "campaign", campaignArn=campaign["campaignArn"])
    assert found["solutionVersionArn"] == second["solutionVersionArn"]
    assert found["campaignConfig"] == follow


def test_what_can_not_be_deployed(filled: tuple[Service, str]) -> None:
    service, group_arn = filled
    solution_arn = solution(service, group_arn)
    for version in (solution_arn, solution_arn + LATEST, solution_arn + "/00000000"):
        code, _ = service.refused("create_campaign", name="c", solutionVersionArn=version)
        assert code == "ResourceNotFoundException"
    ready = str(trained(service, solution_arn)["solutionVersionArn"])
    for config in (
        {"itemExplorationConfig": {"explorationWeight": "0.3"}},
        {"enableMetadataWithRecommendations": True},
        {"rankingInfluence": {"POPULARITY": 0.5}},
    ):
        code, message = service.refused(
            "create_campaign", name="c", solutionVersionArn=ready, campaignConfig=config
        )
        assert code == "InvalidInputException"
        assert next(iter(config)) in message
    code, _ = service.refused("create_campaign", name="c", solutionVersionArn=ready, minProvisionedTPS=0)
    assert code == "InvalidInputException"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("USER_ID,TIMESTAMP\nu,1\n", "Input CSV is missing the following columns:[ITEM_ID]. (line 1)"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu,i,now\n", "TIMESTAMP is 'now' (line 2)"),
        ("USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n", "1 interaction, fewer than 1000"),
    ],
)
def test_a_failed_import_says_why_and_changes_nothing(
    filled: tuple[Service, str], tmp_path: Path, content: str, text: str
) -> None:
    service, group_arn = filled
    bad = tmp_path / "bad.csv"
    bad.write_text(content, encoding="utf-8")
    arn = f"{service.arn_prefix}dataset/movies/INTERACTIONS"
    found = imported(service, arn, bad, "bad", ends="CREATE FAILED")
    assert text in str(found["failureReason"])
    trained(service, solution(service, group_arn))


def test_locations_and_modes_that_are_refused_at_once(working: Service, tmp_path: Path) -> None:
    arn = dataset(working, group(working), schema(working))
    for location in ("ftp://x/y", ""):
        code, _ = working.refused(
            "create_dataset_import_job", jobName="j", datasetArn=arn, dataSource={"dataLocation": location}
        )
        assert code == "InvalidInputException"
    path = write_interactions(tmp_path / "data.csv")
    code, message = working.refused(
        "create_dataset_import_job",
        jobName="j",
        datasetArn=arn,
        dataSource={"dataLocation": str(path)},
        importMode="INCREMENTAL",
    )
    assert code == "InvalidInputException"
    assert "FULL" in message
    missing = imported(working, arn, tmp_path / "nowhere.csv", "nowhere", ends="CREATE FAILED")
    assert "Invalid Data location" in str(missing["failureReason"])


def test_training_without_enough_data_fails_with_the_services_text(working: Service) -> None:
    version = trained(working, solution(working, group(working)), ends="CREATE FAILED")
    assert "no interactions" in str(version["failureReason"])
    arn = version["solutionVersionArn"]
    assert working.refused("get_solution_metrics", solutionVersionArn=arn)[0] == "ResourceInUseException"
    code, message = working.refused("create_campaign", name="c", solutionVersionArn=arn)
    assert code == "ResourceInUseException"
    assert "CREATE FAILED" in message
    assert (
        working.refused("stop_solution_version_creation", solutionVersionArn=arn)[0] == "ResourceInUseException"
    )


def test_a_waiting_version_is_stopped_at_once(service: Service) -> None:
    arn = service.call("create_solution_version", solutionArn=solution(service, group(service)))[
        "solutionVersionArn"
    ]
    found = service.call("describe_solution_version", solutionVersionArn=arn)["solutionVersion"]
    assert found["status"] == "CREATE PENDING"
    solution_arn = str(arn).rpartition("/")[0]
    assert service.refused("delete_solution", solutionArn=solution_arn)[0] == "ResourceInUseException"
    service.call("stop_solution_version_creation", solutionVersionArn=arn)
    found = service.call("describe_solution_version", solutionVersionArn=arn)["solutionVersion"]
    assert found["status"] == "CREATE STOPPED"
    assert service.call("delete_solution", solutionArn=solution_arn) == {}
