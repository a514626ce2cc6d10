"""Groups, schemas, datasets and trackers: ARNs, descriptions, what is refused, and by which name."""

from __future__ import annotations

import datetime
import json
from typing import Any

import pytest

from tests.contract.clients import INTERACTIONS, ITEMS, Service, dataset, group, schema, solution

ROLE = "arn:aws:iam::000000000000:role/personalize"
KEY = "arn:aws:kms:eu-west-1:000000000000:key/1"


def test_dataset_group_is_described_as_created(service: Service) -> None:
    before = datetime.datetime.now(datetime.UTC)
    arn = group(service, "movies", roleArn=ROLE, kmsKeyArn=KEY)
    assert arn == f"{service.arn_prefix}dataset-group/movies"
    found = service.call("describe_dataset_group", datasetGroupArn=arn)["datasetGroup"]
    created, updated = found.pop("creationDateTime"), found.pop("lastUpdatedDateTime")
    assert created == updated
    second = datetime.timedelta(seconds=1)  # the wire rounds
    assert before - second < created < datetime.datetime.now(datetime.UTC) + second
    assert found == {
        "name": "movies",
        "datasetGroupArn": arn,
        "status": "ACTIVE",
        "roleArn": ROLE,
        "kmsKeyArn": KEY,
    }


@pytest.mark.parametrize("given", [{"roleArn": ROLE}, {"kmsKeyArn": KEY}])
def test_role_and_key_of_a_group_come_together(service: Service, given: dict[str, str]) -> None:
    code, message = service.refused("create_dataset_group", name="g", **given)
    assert code == "InvalidInputException"
    assert "roleArn" in message
    assert "kmsKeyArn" in message


def test_names_are_unique_within_a_type(service: Service) -> None:
    arn = group(service)
    assert service.refused("create_dataset_group", name="movies") == (
        "ResourceAlreadyExistsException",
        f"Another resource with Amazon resource name (ARN) {arn} already exists.",
    )
    assert solution(service, arn, "movies").endswith("solution/movies")
    other = group(service, "books")
    code, message = service.refused(
        "create_solution",
        name="movies",
        datasetGroupArn=other,
        recipeArn="arn:aws:personalize:::recipe/aws-sims",
    )
    assert code == "ResourceAlreadyExistsException"
    assert "solution/movies" in message


@pytest.mark.parametrize(
    ("operation", "key", "tail", "words"),
    [
        ("describe_dataset_group", "datasetGroupArn", "dataset-group/no", "dataset group"),
        ("delete_dataset_group", "datasetGroupArn", "dataset-group/no", "dataset group"),
        ("describe_schema", "schemaArn", "schema/no", "schema"),
        ("delete_schema", "schemaArn", "schema/no", "schema"),
        ("describe_dataset", "datasetArn", "dataset/no/ITEMS", "dataset"),
        ("delete_dataset", "datasetArn", "dataset/no/ITEMS", "dataset"),
        ("describe_dataset_import_job", "datasetImportJobArn", "dataset-import-job/no", "dataset import job"),
        ("describe_event_tracker", "eventTrackerArn", "event-tracker/no", "event tracker"),
        ("delete_event_tracker", "eventTrackerArn", "event-tracker/no", "event tracker"),
        ("describe_solution", "solutionArn", "solution/no", "solution"),
        ("update_solution", "solutionArn", "solution/no", "solution"),
        ("delete_solution", "solutionArn", "solution/no", "solution"),
        ("create_solution_version", "solutionArn", "solution/no", "solution"),
        ("list_solution_versions", "solutionArn", "solution/no", "solution"),
        ("describe_solution_version", "solutionVersionArn", "solution/no/12345678", "solution version"),
        ("get_solution_metrics", "solutionVersionArn", "solution/no/12345678", "solution version"),
        ("stop_solution_version_creation", "solutionVersionArn", "solution/no/12345678", "solution version"),
        ("describe_campaign", "campaignArn", "campaign/no", "campaign"),
        ("update_campaign", "campaignArn", "campaign/no", "campaign"),
        ("delete_campaign", "campaignArn", "campaign/no", "campaign"),
        ("get_recommendations", "campaignArn", "campaign/no", "campaign"),
    ],
)
def test_what_does_not_exist_is_not_found(
    service: Service, operation: str, key: str, tail: str, words: str
) -> None:
    arn = service.arn_prefix + tail
    more: dict[str, Any] = {"performAutoTraining": False} if operation == "update_solution" else {}
    expected = ("ResourceNotFoundException", f"The given {words} does not exist: {arn}")
    assert service.refused(operation, **{key: arn}, **more) == expected


def test_an_arn_of_another_type_is_not_found(service: Service) -> None:
    arn = schema(service)
    assert service.refused("describe_dataset_group", datasetGroupArn=arn)[0] == "ResourceNotFoundException"


def test_a_group_can_be_deleted_only_when_empty(service: Service) -> None:
    arn, schema_arn = group(service), schema(service)
    children = [
        ("delete_dataset", "datasetArn", dataset(service, arn, schema_arn)),
        ("delete_solution", "solutionArn", solution(service, arn)),
        (
            "delete_event_tracker",
            "eventTrackerArn",
            service.call("create_event_tracker", name="t", datasetGroupArn=arn)["eventTrackerArn"],
        ),
    ]
    for operation, key, child in children:
        assert service.refused("delete_dataset_group", datasetGroupArn=arn)[0] == "ResourceInUseException"
        assert service.call(operation, **{key: child}) == {}
    assert service.call("delete_dataset_group", datasetGroupArn=arn) == {}
    assert service.refused("describe_dataset_group", datasetGroupArn=arn)[0] == "ResourceNotFoundException"
    assert group(service) == arn


def test_lists_are_paged_in_the_order_of_creation(service: Service) -> None:
    names = [f"group-{number:02}" for number in range(7)]
    for name in names:
        group(service, name)
    seen: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = service.call("list_dataset_groups", maxResults=3, **token)
        seen += [found["name"] for found in page["datasetGroups"]]
        assert len(page["datasetGroups"]) <= 3
        if "nextToken" not in page:
            break
        token = {"nextToken": page["nextToken"]}
    assert seen == names
    assert "nextToken" not in service.call("list_dataset_groups", maxResults=7)
    for operation in ("list_dataset_groups", "list_schemas"):
        wrong = token if operation == "list_schemas" else {"nextToken": "nonsense"}
        assert service.refused(operation, **wrong)[0] == "InvalidNextTokenException"


def test_lists_are_filtered_by_parent_and_show_summaries(service: Service) -> None:
    one, two, schema_arn = group(service, "one"), group(service, "two"), schema(service)
    arn = dataset(service, one, schema_arn, name="d")
    (found,) = service.call("list_datasets", datasetGroupArn=one)["datasets"]
    assert set(found) == {
        "name",
        "datasetArn",
        "datasetType",
        "status",
        "creationDateTime",
        "lastUpdatedDateTime",
    }
    assert found["datasetArn"] == arn
    assert service.call("list_datasets", datasetGroupArn=two)["datasets"] == []
    assert len(service.call("list_datasets")["datasets"]) == 1


def test_schema_keeps_its_text_and_blocks_while_used(service: Service) -> None:
    text = json.dumps(INTERACTIONS, indent=3)
    arn = service.call("create_schema", name="s", schema=text)["schemaArn"]
    found = service.call("describe_schema", schemaArn=arn)["schema"]
    assert found["schema"] == text
    assert "status" not in found
    dataset_arn = dataset(service, group(service), arn)
    code, message = service.refused("delete_schema", schemaArn=arn)
    assert code == "ResourceInUseException"
    assert dataset_arn in message
    service.call("delete_dataset", datasetArn=dataset_arn)
    assert service.call("delete_schema", schemaArn=arn) == {}


def test_schema_that_breaks_rules_names_them_all(service: Service) -> None:
    wrong = {
        **INTERACTIONS,
        "fields": [{"name": "USER_ID", "type": "strin"}, {"name": "ITEM_ID", "type": "string"}],
    }
    code, message = service.refused("create_schema", name="s", schema=json.dumps(wrong))
    assert code == "InvalidInputException"
    assert "fields.0.type" in message
    assert "TIMESTAMP" in message
    assert service.refused("create_schema", name="s", schema="{")[0] == "InvalidInputException"
    code, message = service.refused("create_schema", name="s", schema="[" * 20_000)
    assert (code, "nested too deeply" in message) == ("InvalidInputException", True)


def test_dataset_types_in_any_case_are_shown_in_upper_case(service: Service) -> None:
    arn = dataset(service, group(service), schema(service), "iNteractions", name="events")
    assert arn == f"{service.arn_prefix}dataset/movies/INTERACTIONS"
    assert service.call("describe_dataset", datasetArn=arn)["dataset"]["datasetType"] == "INTERACTIONS"


def test_datasets_that_do_not_fit_are_refused(service: Service) -> None:
    arn, schema_arn = group(service), schema(service)
    dataset(service, arn, schema_arn, name="first")
    params = {"name": "second", "schemaArn": schema_arn, "datasetGroupArn": arn, "datasetType": "Interactions"}
    code, message = service.refused("create_dataset", **params)
    assert code == "ResourceAlreadyExistsException"
    assert "INTERACTIONS" in message
    code, message = service.refused("create_dataset", **params | {"datasetType": "Items"})
    assert code == "InvalidInputException"
    assert "Items" in message
    code, message = service.refused("create_dataset", **params | {"datasetType": "Itmes"})
    assert "did you mean ITEMS" in message
    shop = group(service, "shop", domain="ECOMMERCE")
    code, message = service.refused("create_dataset", **params | {"datasetGroupArn": shop})
    assert code == "InvalidInputException"
    assert "ECOMMERCE" in message


def test_a_group_has_one_event_tracker(service: Service) -> None:
    arn = group(service)
    made = service.call("create_event_tracker", name="web", datasetGroupArn=arn)
    tail = made["eventTrackerArn"].removeprefix(service.arn_prefix + "event-tracker/")
    assert len(tail) == 8
    assert int(tail, 16) >= 0
    assert len(made["trackingId"]) == 36
    found = service.call("describe_event_tracker", eventTrackerArn=made["eventTrackerArn"])["eventTracker"]
    assert found["trackingId"] == made["trackingId"]
    assert found["accountId"] == "000000000000"
    code, _ = service.refused("create_event_tracker", name="app", datasetGroupArn=arn)
    assert code == "ResourceAlreadyExistsException"


def test_update_dataset_takes_items_and_users_and_added_nullable_fields(service: Service) -> None:
    arn = group(service)
    interactions = dataset(service, arn, schema(service), name="events")
    items = dataset(service, arn, schema(service, "items", ITEMS), "Items", name="items")
    more = {**ITEMS, "fields": [*ITEMS["fields"], {"name": "PRICE", "type": ["null", "float"]}]}
    wider = schema(service, "wider", more)
    code, message = service.refused("update_dataset", datasetArn=interactions, schemaArn=wider)
    assert code == "InvalidInputException"
    assert "INTERACTIONS" in message
    fixed = {**ITEMS, "fields": [*ITEMS["fields"], {"name": "PRICE", "type": "float"}]}
    code, message = service.refused(
        "update_dataset", datasetArn=items, schemaArn=schema(service, "fixed", fixed)
    )
    assert code == "InvalidInputException"
    assert "PRICE" in message
    assert service.call("update_dataset", datasetArn=items, schemaArn=wider) == {"datasetArn": items}
    found = service.call("describe_dataset", datasetArn=items)["dataset"]
    assert found["status"] == "UPDATE PENDING"
    assert found["latestDatasetUpdate"]["schemaArn"] == wider
    assert service.refused("update_dataset", datasetArn=items, schemaArn=wider)[0] == "ResourceInUseException"
