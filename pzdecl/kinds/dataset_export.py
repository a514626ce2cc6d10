"""DatasetExport: writing a dataset to a CSV file. A job: it runs again when imports bring new data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from pzdecl.kinds.base import ArnOf, Call, Effect, Inputs, Kind, Operations, Spec
from pzdecl.kinds.names import Ref, RoleArn, resolve
from pzdecl.kinds.places import JobOutput, sent
from pzdecl.kinds.wire import given, with_tags

MODE = "PUT"


class DatasetExportSpec(Spec):
    """An export of a dataset's rows."""

    dataset: Ref = Field(description="The dataset to write out: a name, or an ARN.")
    job_output: JobOutput = Field(description="Where the file goes.")
    ingestion_mode: Literal["BULK", "PUT", "ALL"] = Field(
        "PUT", description="Rows that were imported (BULK), that came one by one (PUT), or both."
    )
    role_arn: RoleArn | None = Field(None, description="The IAM role that writes (in AWS).")


class DatasetExport(Kind):
    """Row of facts for dataset export jobs."""

    name = "DatasetExport"
    spec = DatasetExportSpec
    refers_to: ClassVar[Mapping[str, str]] = {"dataset": "Dataset"}
    operations = Operations(
        create="create_dataset_export_job",
        describe="describe_dataset_export_job",
        list="list_dataset_export_jobs",
        describe_key="datasetExportJob",
        list_key="datasetExportJobs",
        arn_key="datasetExportJobArn",
    )
    run_action = "infer"
    deletable = False
    from_imports = True
    writes = "jobOutput.s3DataDestination.path"

    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        return {"datasetArn": resolve("Dataset", inputs["dataset"], arn_of)}

    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str:
        return f"dataset-export-job/{name}"

    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        params = given(
            jobName=name,
            datasetArn=bindings["datasetArn"],
            ingestionMode=inputs.get("ingestionMode", MODE),
            roleArn=inputs.get("roleArn"),
            jobOutput=sent(inputs["jobOutput"], "s3DataDestination"),
        )
        return Call(self.operations.create, with_tags(params, tags))

    def effect(self, field: str, inputs: Inputs) -> Effect:
        return Effect.METADATA if field == "roleArn" else Effect.REPLACE

    def default(self, field: str, inputs: Inputs) -> Any:
        return MODE if field == "ingestionMode" else None
