"""What kinds know: ARNs, bindings, effects, statuses, what moves behind our back."""

from __future__ import annotations

from typing import Any

import pytest

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect, Reference, Status
from pzdecl.kinds.fields import flatten, join, lookup, split, within
from pzdecl.kinds.names import numbered, tail
from pzdecl.providers.client import ReadClient

ACCOUNT = "arn:aws:personalize:eu-west-1:123456789012"
EXPLORE = {"explorationWeight": "0.5", "explorationItemAgeCutOff": "30"}


def arn_of(address: Address) -> Any:
    if address.kind == "SolutionVersion":
        return {"$arn": str(address)}
    kind = "dataset-group" if address.kind == "DatasetGroup" else address.kind.lower()
    return f"{ACCOUNT}:{kind}/{address.name}"


@pytest.mark.parametrize(
    ("kind", "inputs", "expected"),
    [
        ("DatasetGroup", {}, "dataset-group/n"),
        ("Schema", {}, "schema/n"),
        ("Dataset", {"datasetGroup": "g", "datasetType": "ITEMS"}, "dataset/g/ITEMS"),
        (
            "Dataset",
            {"datasetGroup": f"{ACCOUNT}:dataset-group/far", "datasetType": "USERS"},
            "dataset/far/USERS",
        ),
        ("DatasetImport", {}, "dataset-import-job/n"),
        ("Solution", {}, "solution/n"),
        ("Campaign", {}, "campaign/n"),
        ("Recommender", {}, "recommender/n"),
        ("Filter", {}, "filter/n"),
        ("BatchInferenceJob", {}, "batch-inference-job/n"),
        ("BatchSegmentJob", {}, "batch-segment-job/n"),
        ("DatasetExport", {}, "dataset-export-job/n"),
        ("MetricAttribution", {}, "metric-attribution/n"),
        ("EventTracker", {}, None),
        ("SolutionVersion", {}, None),
    ],
)
def test_arns_follow_from_names(kind: str, inputs: dict[str, Any], expected: str | None) -> None:
    assert KINDS[kind].arn_tail("n", inputs, arn_of) == expected


def test_a_dataset_of_a_group_whose_arn_is_not_known_yet() -> None:
    inputs = {"datasetGroup": "g", "datasetType": "ITEMS"}
    assert KINDS["Dataset"].arn_tail("n", inputs, lambda address: {"$arn": str(address)}) is None


@pytest.mark.parametrize(
    ("solution", "sync", "expected"),
    [
        ("s", False, {"$arn": "SolutionVersion/s"}),
        ("s", True, f"{ACCOUNT}:solution/s/$LATEST"),
        (f"{ACCOUNT}:solution/far", False, f"{ACCOUNT}:solution/far/$LATEST"),
        (f"{ACCOUNT}:solution/far/0a1b2c3d", False, f"{ACCOUNT}:solution/far/0a1b2c3d"),
    ],
)
def test_what_a_campaign_serves(solution: str, sync: bool, expected: Any) -> None:
    inputs: dict[str, Any] = {"solution": solution}
    if sync:
        inputs["campaignConfig"] = {"syncWithLatestSolutionVersion": True}
    assert KINDS["Campaign"].bindings(inputs, arn_of) == {"solutionVersionArn": expected}


def test_references() -> None:
    inputs = {"datasetGroup": "g", "datasetType": "ITEMS", "schema": f"{ACCOUNT}:schema/far"}
    assert KINDS["Dataset"].references(inputs) == [
        Reference("datasetGroup", Address("DatasetGroup", "g")),
        Reference("schema", None, f"{ACCOUNT}:schema/far"),
    ]


@pytest.mark.parametrize(
    ("kind", "field", "inputs", "effect"),
    [
        ("DatasetGroup", "domain", {}, Effect.REPLACE),
        ("Schema", "schema.fields[0].type", {}, Effect.REPLACE),
        ("Dataset", "schemaArn", {"datasetType": "ITEMS"}, Effect.IN_PLACE),
        ("Dataset", "schema", {"datasetType": "USERS"}, Effect.IN_PLACE),
        ("Dataset", "schemaArn", {"datasetType": "INTERACTIONS"}, Effect.REPLACE),
        ("Dataset", "datasetType", {"datasetType": "ITEMS"}, Effect.REPLACE),
        ("DatasetImport", "dataSource.dataLocation", {"dataSource": {"dataLocation": "x"}}, Effect.METADATA),
        (
            "DatasetImport",
            "dataSource.dataLocation",
            {"dataSource": {"dataLocation": "s3://b"}},
            Effect.REPLACE,
        ),
        ("DatasetImport", "importMode", {}, Effect.REPLACE),
        ("Solution", "recipe", {}, Effect.REPLACE),
        ("Solution", "solutionConfig.algorithmHyperParameters.bptt", {}, Effect.REPLACE),
        ("Solution", "performAutoTraining", {}, Effect.IN_PLACE),
        ("Solution", "solutionConfig.autoTrainingConfig.schedulingExpression", {}, Effect.IN_PLACE),
        (
            "Solution",
            "solutionConfig.eventsConfig",
            {"solutionConfig": {"eventsConfig": {"a": 1}}},
            Effect.IN_PLACE,
        ),
        ("Solution", "solutionConfig.eventsConfig", {}, Effect.REPLACE),
        ("SolutionVersion", "solutionArn", {}, Effect.RETRAIN),
        ("SolutionVersion", "when", {}, Effect.METADATA),
        ("SolutionVersion", "when[0]", {}, Effect.METADATA),
        ("Campaign", "solutionVersionArn", {}, Effect.SWITCH),
        ("Campaign", "minProvisionedTPS", {}, Effect.IN_PLACE),
        ("Campaign", "campaignConfig.itemExplorationConfig.explorationWeight", {}, Effect.IN_PLACE),
        ("Recommender", "recipe", {}, Effect.REPLACE),
        ("Recommender", "active", {}, Effect.IN_PLACE),
        ("Recommender", "recommenderConfig.enableMetadataWithRecommendations", {}, Effect.IN_PLACE),
        ("Recommender", "recommenderConfig.trainingDataConfig.excludedDatasetColumns", {}, Effect.RETRAIN),
        ("EventTracker", "datasetGroupArn", {}, Effect.REPLACE),
        ("Filter", "filterExpression", {}, Effect.REPLACE),
        ("BatchInferenceJob", "solutionVersionArn", {}, Effect.REPLACE),
        ("BatchInferenceJob", "roleArn", {}, Effect.METADATA),
        ("DatasetExport", "ingestionMode", {}, Effect.REPLACE),
        ("MetricAttribution", "metricsOutputConfig.roleArn", {}, Effect.IN_PLACE),
        ("MetricAttribution", "metrics[0].expression", {}, Effect.REPLACE),
    ],
)
def test_effects(kind: str, field: str, inputs: dict[str, Any], effect: Effect) -> None:
    assert KINDS[kind].effect(field, inputs) is effect


@pytest.mark.parametrize(
    ("kind", "description", "status"),
    [
        ("Schema", {"name": "s"}, Status.READY),
        ("Dataset", {"status": "CREATE PENDING"}, Status.BUSY),
        ("Dataset", {"status": "CREATE FAILED"}, Status.FAILED),
        ("Dataset", {"status": "ACTIVE", "latestDatasetUpdate": {"status": "UPDATE PENDING"}}, Status.BUSY),
        ("SolutionVersion", {"status": "CREATE STOPPING"}, Status.BUSY),
        ("SolutionVersion", {"status": "CREATE STOPPED"}, Status.FAILED),
        ("Campaign", {"status": "DELETE IN_PROGRESS"}, Status.BUSY),
        ("Campaign", {"status": "ACTIVE", "latestCampaignUpdate": {"status": "ACTIVE"}}, Status.READY),
        (
            "Campaign",
            {"status": "ACTIVE", "latestCampaignUpdate": {"status": "CREATE IN_PROGRESS"}},
            Status.BUSY,
        ),
        ("Campaign", {"status": "ACTIVE", "latestCampaignUpdate": {"status": "CREATE FAILED"}}, Status.FAILED),
        ("Solution", {"status": "ACTIVE", "latestSolutionUpdate": {"status": "UPDATE FAILED"}}, Status.FAILED),
        ("Recommender", {"status": "INACTIVE"}, Status.READY),
        ("Recommender", {"status": "STOP IN_PROGRESS"}, Status.BUSY),
        ("Recommender", {"status": "START PENDING"}, Status.BUSY),
        (
            "Recommender",
            {"status": "INACTIVE", "latestRecommenderUpdate": {"status": "CREATE PENDING"}},
            Status.BUSY,
        ),
        (
            "Recommender",
            {"status": "ACTIVE", "latestRecommenderUpdate": {"status": "CREATE FAILED"}},
            Status.FAILED,
        ),
    ],
)
def test_statuses(kind: str, description: dict[str, Any], status: Status) -> None:
    assert KINDS[kind].status(description) is status


@pytest.mark.parametrize(
    ("changed", "active", "operations"),
    [
        (["active"], True, ["start_recommender"]),
        (["active"], False, ["stop_recommender"]),
        (["recommenderConfig.enableMetadataWithRecommendations"], False, ["update_recommender"]),
        (["active", "recommenderConfig"], True, ["start_recommender", "update_recommender"]),
        (["active", "recommenderConfig"], False, ["update_recommender", "stop_recommender"]),
    ],
)
def test_a_recommender_is_started_first_and_stopped_last(
    changed: list[str], active: bool, operations: list[str]
) -> None:
    inputs = {"recipe": "aws-vod-most-popular", **({} if active else {"active": False})}
    assert [one.operation for one in KINDS["Recommender"].updates("a", inputs, {}, changed)] == operations
    created = KINDS["Recommender"].after_creation("a", inputs)
    assert [one.operation for one in created] == ([] if active else ["stop_recommender"])


def test_what_is_taken_out_of_a_recommender_goes_back_to_its_default() -> None:
    row = KINDS["Recommender"]
    plain = row.update("a", {"recipe": "aws-vod-most-popular"}, {}).params["recommenderConfig"]
    assert plain == {
        "minRecommendationRequestsPerSecond": 1,
        "enableMetadataWithRecommendations": False,
        "trainingDataConfig": {"excludedDatasetColumns": {}},
    }
    exploring = row.update("a", {"recipe": "aws-vod-top-picks"}, {}).params["recommenderConfig"]
    assert exploring["itemExplorationConfig"] == {
        "explorationWeight": "0.3",
        "explorationItemAgeCutOff": "30.0",
    }
    assert row.observe({"recommenderConfig": exploring, "status": "ACTIVE"})["recommenderConfig"] is None


def test_reasons_of_failures() -> None:
    row = KINDS["Campaign"]
    assert row.failure({"status": "CREATE FAILED", "failureReason": "no"}) == "no"
    assert row.failure({"status": "ACTIVE", "latestCampaignUpdate": {"failureReason": "late"}}) == "late"
    assert row.failure({"status": "CREATE FAILED"}) == "CREATE FAILED"


CAMPAIGN = {"solutionVersionArn": "v", "minProvisionedTPS": 1}


@pytest.mark.parametrize(
    ("kind", "description", "seen"),
    [
        ("Campaign", CAMPAIGN, {"solutionVersionArn": "v", "minProvisionedTPS": None, "campaignConfig": None}),
        (
            "Campaign",
            {**CAMPAIGN, "minProvisionedTPS": 3, "campaignConfig": {"itemExplorationConfig": EXPLORE}},
            {
                "solutionVersionArn": "v",
                "minProvisionedTPS": 3,
                "campaignConfig": {"itemExplorationConfig": {"explorationWeight": 0.5}},
            },
        ),
        (
            "Campaign",
            {**CAMPAIGN, "campaignConfig": {"syncWithLatestSolutionVersion": True}},
            {"minProvisionedTPS": None, "campaignConfig": {"syncWithLatestSolutionVersion": True}},
        ),
        (
            "Solution",
            {"performAutoTraining": False, "solutionConfig": {"eventsConfig": {"a": 1}}},
            {
                "performAutoTraining": None,
                "performIncrementalUpdate": None,
                "solutionConfig.autoTrainingConfig": None,
                "solutionConfig.eventsConfig": {"a": 1},
            },
        ),
        ("Dataset", {"schemaArn": "s"}, {"schemaArn": "s"}),
        ("Recommender", {"status": "ACTIVE"}, {"recommenderConfig": None, "active": None}),
        ("Recommender", {"status": "STOP PENDING"}, {"recommenderConfig": None}),
        (
            "Recommender",
            {
                "status": "INACTIVE",
                "recommenderConfig": {
                    "itemExplorationConfig": EXPLORE,
                    "minRecommendationRequestsPerSecond": 1,
                    "enableMetadataWithRecommendations": False,
                    "trainingDataConfig": {"excludedDatasetColumns": {"Items": ["B", "A"], "USERS": []}},
                },
            },
            {
                "recommenderConfig": {
                    "itemExplorationConfig": {"explorationWeight": 0.5},
                    "trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["A", "B"]}},
                },
                "active": False,
            },
        ),
        ("Schema", {"schema": "x"}, {}),
    ],
)
def test_what_can_move(kind: str, description: dict[str, Any], seen: dict[str, Any]) -> None:
    assert KINDS[kind].observe(description) == seen


class Service:
    """Lists two pages of trackers and versions."""

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation == "list_event_trackers":
            if "nextToken" not in params:
                gone = {"name": "t", "eventTrackerArn": "gone", "status": "DELETE PENDING"}
                return {"eventTrackers": [gone], "nextToken": "2"}
            return {"eventTrackers": [{"name": "t", "eventTrackerArn": "here", "status": "ACTIVE"}]}
        if operation == "list_solution_versions":
            return {
                "solutionVersions": [{"solutionVersionArn": f"v{n}", "creationDateTime": n} for n in (1, 2, 3)]
            }
        return {
            "solutionVersion": {
                "name": {"v1": "s-old", "v2": "s-new", "v3": "s/0a"}[params["solutionVersionArn"]]
            }
        }

    def arn(self, tail: str) -> str:
        return f"{ACCOUNT}:{tail}"


def test_finding_what_the_service_named() -> None:
    client: ReadClient = Service()
    trackers, versions = KINDS["EventTracker"], KINDS["SolutionVersion"]
    assert trackers.find(client, "t", {"datasetGroupArn": "g"}) == "here"
    assert trackers.find(client, "u", {"datasetGroupArn": "g"}) is None
    assert versions.find(client, "s-new", {"solutionArn": "s"}) == "v2"
    assert versions.find(client, "s-none", {"solutionArn": "s"}) is None


def test_attributes() -> None:
    assert KINDS["EventTracker"].attributes({"trackingId": "abc"}) == {"trackingId": "abc"}
    assert KINDS["EventTracker"].attributes({}) == {}
    assert KINDS["Dataset"].attributes({"trackingId": "abc"}) == {"trackingId": "abc"}
    assert KINDS["Dataset"].attributes({"datasetType": "ITEMS"}) == {}


def test_flags() -> None:
    assert {name for name, row in KINDS.items() if row.holds_data} == {
        "DatasetGroup",
        "Dataset",
        "EventTracker",
    }
    assert {name for name, row in KINDS.items() if row.one_per_parent} == {
        "Dataset",
        "EventTracker",
        "MetricAttribution",
    }
    assert {name: row.run_action for name, row in KINDS.items() if row.run_action} == {
        "DatasetImport": "import",
        "SolutionVersion": "train",
        "BatchInferenceJob": "infer",
        "BatchSegmentJob": "infer",
        "DatasetExport": "infer",
    }
    assert [name for name, row in KINDS.items() if not row.declared] == ["SolutionVersion"]
    assert [name for name, row in KINDS.items() if not row.taggable] == ["Schema", "MetricAttribution"]


def test_names() -> None:
    assert numbered("a" * 63, "0123456789abcdef") == f"{'a' * 54}-01234567"
    assert tail(f"{ACCOUNT}:solution/s/0a") == "solution/s/0a"
    assert tail({"$arn": "Solution/s"}) is None


def test_paths() -> None:
    values = {"a": {"b": [{"c": 1}, {}]}, "d": [], "x.y": 2}
    assert list(flatten(values)) == [("a.b[0].c", 1), ("a.b[1]", {}), ("d", []), ("x.y", 2)]
    assert join(split("a.b[0].c")) == "a.b[0].c"
    assert lookup(values, "a.b[0].c") == 1
    assert lookup(values, "x.y") == 2
    assert lookup(values, "a.b[7].c") is lookup(values, "a.q.r") is None
    assert within("a.b[0]", "a.b")
    assert not within("a.bc", "a.b")


def test_addresses() -> None:
    assert Address.parse("Solution/s") == Address("Solution", "s")
    for text in ("Solution", "/s", "Solution/"):
        with pytest.raises(ValueError, match="is not an address"):
            Address.parse(text)


def test_addresses_do_not_need_pydantic() -> None:
    import subprocess
    import sys

    code = "import sys, pzdecl.kinds.address; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
