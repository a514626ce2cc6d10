"""DatasetGroup: Create, Describe, Delete, List."""

from __future__ import annotations

from pzdecl.engine.api.common import create, describe, find, given, listing
from pzdecl.engine.api.families import (
    DATASET,
    DATASET_GROUP,
    DELETION_JOB,
    EVENT_TRACKER,
    FILTER,
    METRIC_ATTRIBUTION,
    RECOMMENDER,
    SOLUTION,
)
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.store.rows import Resource

BLOCKING = (EVENT_TRACKER, FILTER, METRIC_ATTRIBUTION, SOLUTION, RECOMMENDER, DATASET)
"""What a group can't be deleted with."""


@operation("CreateDatasetGroup")
def create_dataset_group(context: Context, params: Params) -> Result:
    """Active at once. A key for encryption and a role are only accepted together, as by the service."""
    if ("kmsKeyArn" in params) != ("roleArn" in params):
        missing, present = ("roleArn", "kmsKeyArn") if "kmsKeyArn" in params else ("kmsKeyArn", "roleArn")
        raise InvalidInputException(f"{present} is given without {missing}: give both or neither")
    name = params["name"]
    arn = context.arn(f"dataset-group/{name}")
    body = {"name": name, "datasetGroupArn": arn, **given(params, "roleArn", "kmsKeyArn", "domain")}
    with context.store.write() as tx:
        create(tx, DATASET_GROUP, Resource(arn, DATASET_GROUP.type, name, None, body), params.get("tags"))
    return {"datasetGroupArn": arn, **given(params, "domain")}


@operation("DescribeDatasetGroup")
def describe_dataset_group(context: Context, params: Params) -> Result:
    """The group itself; what is in it comes from the lists."""
    return describe(context, DATASET_GROUP, params["datasetGroupArn"])


@operation("DeleteDatasetGroup")
def delete_dataset_group(context: Context, params: Params) -> Result:
    """Refused while anything is in the group but jobs that have ended."""
    arn = params["datasetGroupArn"]
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, arn)
        used_by = tx.first_child([family.type for family in BLOCKING], arn) or tx.busy(arn, ("erase",))
        if used_by:
            raise ResourceInUseException(
                f"The dataset group {arn} can't be deleted while {used_by} belongs to it: "
                "delete its event trackers, filters, metric attributions, solutions, recommenders and datasets "
                "first"
            )
        for job in tx.children(DELETION_JOB.type, arn):
            tx.delete(job.arn)
        tx.delete(arn)
    return {}


@operation("ListDatasetGroups")
def list_dataset_groups(context: Context, params: Params) -> Result:
    """All groups, oldest first."""
    return listing(context, DATASET_GROUP, params, None, "DatasetGroupSummary")
