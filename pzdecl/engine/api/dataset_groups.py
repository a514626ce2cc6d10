"""DatasetGroup: Create, Describe, Delete, List."""

from __future__ import annotations

from pzdecl.engine.api.common import create, describe, find, given, listing
from pzdecl.engine.api.families import DATASET, DATASET_GROUP, EVENT_TRACKER, FILTER, SOLUTION
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.store.rows import Resource


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
    """Refused while event trackers, filters, solutions or datasets are in the group."""
    arn = params["datasetGroupArn"]
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, arn)
        used_by = tx.first_child((EVENT_TRACKER.type, FILTER.type, SOLUTION.type, DATASET.type), arn)
        if used_by:
            raise ResourceInUseException(
                f"The dataset group {arn} can't be deleted while {used_by} belongs to it: "
                "delete its event trackers, filters, solutions and datasets first"
            )
        tx.delete(arn)
    return {}


@operation("ListDatasetGroups")
def list_dataset_groups(context: Context, params: Params) -> Result:
    """All groups, oldest first."""
    return listing(context, DATASET_GROUP, params, None, "DatasetGroupSummary")
