"""The API as the contract tests see it, whatever carries it: calls, and refusals by the API's error names."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any, Protocol

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.errors import ServiceError
from tests.waiting import PATIENCE, until

RECIPE = "arn:aws:personalize:::recipe/"
ROLE = "arn:aws:iam::000000000000:role/personalize"
REST = frozenset({"ACTIVE", "INACTIVE", "COMPLETED", "FAILED", "CREATE FAILED", "CREATE STOPPED"})
"""The statuses of what nothing is being done with."""


def avro(name: str, *fields: dict[str, Any]) -> dict[str, Any]:
    """A schema of this name."""
    return {
        "type": "record",
        "name": name,
        "namespace": "com.amazonaws.personalize.schema",
        "fields": list(fields),
        "version": "1.0",
    }


def field(name: str, *types: str, **more: Any) -> dict[str, Any]:
    """A field of a schema: of one type, or of any of several."""
    return {"name": name, "type": types[0] if len(types) == 1 else list(types), **more}


INTERACTIONS = avro(
    "Interactions", field("USER_ID", "string"), field("ITEM_ID", "string"), field("TIMESTAMP", "long")
)
ITEMS = avro("Items", field("ITEM_ID", "string"), field("GENRE", "null", "string", categorical=True))


class Service(Protocol):
    """What a contract test needs of a target."""

    arn_prefix: str

    def call(self, operation: str, **params: Any) -> dict[str, Any]: ...

    def refused(self, operation: str, **params: Any) -> tuple[str, str]:
        """Code and message of the refusal; the test fails where there is none."""
        ...


class InProcess:
    """The engine without anything in between."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.arn_prefix = engine.arn("")
        names = ("personalize", "personalize-runtime", "personalize-events")
        self._clients = [engine.client(name) for name in names]

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        client = next(client for client in self._clients if operation in dir(client))
        result: dict[str, Any] = getattr(client, operation)(**params)
        return result

    def refused(self, operation: str, **params: Any) -> tuple[str, str]:
        with pytest.raises(ServiceError) as caught:
            self.call(operation, **params)
        return caught.value.code, caught.value.message


def group(service: Service, name: str = "movies", **more: Any) -> str:
    return str(service.call("create_dataset_group", name=name, **more)["datasetGroupArn"])


def schema(
    service: Service, name: str = "interactions", fields: dict[str, Any] | None = None, **more: Any
) -> str:
    return str(
        service.call("create_schema", name=name, schema=json.dumps(fields or INTERACTIONS), **more)["schemaArn"]
    )


def dataset(service: Service, group_arn: str, schema_arn: str, kind: str = "Interactions", **more: Any) -> str:
    params = {"name": kind, "schemaArn": schema_arn, "datasetGroupArn": group_arn, "datasetType": kind} | more
    return str(service.call("create_dataset", **params)["datasetArn"])


def solution(
    service: Service, group_arn: str, name: str = "popular", recipe: str = "aws-popularity-count", **more: Any
) -> str:
    params = {"name": name, "datasetGroupArn": group_arn, "recipeArn": RECIPE + recipe} | more
    return str(service.call("create_solution", **params)["solutionArn"])


def write_interactions(
    path: Path, rows: int = 1200, *, seed: int = 1, header: str = "USER_ID,ITEM_ID,TIMESTAMP"
) -> Path:
    """Rows of 60 users over 30 items: enough to import and to train on."""
    draw = random.Random(seed)
    lines = [
        f"u{draw.randrange(60)},i{min(draw.randrange(30), draw.randrange(30))},{1_600_000_000 + n * 60}"
        for n in range(rows)
    ]
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def statuses(described: dict[str, Any]) -> set[str]:
    """The status of a thing and that of its latest update."""
    updates = (described.get(f"latest{kind}Update", described) for kind in ("Campaign", "Recommender"))
    return {described["status"], *(update["status"] for update in updates)}


def settled(
    service: Service, operation: str, key: str, seconds: float = PATIENCE, *, pause: float = 0.01, **params: Any
) -> dict[str, Any]:
    """The description once neither the thing nor its latest update is pending or in progress."""
    return until(
        lambda: dict(service.call(operation, **params)[key]),
        lambda found: statuses(found) <= REST,
        seconds=seconds,
        pause=pause,
    )


def imported(
    service: Service,
    dataset_arn: str,
    path: Path | str,
    name: str = "all",
    *,
    ends: str = "ACTIVE",
    **more: Any,
) -> dict[str, Any]:
    """Imports a file or a folder: the job's description once it `ends` so, which it must."""
    source = {"dataLocation": str(path)}
    params = {"jobName": name, "datasetArn": dataset_arn, "dataSource": source} | more
    arn = service.call("create_dataset_import_job", **params)["datasetImportJobArn"]
    return _ended(
        settled(service, "describe_dataset_import_job", "datasetImportJob", datasetImportJobArn=arn), ends
    )


def trained(service: Service, solution_arn: str, *, ends: str = "ACTIVE", **more: Any) -> dict[str, Any]:
    """Trains a solution: the description of the new version once it `ends` so, which it must."""
    arn = service.call("create_solution_version", solutionArn=solution_arn, **more)["solutionVersionArn"]
    return _ended(
        settled(service, "describe_solution_version", "solutionVersion", 300, solutionVersionArn=arn), ends
    )


def deployed(service: Service, version_arn: str, name: str = "live", **more: Any) -> dict[str, Any]:
    """Makes a campaign: its description once it is ACTIVE."""
    arn = service.call("create_campaign", name=name, solutionVersionArn=version_arn, **more)["campaignArn"]
    return _ended(settled(service, "describe_campaign", "campaign", campaignArn=arn), "ACTIVE")


def erased(service: Service, group_arn: str, users: Path, name: str = "gone") -> dict[str, Any]:
    """Deletes the data of the users in a file: the job's description once it has ended, well or not."""
    source = {"dataSource": {"dataLocation": str(users)}, "roleArn": ROLE}
    params = {"jobName": name, "datasetGroupArn": group_arn} | source
    arn = service.call("create_data_deletion_job", **params)["dataDeletionJobArn"]
    return settled(service, "describe_data_deletion_job", "dataDeletionJob", dataDeletionJobArn=arn)


def _ended(described: dict[str, Any], status: str) -> dict[str, Any]:
    assert described["status"] == status, described
    return described
