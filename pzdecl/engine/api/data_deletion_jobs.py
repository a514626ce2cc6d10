"""DataDeletionJob: Create, Describe, List. The API deletes none: they go with their dataset group."""

from __future__ import annotations

from pzdecl.engine.api.batch import place
from pzdecl.engine.api.common import create, describe, find, given, listing
from pzdecl.engine.api.families import DATASET_GROUP, DELETION_JOB
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException
from pzdecl.engine.store.rows import Resource


@operation("CreateDataDeletionJob", queues_job=True)
def create_data_deletion_job(context: Context, params: Params) -> Result:
    """Queues the removal of users' rows from all datasets of a group.

    Models stay as they are: train new solution versions to have them forget, too.
    """
    location = params["dataSource"].get("dataLocation")
    if location is None:
        raise InvalidInputException(
            "dataSource.dataLocation is missing: expected the path of a CSV file with a USER_ID column"
        )
    name, group_arn = params["jobName"], params["datasetGroupArn"]
    arn = context.arn(f"{DELETION_JOB.type}/{name}")
    body = {
        "jobName": name,
        "dataDeletionJobArn": arn,
        **given(params, "datasetGroupArn", "dataSource", "roleArn"),
        "_path": place(context, location, "dataSource.dataLocation"),
    }
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, group_arn)
        job = Resource(arn, DELETION_JOB.type, name, group_arn, body, "PENDING")
        create(tx, DELETION_JOB, job, params.get("tags"))
        tx.enqueue(arn, "erase", group_arn)
    return {"dataDeletionJobArn": arn}


@operation("DescribeDataDeletionJob")
def describe_data_deletion_job(context: Context, params: Params) -> Result:
    """With the number of rows that went, or the failure's reason."""
    return describe(context, DELETION_JOB, params["dataDeletionJobArn"])


@operation("ListDataDeletionJobs")
def list_data_deletion_jobs(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    return listing(context, DELETION_JOB, params, params.get("datasetGroupArn"), "DataDeletionJobSummary")
