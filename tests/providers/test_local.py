"""The built-in engine as a provider: when its worker runs, and that reading only reads."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest

from pzdecl import providers
from pzdecl.engine.errors import UnavailableException
from pzdecl.providers.client import ReadOnly
from pzdecl.providers.faults import Fault, FaultyClient
from tests.contract.clients import ITEMS, InProcess, dataset, group, schema, settled, write_interactions


def _workers() -> list[str]:
    """The threads of engines' workers; those of servers that other tests started are not meant."""
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith("pzdecl-") and not name.startswith("pzdecl-request")]


def test_reading_takes_no_writing_operation_and_creates_nothing(tmp_path: Path) -> None:
    client = providers.open_local(tmp_path / "engine", read_only=True)
    assert client.read("list_campaigns") == {"campaigns": []}
    for run in (client.read, client.call, ReadOnly(client).read):
        with pytest.raises(ValueError, match="create_dataset_group"):
            run("create_dataset_group", name="g")
    assert ReadOnly(client).arn("solution/x") == "arn:aws:personalize:local:000000000000:solution/x"
    client.close()
    assert list(tmp_path.iterdir()) == []


def test_the_worker_starts_with_the_first_job_and_for_jobs_left_behind(tmp_path: Path) -> None:
    client = providers.open_local(tmp_path / "engine")
    service = InProcess(client.engine)
    arn = dataset(service, group(service), schema(service))
    assert _workers() == []
    job = service.call(
        "create_dataset_import_job",
        jobName="left",
        datasetArn=arn,
        dataSource={"dataLocation": str(write_interactions(tmp_path / "data.csv"))},
    )["datasetImportJobArn"]
    client.close()
    reader = providers.open_local(tmp_path / "engine", read_only=True)
    assert _workers() == []
    found = reader.read("describe_dataset_import_job", datasetImportJobArn=job)["datasetImportJob"]
    assert found["status"] == "CREATE PENDING"
    reader.close()
    client = providers.open_local(tmp_path / "engine")
    assert _workers()
    done = settled(
        InProcess(client.engine), "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=job
    )
    assert done["status"] == "ACTIVE"
    progress = client.progress(job)
    assert progress
    assert progress.done == 1200
    client.close()
    assert _workers() == []


def test_faults_strike_where_they_are_told(tmp_path: Path) -> None:
    died: list[bool] = []
    client = FaultyClient(
        providers.open_local(tmp_path / "engine"),
        [
            Fault("create_dataset_group", 2, "before", UnavailableException("no network")),
            Fault("create_schema", 1, "after", UnavailableException("answer lost")),
            Fault("*", 4, "after"),
        ],
        kill=lambda: died.append(True),
    )
    client.call("create_dataset_group", name="a")
    with pytest.raises(UnavailableException):
        client.call("create_dataset_group", name="b")
    assert len(client.read("list_dataset_groups")["datasetGroups"]) == 1
    schema_text = json.dumps(ITEMS)
    with pytest.raises(UnavailableException, match="answer lost"):
        client.call("create_schema", name="s", schema=schema_text)
    assert client.read("describe_schema", schemaArn=client.arn("schema/s"))["schema"]["name"] == "s"
    assert not died
    client.call("create_dataset_group", name="c")
    assert died == [True]
    assert client.calls.count("create_dataset_group") == 3
    client.close()
