"""A service in memory: as much of Amazon Personalize as planning and applying see of it, with its refusals."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from pzdecl.engine.errors import (
    ResourceAlreadyExistsException,
    ResourceInUseException,
    ResourceNotFoundException,
)
from pzdecl.kinds import KINDS

PREFIX = "arn:aws:personalize:local:000000000000:"
PARENTS = {
    "Dataset": ("datasetGroupArn", "schemaArn"),
    "DatasetImport": ("datasetArn",),
    "EventTracker": ("datasetGroupArn",),
    "Filter": ("datasetGroupArn",),
    "Solution": ("datasetGroupArn",),
    "SolutionVersion": ("solutionArn",),
    "Campaign": ("solutionVersionArn",),
    "BatchInferenceJob": ("solutionVersionArn",),
    "BatchSegmentJob": ("solutionVersionArn",),
    "DatasetExport": ("datasetArn",),
    "MetricAttribution": ("datasetGroupArn",),
}
BLOCKERS = {
    "DatasetGroup": {"Dataset", "EventTracker", "Filter", "MetricAttribution", "Solution"},
    "Schema": {"Dataset"},
    "Solution": {"Campaign"},
}
"""What refuses to lose its parent; everything else goes with it, or doesn't mind."""


class FakeService:
    """Resources by ARN. `log` holds every writing call, `rows` what was read into each dataset by ARN,
    `contents` what lies at a location. A version keeps the rows that it was trained on.
    """

    def __init__(self) -> None:
        self.resources: dict[str, dict[str, Any]] = {}
        self.tags: dict[str, dict[str, str]] = {}
        self.rows: dict[str, list[str]] = {}
        self.contents: dict[str, str] = {}
        self.log: list[tuple[str, dict[str, Any]]] = []
        self.reads = 0
        self._count = 0
        self._by_create = {kind.operations.create: kind for kind in KINDS.values()}
        self._by_describe = {kind.operations.describe: kind for kind in KINDS.values()}
        self._by_list = {kind.operations.list: kind for kind in KINDS.values()}
        self._by_update = {kind.operations.update: kind for kind in KINDS.values() if kind.operations.update}
        self._by_delete = {kind.operations.delete: kind for kind in KINDS.values() if kind.operations.delete}

    def arn(self, tail: str) -> str:
        return PREFIX + tail

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        self.reads += 1
        if operation == "list_tags_for_resource":
            tags = self.tags.get(self._there(params["resourceArn"]), {})
            return {"tags": [{"tagKey": key, "tagValue": value} for key, value in sorted(tags.items())]}
        if kind := self._by_describe.get(operation):
            arn = self._there(params[kind.operations.arn_key])
            return {kind.operations.describe_key: deepcopy(self.resources[arn])}
        kind = self._by_list[operation]
        params.pop("nextToken", None)
        found = [
            {**resource, kind.operations.arn_key: arn}
            for arn, resource in sorted(self.resources.items())
            if resource["_kind"] == kind.name
            and all(resource.get(key) == value for key, value in params.items())
        ]
        return {kind.operations.list_key: found}

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        self.log.append((operation, deepcopy(params)))
        if operation == "tag_resource":
            arn = self._there(params["resourceArn"])
            self.tags.setdefault(arn, {}).update({tag["tagKey"]: tag["tagValue"] for tag in params["tags"]})
            return {}
        if operation == "untag_resource":
            for key in params["tagKeys"]:
                del self.tags[self._there(params["resourceArn"])][key]
            return {}
        if kind := self._by_create.get(operation):
            return {kind.operations.arn_key: self._create(kind.name, params)}
        if kind := self._by_update.get(operation):
            self._update(self._there(params.pop(kind.operations.arn_key)), params)
            return {}
        kind = self._by_delete[operation]
        self._delete(self._there(params[kind.operations.arn_key]), kind.name)
        return {}

    def _there(self, arn: str) -> str:
        if arn not in self.resources:
            raise ResourceNotFoundException(f"there is nothing at {arn}")
        return arn

    def _create(self, kind: str, params: dict[str, Any]) -> str:
        for field in PARENTS.get(kind, ()):
            self._there(params[field].removesuffix("/$LATEST"))
        arn = self._name(kind, params)
        taken = any(
            other["_kind"] == kind and other.get("name") == params.get("name", params.get("jobName"))
            for other in self.resources.values()
            if kind != "SolutionVersion"
        )
        one = kind == "EventTracker" and any(
            other["_kind"] == kind and other["datasetGroupArn"] == params["datasetGroupArn"]
            for other in self.resources.values()
        )
        if arn in self.resources or taken or one:
            raise ResourceAlreadyExistsException(f"{kind} {arn} exists already")
        tags = params.pop("tags", [])
        self.resources[arn] = {"_kind": kind, "status": "ACTIVE", "name": params.get("jobName"), **params}
        if kind == "EventTracker":
            self.resources[arn]["trackingId"] = f"id-{self._count}"
        if kind == "Schema":
            del self.resources[arn]["status"]
        if kind == "Dataset":
            self.rows[arn] = []
        if kind == "DatasetImport":
            rows = self.rows[params["datasetArn"]]
            kept = [] if params["importMode"] == "FULL" else rows
            location = str(params["dataSource"]["dataLocation"])
            self.rows[params["datasetArn"]] = [*kept, f"{location}: {self.contents.get(location, '')}"]
        if kind == "SolutionVersion":
            group = self.resources[params["solutionArn"]]["datasetGroupArn"]
            self.resources[arn]["_rows"] = {
                other: list(rows)
                for other, rows in self.rows.items()
                if rows and self.resources[other]["datasetGroupArn"] == group
            }
        self.tags[arn] = {tag["tagKey"]: tag["tagValue"] for tag in tags}
        return arn

    def _name(self, kind: str, params: dict[str, Any]) -> str:
        self._count += 1
        name = params.get("name", params.get("jobName"))
        if kind == "SolutionVersion":
            return f"{params['solutionArn']}/{self._count:08x}"
        if kind == "EventTracker":
            return self.arn(f"event-tracker/{self._count:08x}")
        if kind == "Dataset":
            group = params["datasetGroupArn"].rpartition("/")[2]
            return self.arn(f"dataset/{group}/{params['datasetType']}")
        words = {"DatasetGroup": "dataset-group", "DatasetImport": "dataset-import-job"}
        return self.arn(f"{words.get(kind, kind.lower())}/{name}")

    def _update(self, arn: str, params: dict[str, Any]) -> None:
        for field in ("schemaArn", "solutionVersionArn"):
            if field in params:
                self._there(params[field].removesuffix("/$LATEST"))
        config = params.pop("solutionUpdateConfig", None)
        self.resources[arn].update(params)
        if config:
            self.resources[arn]["latestSolutionUpdate"] = {"status": "ACTIVE", "solutionUpdateConfig": config}

    def _delete(self, arn: str, kind: str) -> None:
        for other, resource in self.resources.items():
            uses = any(
                str(resource.get(field, "")) == arn or str(resource.get(field, "")).startswith(f"{arn}/")
                for field in PARENTS.get(resource["_kind"], ())
            )
            if uses and resource["_kind"] in BLOCKERS.get(kind, ()):
                raise ResourceInUseException(f"{other} still uses {arn}")
        for gone in [arn, *(a for a in self.resources if kind == "Solution" and a.startswith(f"{arn}/"))]:
            del self.resources[gone]
        self.rows.pop(arn, None)
