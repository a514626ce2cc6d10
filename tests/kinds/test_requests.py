"""Every request that kinds make fits the service's own models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address

botocore_loaders = pytest.importorskip("botocore.loaders")

ACCOUNT = "arn:aws:personalize:eu-west-1:123456789012"
ROLE = "arn:aws:iam::123456789012:role/personalize"
AVRO = {"type": "record", "name": "Items", "fields": [{"name": "ITEM_ID", "type": "string"}]}
HPO = {
    "hpoObjective": {"type": "Maximize"},
    "hpoResourceConfig": {"maxNumberOfTrainingJobs": 4, "maxParallelTrainingJobs": 2},
    "algorithmHyperParameterRanges": {
        "integerHyperParameterRanges": [{"name": "bptt", "minValue": 2, "maxValue": 32}],
        "categoricalHyperParameterRanges": [{"name": "recency_mask", "values": [True, False]}],
    },
}
PLACES = {
    "jobInput": {"s3DataSource": {"path": "s3://b/in.json"}},
    "jobOutput": {"s3DataDestination": {"path": "s3://b/out/"}},
}
SPECS: list[tuple[str, dict[str, Any]]] = [
    ("DatasetGroup", {}),
    ("DatasetGroup", {"domain": "ECOMMERCE"}),
    ("DatasetGroup", {"kmsKeyArn": "arn:aws:kms:eu-west-1:123456789012:key/a", "roleArn": ROLE}),
    ("Schema", {"schema": AVRO, "domain": "ECOMMERCE"}),
    ("Dataset", {"datasetGroup": "g", "datasetType": "Items", "schema": "s"}),
    ("DatasetImport", {"dataset": "d", "dataSource": {"dataLocation": "s3://b/x.csv"}}),
    (
        "DatasetImport",
        {
            "dataset": "d",
            "dataSource": {"dataLocation": "s3://b/"},
            "importMode": "INCREMENTAL",
            "roleArn": ROLE,
            "publishAttributionMetricsToS3": True,
        },
    ),
    ("EventTracker", {"datasetGroup": "g"}),
    ("Solution", {"datasetGroup": "g", "recipe": "aws-sims"}),
    (
        "Solution",
        {
            "datasetGroup": "g",
            "recipe": "aws-hrnn",
            "performHPO": True,
            "performAutoTraining": True,
            "eventType": "watch",
            "solutionConfig": {
                "eventValueThreshold": 0.5,
                "algorithmHyperParameters": {"hidden_dimension": 64, "recency_mask": False},
                "featureTransformationParameters": {"max_user_history_length_percentile": 0.9},
                "hpoConfig": HPO,
                "optimizationObjective": {"itemAttribute": "PRICE", "objectiveSensitivity": "LOW"},
                "trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["TITLE"]}},
                "autoTrainingConfig": {"schedulingExpression": "rate(3 days)"},
            },
        },
    ),
    (
        "Solution",
        {
            "datasetGroup": "g",
            "performAutoML": True,
            "solutionConfig": {"autoMLConfig": {"metricName": "precision_at_25", "recipeList": ["aws-hrnn"]}},
        },
    ),
    (
        "Solution",
        {
            "datasetGroup": "g",
            "recipe": "aws-user-personalization-v2",
            "solutionConfig": {"eventsConfig": {"eventParametersList": [{"eventType": "w", "weight": 1}]}},
        },
    ),
    ("Campaign", {"solution": "s"}),
    (
        "Campaign",
        {
            "solution": "s",
            "minProvisionedTPS": 5,
            "campaignConfig": {
                "itemExplorationConfig": {"explorationWeight": 0.5, "explorationItemAgeCutOff": 7},
                "enableMetadataWithRecommendations": True,
                "rankingInfluence": {"FRESHNESS": 0.5},
            },
        },
    ),
    ("Recommender", {"datasetGroup": "g", "recipe": "aws-vod-most-popular"}),
    (
        "Recommender",
        {
            "datasetGroup": "g",
            "recipe": "aws-ecomm-recommended-for-you",
            "recommenderConfig": {
                "itemExplorationConfig": {"explorationWeight": 0.5, "explorationItemAgeCutOff": 7},
                "minRecommendationRequestsPerSecond": 5,
                "enableMetadataWithRecommendations": True,
                "trainingDataConfig": {"excludedDatasetColumns": {"ITEMS": ["TITLE"]}},
            },
            "active": False,
        },
    ),
    ("Filter", {"datasetGroup": "g", "filterExpression": "INCLUDE ItemID WHERE Items.YEAR > 1990"}),
    ("BatchInferenceJob", {"solution": "s", **PLACES, "roleArn": ROLE}),
    (
        "BatchInferenceJob",
        {
            "solution": "s",
            **PLACES,
            "roleArn": ROLE,
            "numResults": 5,
            "filter": "f",
            "batchInferenceJobConfig": {"itemExplorationConfig": {"explorationWeight": 0.5}},
        },
    ),
    (
        "BatchInferenceJob",
        {
            "solution": "s",
            **PLACES,
            "roleArn": ROLE,
            "batchInferenceJobMode": "THEME_GENERATION",
            "themeGenerationConfig": {"fieldsForThemeGeneration": {"itemName": "TITLE"}},
        },
    ),
    ("BatchSegmentJob", {"solution": "s", **PLACES, "roleArn": ROLE, "numResults": 1000}),
    (
        "DatasetExport",
        {"dataset": "d", "jobOutput": PLACES["jobOutput"], "roleArn": ROLE, "ingestionMode": "ALL"},
    ),
    (
        "MetricAttribution",
        {
            "datasetGroup": "g",
            "metrics": [{"metricName": "m", "eventType": "click", "expression": "SUM(Items.PRICE)"}],
            "metricsOutputConfig": {"roleArn": ROLE, "s3DataDestination": {"path": "s3://b/reports/"}},
        },
    ),
]


def arn_of(address: Address) -> str:
    tails = {
        "DatasetGroup": "dataset-group/{}",
        "Schema": "schema/{}",
        "Dataset": "dataset/g/ITEMS",
        "Solution": "solution/{}",
        "SolutionVersion": "solution/{}/0a1b2c3d",
        "Filter": "filter/{}",
    }
    return f"{ACCOUNT}:{tails[address.kind].format(address.name)}"


def check(operation: str, params: Mapping[str, Any]) -> None:
    """Raises if a request has members, types or limits that the service's model has not."""
    from botocore.model import ServiceModel
    from botocore.validate import ParamValidator

    loader = botocore_loaders.Loader()
    model = ServiceModel(loader.load_service_model("personalize", "service-2"))
    name = "".join(part.title() for part in operation.split("_"))
    shape = model.operation_model(name).input_shape
    report = ParamValidator().validate(dict(params), shape)
    assert not report.has_errors(), report.generate_report()
    assert shape is not None
    assert set(params) <= set(shape.members)


@pytest.mark.parametrize(("kind", "spec"), SPECS)
def test_requests_fit_the_model(kind: str, spec: dict[str, Any]) -> None:
    row = KINDS[kind]
    inputs = row.inputs(row.spec.model_validate(spec))
    bindings = row.bindings(inputs, arn_of)
    tags = {"b": "2", "a": "1"} if row.taggable else {}
    call = row.create("name", inputs, bindings, tags)
    check(call.operation, call.params)
    assert call.operation == row.operations.create
    assert call.params.get("tags", []) == [{"tagKey": key, "tagValue": tags[key]} for key in sorted(tags)]
    describe = row.describe(f"{ACCOUNT}:x/y")
    check(describe.operation, describe.params)
    if row.operations.update:
        update = row.update(f"{ACCOUNT}:x/y", inputs, bindings)
        check(update.operation, update.params)
        further = row.after_creation(f"{ACCOUNT}:x/y", inputs)
        for one in (*row.updates(f"{ACCOUNT}:x/y", inputs, bindings, list(inputs)), *further):
            check(one.operation, one.params)
    if row.deletable:
        delete = row.delete(f"{ACCOUNT}:x/y")
        check(delete.operation, delete.params)


def test_a_version_fits_the_model() -> None:
    row = KINDS["SolutionVersion"]
    inputs = {"solution": "s", "trainingMode": "FULL", "when": "manual"}
    call = row.create("s-0a1b2c3d", inputs, row.bindings(inputs, arn_of), {})
    check(call.operation, call.params)
    assert call.params == {"name": "s-0a1b2c3d", "solutionArn": f"{ACCOUNT}:solution/s", "trainingMode": "FULL"}


def test_the_wire_wants_text() -> None:
    row = KINDS["Solution"]
    _, spec = SPECS[9]
    params = row.create("s", row.inputs(row.spec.model_validate(spec)), {"datasetGroupArn": "a"}, {}).params
    config = params["solutionConfig"]
    assert config["algorithmHyperParameters"] == {"hidden_dimension": "64", "recency_mask": "false"}
    assert config["hpoConfig"]["hpoResourceConfig"]["maxNumberOfTrainingJobs"] == "4"
    ranges = config["hpoConfig"]["algorithmHyperParameterRanges"]
    assert ranges["continuousHyperParameterRanges"] == []
    assert ranges["categoricalHyperParameterRanges"] == [{"name": "recency_mask", "values": ["true", "false"]}]


def test_training_follows_the_plan_unless_asked_otherwise() -> None:
    row = KINDS["Solution"]
    plain = {"datasetGroup": "g", "recipe": "aws-sims"}
    assert row.create("s", plain, {"datasetGroupArn": "a"}, {}).params["performAutoTraining"] is False


def test_a_path_is_a_placeholder_and_a_bucket_is_not() -> None:
    row = KINDS["DatasetImport"]
    for location, sent in (("data/x.csv", {"$path": "data/x.csv"}), ("s3://b/x", "s3://b/x")):
        inputs = {"dataset": "d", "dataSource": {"dataLocation": location}, "importMode": "FULL"}
        params = row.create("i", inputs, {"datasetArn": "a"}, {}).params
        assert params["dataSource"] == {"dataLocation": sent}


def test_all_kinds_have_operations_of_the_service() -> None:
    import re

    model = botocore_loaders.Loader().load_service_model("personalize", "service-2")
    names = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in model["operations"]}
    for row in KINDS.values():
        used = {row.operations.create, row.operations.describe, row.operations.list}
        used |= {name for name in (row.operations.update, row.operations.delete) if name}
        assert used <= names
        assert bool(row.operations.delete) == row.deletable
