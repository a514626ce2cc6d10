"""DatasetImportJob: Create, Describe, List. The API deletes none: they go with their dataset."""

from __future__ import annotations

from pzdecl.engine.api.common import ACTIVE, PENDING, create, describe, find, given, listing
from pzdecl.engine.api.families import DATASET, IMPORT_JOB, METRIC_ATTRIBUTION
from pzdecl.engine.api.metric_attributions import TARGET
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.store.rows import Reader, Resource


@operation("CreateDatasetImportJob", queues_job=True)
def create_dataset_import_job(context: Context, params: Params) -> Result:
    """Queues an import of a CSV file, or of all files of a folder, from this machine or S3."""
    location = params["dataSource"].get("dataLocation")
    if location is None:
        raise InvalidInputException(
            "dataSource.dataLocation is missing: expected the path of a CSV file or folder"
        )
    try:
        place = context.storage.absolute(location)
    except ValueError as error:
        raise InvalidInputException(str(error)) from error
    name, dataset_arn = params["jobName"], params["datasetArn"]
    mode = params.get("importMode", "FULL")
    arn = context.arn(f"dataset-import-job/{name}")
    body = {
        "jobName": name,
        "datasetImportJobArn": arn,
        "datasetArn": dataset_arn,
        "dataSource": {"dataLocation": location},
        "_path": place,  # the worker may have another working directory
        "importMode": mode,
        **given(params, "roleArn", "publishAttributionMetricsToS3"),
    }
    with context.store.write() as tx:
        dataset = find(tx, DATASET, dataset_arn)
        if dataset.status != ACTIVE:
            raise ResourceInUseException(
                f"The dataset {dataset_arn} is not ACTIVE: its status is {dataset.status}"
            )
        if mode == "INCREMENTAL" and not _has_full_import(tx, dataset_arn):
            raise InvalidInputException(
                f"The dataset {dataset_arn} has no data yet: import with importMode FULL before INCREMENTAL"
            )
        if params.get("publishAttributionMetricsToS3"):
            _check_publishing(tx, dataset)
        create(
            tx, IMPORT_JOB, Resource(arn, IMPORT_JOB.type, name, dataset_arn, body, PENDING), params.get("tags")
        )
        tx.enqueue(arn, "import", dataset.body["datasetGroupArn"])
    return {"datasetImportJobArn": arn}


@operation("DescribeDatasetImportJob")
def describe_dataset_import_job(context: Context, params: Params) -> Result:
    """With the failure's reason, where it failed."""
    return describe(context, IMPORT_JOB, params["datasetImportJobArn"])


@operation("ListDatasetImportJobs")
def list_dataset_import_jobs(context: Context, params: Params) -> Result:
    """Of one dataset, or all."""
    return listing(context, IMPORT_JOB, params, params.get("datasetArn"), "DatasetImportJobSummary")


def _check_publishing(reader: Reader, dataset: Resource) -> None:
    """Raises InvalidInputException where no metrics can be published to a location of a metric attribution."""
    group, told = dataset.body["datasetGroupArn"], "publishAttributionMetricsToS3 is true"
    if dataset.body["datasetType"] != "INTERACTIONS":
        raise InvalidInputException(
            f"{told}, and {dataset.arn} has no events: expected an Interactions dataset"
        )
    found = reader.children(METRIC_ATTRIBUTION.type, group)
    if not found:
        raise InvalidInputException(
            f"{told}, and the dataset group {group} has no metric attribution: create one"
        )
    if TARGET not in found[0].body:
        raise InvalidInputException(
            f"{told}, and {found[0].arn} names no place for reports: update it with "
            "metricsOutputConfig.s3DataDestination"
        )


def _has_full_import(reader: Reader, dataset_arn: str) -> bool:
    """Whether a FULL import was done or is queued before: the jobs of a dataset run in order."""
    return any(
        job.body["importMode"] == "FULL" and job.status != "CREATE FAILED"
        for job in reader.children(IMPORT_JOB.type, dataset_arn)
    )
