"""One contract for both providers: the engine in process, and boto3 with `pzdecl serve` at the other end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl import providers
from pzdecl.engine import Engine, errors
from pzdecl.engine.data.storage import S3Settings
from pzdecl.engine.store import store
from pzdecl.kinds import KINDS
from pzdecl.kinds.listing import items
from pzdecl.providers.client import Client
from pzdecl.providers.staging import Staging
from tests.contract.clients import (
    RECIPE,
    dataset,
    group,
    imported,
    schema,
    settled,
    trained,
    write_interactions,
)
from tests.engine.http.running import running

ROLE = "arn:aws:iam::000000000000:role/data"


@pytest.fixture(params=["local", "aws"])
def client(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    s3 = tmp_path / "s3"
    s3.mkdir()
    if request.param == "local":
        local = providers.open_local(tmp_path / "engine", s3_root=s3)
        yield local
        local.close()
        return
    pytest.importorskip("boto3")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    staging = Staging("data", "staged", root=s3)
    with Engine(tmp_path / "engine", s3=S3Settings(root=s3)) as engine:
        engine.start_worker()
        with running(engine) as server:
            aws = providers.open_aws(endpoint=server.url, region="eu-west-1", role=ROLE, staging=staging)
            yield aws
            aws.close()


class Called:
    """A client as the helpers of the contract tests take it."""

    def __init__(self, client: Client) -> None:
        self.arn_prefix = client.arn("")
        self._client = client

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        return self._client.call(operation, **params)

    def refused(self, operation: str, **params: Any) -> tuple[str, str]:
        with pytest.raises(errors.ServiceError) as caught:
            self.call(operation, **params)
        return caught.value.code, caught.value.message


def test_names_make_arns(client: Client) -> None:
    made = client.call("create_dataset_group", name="movies")["datasetGroupArn"]
    assert made == client.arn("dataset-group/movies")
    found = client.read("describe_dataset_group", datasetGroupArn=made)
    assert found.keys() == {"datasetGroup"}
    assert found["datasetGroup"]["name"] == "movies"


def test_refusals_are_of_the_same_classes(client: Client) -> None:
    service = Called(client)
    made = group(service)
    dataset(service, made, schema(service))
    cases: list[tuple[type[errors.ServiceError], str, dict[str, Any]]] = [
        (errors.ResourceAlreadyExistsException, "create_dataset_group", {"name": "movies"}),
        (errors.ResourceInUseException, "delete_dataset_group", {"datasetGroupArn": made}),
        (
            errors.ResourceNotFoundException,
            "describe_campaign",
            {"campaignArn": client.arn("campaign/none")},
        ),
        (errors.InvalidInputException, "create_dataset_group", {"name": "-"}),
        (errors.InvalidInputException, "create_dataset_group", {}),
        (errors.InvalidInputException, "list_dataset_groups", {"maxResults": 0}),
        (errors.InvalidNextTokenException, "list_dataset_groups", {"nextToken": "x"}),
    ]
    for expected, operation, params in cases:
        with pytest.raises(errors.ServiceError) as caught:
            client.call(operation, **params)
        assert type(caught.value) is expected, f"{operation} {params}: {caught.value}"
        assert caught.value.message
    for writing in ("create_schema", "put_events", "tag_resource"):
        with pytest.raises(ValueError, match="writes"):
            client.read(writing)


def test_lists_come_page_after_page(client: Client) -> None:
    for number in range(7):
        client.call("create_dataset_group", name=f"g{number}")
    found = list(items(client, KINDS["DatasetGroup"].operations, maxResults=3))
    assert [one["name"] for one in found] == [f"g{number}" for number in range(7)]


def test_files_of_this_machine_are_imported_and_answered_from(client: Client, tmp_path: Path) -> None:
    service = Called(client)
    made = group(service)
    arn = dataset(service, made, schema(service))
    (tmp_path / "in").mkdir()
    write_interactions(tmp_path / "in/data.csv")
    for name, location in (("file", tmp_path / "in/data.csv"), ("folder", tmp_path / "in")):
        found = imported(service, arn, location, name)
        client.progress(found["datasetImportJobArn"])
    solution = client.call(
        "create_solution", name="s", datasetGroupArn=made, recipeArn=f"{RECIPE}aws-popularity-count"
    )
    version = trained(service, solution["solutionArn"])
    (tmp_path / "ask.json").write_text('{"userId": "u1"}\n')
    job = client.call(
        "create_batch_inference_job",
        jobName="b",
        solutionVersionArn=version["solutionVersionArn"],
        jobInput={"s3DataSource": {"path": str(tmp_path / "ask.json")}},
        jobOutput={"s3DataDestination": {"path": "s3://data/out/"}},
    )
    found = settled(service, "describe_batch_inference_job", "batchInferenceJob", **job)
    assert found["status"] == "ACTIVE", found
    assert (tmp_path / "s3/data/out/ask.json.out").exists()
