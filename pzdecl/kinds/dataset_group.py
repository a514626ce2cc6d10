"""DatasetGroup: the container of everything that belongs to one recommender's data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import ArnOf, Call, Inputs, Kind, Operations, Problem, Spec
from pzdecl.kinds.names import KMS_ARN_PATTERN, RoleArn
from pzdecl.kinds.wire import given, with_tags

Domain = Literal["ECOMMERCE", "VIDEO_ON_DEMAND"]


class DatasetGroupSpec(Spec):
    """A dataset group holds datasets, solutions and event trackers. None of its fields can change later."""

    domain: Domain | None = Field(
        None, description="The domain of a domain dataset group; unset for a custom one."
    )
    kms_key_arn: Annotated[str, StringConstraints(max_length=2048, pattern=KMS_ARN_PATTERN)] | None = Field(
        None, description="The KMS key that encrypts the group's data; needs `roleArn`."
    )
    role_arn: RoleArn | None = Field(None, description="The IAM role that may use the KMS key.")


class DatasetGroup(Kind):
    """Row of facts for dataset groups."""

    name = "DatasetGroup"
    spec = DatasetGroupSpec
    operations = Operations(
        create="create_dataset_group",
        describe="describe_dataset_group",
        list="list_dataset_groups",
        delete="delete_dataset_group",
        describe_key="datasetGroup",
        list_key="datasetGroups",
        arn_key="datasetGroupArn",
    )
    holds_data = True

    def check(self, spec: DatasetGroupSpec) -> list[Problem]:
        if (spec.kms_key_arn is None) == (spec.role_arn is None):
            return []
        there, missing = ("kmsKeyArn", "roleArn") if spec.kms_key_arn else ("roleArn", "kmsKeyArn")
        return [
            Problem("PZ3007", (there,), f"{there} without {missing}", f"both {there} and {missing}, or neither")
        ]

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"dataset-group/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = given(
            name=name,
            domain=inputs.get("domain"),
            kmsKeyArn=inputs.get("kmsKeyArn"),
            roleArn=inputs.get("roleArn"),
        )
        return Call(self.operations.create, with_tags(params, tags))
