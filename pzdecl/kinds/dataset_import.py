"""DatasetImport: reading files into a dataset. A job: it runs again when its data or its fields change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Spec
from pzdecl.kinds.names import Ref, RoleArn, resolve
from pzdecl.kinds.places import is_remote, wire
from pzdecl.kinds.wire import given, with_tags

ImportMode = Literal["FULL", "INCREMENTAL"]


class DataSourceSpec(Spec):
    """Where the rows are."""

    data_location: Annotated[str, StringConstraints(min_length=1)] = Field(
        description="A CSV file or a folder of them, relative to the manifest; or `s3://bucket/path`.",
        examples=["data/interactions.csv", "s3://my-bucket/interactions/"],
    )


class DatasetImportSpec(Spec):
    """An import of CSV data into a dataset. It runs again whenever the data changes."""

    dataset: Ref = Field(description="The dataset to fill: a name, or an ARN.")
    data_source: DataSourceSpec = Field(description="Where the rows are.")
    import_mode: ImportMode = Field(
        "FULL", description="FULL replaces what earlier imports brought, INCREMENTAL adds to it."
    )
    role_arn: RoleArn | None = Field(None, description="The IAM role that may read the data (needed in AWS).")
    publish_attribution_metrics_to_s3: bool = Field(
        False,
        alias="publishAttributionMetricsToS3",
        description="Whether the job publishes the metrics of a metric attribution.",
    )


class DatasetImport(Kind):
    """Row of facts for dataset import jobs.

    `inputs["dataSource"]["dataLocation"]` is a remote location, or a path relative to the project's root. In a
    request a path stands as `{"$path": "data/x.csv"}`: it becomes absolute only when the request is sent, so
    that neither state nor a saved plan depends on where the project lies.
    """

    name = "DatasetImport"
    spec = DatasetImportSpec
    refers_to: ClassVar[Mapping[str, str]] = {"dataset": "Dataset"}
    operations = Operations(
        create="create_dataset_import_job",
        describe="describe_dataset_import_job",
        list="list_dataset_import_jobs",
        describe_key="datasetImportJob",
        list_key="datasetImportJobs",
        arn_key="datasetImportJobArn",
    )
    run_action = "import"
    reads = "dataSource.dataLocation"
    deletable = False

    def inputs(self, spec: DatasetImportSpec) -> dict[str, Any]:
        return {**super().inputs(spec), "importMode": spec.import_mode}

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetArn": resolve("Dataset", inputs["dataset"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"dataset-import-job/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = given(
            jobName=name,
            datasetArn=bindings["datasetArn"],
            dataSource={"dataLocation": wire(inputs["dataSource"]["dataLocation"])},
            importMode=inputs["importMode"],
            roleArn=inputs.get("roleArn"),
            publishAttributionMetricsToS3=inputs.get("publishAttributionMetricsToS3"),
        )
        return Call(self.operations.create, with_tags(params, tags))

    def effect(self, field: str, inputs: Inputs) -> Effect:
        """A file that only moved is no new data: its content decides. Remote data is known by its name."""
        if field == "dataSource.dataLocation" and not is_remote(inputs["dataSource"]["dataLocation"]):
            return Effect.METADATA
        return Effect.METADATA if field == "roleArn" else Effect.REPLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        return False if field == "publishAttributionMetricsToS3" else None
