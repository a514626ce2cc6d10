"""DatasetExportJob: Create, Describe, List. The API deletes none: they go with their dataset."""

from __future__ import annotations

from pzdecl.engine.api.batch import place
from pzdecl.engine.api.common import ACTIVE, PENDING, create, describe, find, given, listing
from pzdecl.engine.api.families import DATASET, EXPORT_JOB
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import ResourceInUseException
from pzdecl.engine.store.rows import Resource


@operation("CreateDatasetExportJob", queues_job=True)
def create_dataset_export_job(context: Context, params: Params) -> Result:
    """Queues writing a dataset to a CSV file: what was imported (BULK), put (PUT, the default), or ALL."""
    name, dataset_arn = params["jobName"], params["datasetArn"]
    arn = context.arn(f"{EXPORT_JOB.type}/{name}")
    where = params["jobOutput"]["s3DataDestination"]["path"]
    body = {
        "jobName": name,
        "datasetExportJobArn": arn,
        "datasetArn": dataset_arn,
        "ingestionMode": params.get("ingestionMode", "PUT"),
        **given(params, "roleArn", "jobOutput"),
        "_target": place(context, where, "jobOutput.s3DataDestination.path"),
    }
    with context.store.write() as tx:
        dataset = find(tx, DATASET, dataset_arn)
        if dataset.status != ACTIVE:
            raise ResourceInUseException(
                f"The dataset {dataset_arn} is not {ACTIVE}: its status is {dataset.status}"
            )
        job = Resource(arn, EXPORT_JOB.type, name, dataset_arn, body, PENDING)
        create(tx, EXPORT_JOB, job, params.get("tags"))
        tx.enqueue(arn, "export", dataset.body["datasetGroupArn"])
    return {"datasetExportJobArn": arn}


@operation("DescribeDatasetExportJob")
def describe_dataset_export_job(context: Context, params: Params) -> Result:
    """With the failure's reason, where it failed."""
    return describe(context, EXPORT_JOB, params["datasetExportJobArn"])


@operation("ListDatasetExportJobs")
def list_dataset_export_jobs(context: Context, params: Params) -> Result:
    """Of one dataset, or all."""
    return listing(context, EXPORT_JOB, params, params.get("datasetArn"), "DatasetExportJobSummary")
