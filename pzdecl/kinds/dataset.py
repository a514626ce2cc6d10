"""Dataset: the interactions, items or users of a group."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field

from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Spec
from pzdecl.kinds.names import Ref, resolve, tail
from pzdecl.kinds.wire import with_tags

TYPES = ("INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS")
DatasetType = Literal["INTERACTIONS", "ITEMS", "USERS", "ACTIONS", "ACTION_INTERACTIONS"]
UPDATABLE = ("ITEMS", "USERS")
"""Dataset types whose schema UpdateDataset may exchange."""


def _upper(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


class DatasetSpec(Spec):
    """One dataset of a group. A group has at most one of each type."""

    dataset_group: Ref = Field(description="The dataset group it belongs to: a name, or an ARN.")
    dataset_type: Annotated[DatasetType, BeforeValidator(_upper)] = Field(
        description="What the rows are; upper or lower case."
    )
    schema_: Ref = Field(alias="schema", description="The schema of its rows: a name, or an ARN.")


class Dataset(Kind):
    """Row of facts for datasets. The ARN names the group and the type; the dataset's own name is not in it."""

    name = "Dataset"
    spec = DatasetSpec
    refers_to: ClassVar[Mapping[str, str]] = {"datasetGroup": "DatasetGroup", "schema": "Schema"}
    operations = Operations(
        create="create_dataset",
        describe="describe_dataset",
        list="list_datasets",
        update="update_dataset",
        delete="delete_dataset",
        describe_key="dataset",
        list_key="datasets",
        arn_key="datasetArn",
    )
    holds_data = True
    one_per_parent = True
    choosy: ClassVar[Mapping[str, str]] = {"schemaArn": "Schema"}

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {
            "datasetGroupArn": resolve("DatasetGroup", inputs["datasetGroup"], arn_of),
            "schemaArn": resolve("Schema", inputs["schema"], arn_of),
        }

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str | None:
        group = tail(resolve("DatasetGroup", inputs["datasetGroup"], arn_of))
        return f"dataset/{group.removeprefix('dataset-group/')}/{inputs['datasetType']}" if group else None

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = {
            "name": name,
            "datasetGroupArn": bindings["datasetGroupArn"],
            "datasetType": inputs["datasetType"],
            "schemaArn": bindings["schemaArn"],
        }
        return Call(self.operations.create, with_tags(params, tags))

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        return Call("update_dataset", {"datasetArn": arn, "schemaArn": bindings["schemaArn"]})

    def effect(self, field: str, inputs: Inputs) -> Effect:
        if field in ("schema", "schemaArn") and inputs["datasetType"] in UPDATABLE:
            return Effect.IN_PLACE
        return Effect.REPLACE

    def refusal(self, field: str, before: Inputs, after: Inputs) -> str | None:
        """UpdateDataset wants a schema of the same domain: every field kept, only nullable ones added."""
        from pzdecl.engine.data.schema import evolution_problems

        if before.get("domain") != after.get("domain"):
            return "its domain is another one"
        problems = evolution_problems(before["schema"], after["schema"])
        return "; ".join(f"{found.path}: {found.message}" for found in problems) or None

    def observe(self, description: Mapping[str, Any]) -> dict[str, Any]:
        return {"schemaArn": description.get("schemaArn")}

    def attributes(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """Of action interactions, which come without an event tracker."""
        return {"trackingId": description["trackingId"]} if description.get("trackingId") else {}
