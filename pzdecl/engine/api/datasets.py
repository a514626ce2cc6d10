"""Dataset: Create, Describe, Delete, List, Update."""

from __future__ import annotations

import time
import uuid
from typing import Any

from pzdecl.engine.api.common import ACTIVE, create, describe, find, given, listing
from pzdecl.engine.api.families import DATASET, DATASET_GROUP, EXPORT_JOB, IMPORT_JOB, SCHEMA
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.api.schemas import parse_schema
from pzdecl.engine.data.schema import DATASET_TYPES, evolution_problems
from pzdecl.engine.errors import InvalidInputException, ResourceAlreadyExistsException, ResourceInUseException
from pzdecl.engine.store.rows import Resource
from pzdecl.errors import nearest

UPDATABLE = ("ITEMS", "USERS")
IN_USE = ("import", "train", "conform", "erase", "export")
"""Jobs during which the datasets of their group stay as they are."""


@operation("CreateDataset")
def create_dataset(context: Context, params: Params) -> Result:
    """One dataset a type and group; its ARN is made of those two, not of its name."""
    dataset_type = _dataset_type(params["datasetType"])
    name, group_arn = params["name"], params["datasetGroupArn"]
    with context.store.write() as tx:
        group = find(tx, DATASET_GROUP, group_arn)
        schema = find(tx, SCHEMA, params["schemaArn"])
        _check_fit(schema, group, dataset_type)
        arn = context.arn(f"dataset/{group.name}/{dataset_type}")
        existing = tx.get(arn)
        if existing is not None:
            raise ResourceAlreadyExistsException(
                f"The dataset group {group_arn} already has a dataset of type {dataset_type}: "
                f"{existing.name}, {arn}. A group has one dataset of each type."
            )
        body = {
            "name": name,
            "datasetArn": arn,
            "datasetGroupArn": group_arn,
            "datasetType": dataset_type,
            "schemaArn": schema.arn,
            # Action interactions need no event tracker: their dataset is one itself.
            **({"trackingId": str(uuid.uuid4())} if dataset_type == "ACTION_INTERACTIONS" else {}),
        }
        create(tx, DATASET, Resource(arn, DATASET.type, name, group_arn, body), params.get("tags"))
    return {"datasetArn": arn}


@operation("DescribeDataset")
def describe_dataset(context: Context, params: Params) -> Result:
    """With the latest change of its schema, where there was one."""
    return describe(context, DATASET, params["datasetArn"])


@operation("ListDatasets")
def list_datasets(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    return listing(context, DATASET, params, params.get("datasetGroupArn"), "DatasetSummary")


@operation("DeleteDataset")
def delete_dataset(context: Context, params: Params) -> Result:
    """Deletes it with its data, import and export jobs. Refused while such a job or a training runs."""
    arn = params["datasetArn"]
    with context.store.write() as tx:
        dataset = find(tx, DATASET, arn)
        _refuse_while_busy(tx.busy(str(dataset.parent), IN_USE), f"dataset {arn}", "deleted")
        paths = [part.path for part in tx.parts(arn)]
        for family in (IMPORT_JOB, EXPORT_JOB):
            for job in tx.children(family.type, arn):
                tx.delete(job.arn)
        tx.delete(arn)
    for path in paths:
        (context.folder / path).unlink(missing_ok=True)
    return {}


@operation("UpdateDataset", queues_job=True)
def update_dataset(context: Context, params: Params) -> Result:
    """Gives an Items or Users dataset a schema with more fields; a job then adds the columns to its data."""
    arn = params["datasetArn"]
    with context.store.write() as tx:
        dataset = find(tx, DATASET, arn)
        if dataset.status != ACTIVE:
            raise ResourceInUseException(f"The dataset {arn} can't be updated: its status is {dataset.status}")
        if dataset.body["datasetType"] not in UPDATABLE:
            raise InvalidInputException(
                f"The schema of a dataset of type {dataset.body['datasetType']} can't be changed: "
                f"only {' and '.join(UPDATABLE)} datasets can be updated"
            )
        group = find(tx, DATASET_GROUP, dataset.body["datasetGroupArn"])
        new = find(tx, SCHEMA, params["schemaArn"])
        _check_fit(new, group, dataset.body["datasetType"])
        old = find(tx, SCHEMA, dataset.body["schemaArn"])
        problems = evolution_problems(_fields(old), _fields(new))
        if problems:
            raise InvalidInputException(
                f"The schema {new.arn} can't replace {old.arn}: "
                + "; ".join(f"{found.path}: {found.message} (expected {found.expected})" for found in problems)
            )
        _refuse_while_busy(tx.busy(group.arn, IN_USE), f"dataset {arn}", "updated")
        now = round(time.time(), 3)
        dataset.status = "UPDATE PENDING"
        dataset.body["latestDatasetUpdate"] = {
            **given(params, "schemaArn"),
            "status": "UPDATE PENDING",
            "creationDateTime": now,
            "lastUpdatedDateTime": now,
        }
        tx.save(dataset)
        tx.enqueue(arn, "conform", group.arn)
    return {"datasetArn": arn}


def _dataset_type(text: str) -> str:
    upper = text.upper()
    if upper not in DATASET_TYPES:
        suggestion = nearest(upper, DATASET_TYPES)
        meant = f"; did you mean {suggestion}?" if suggestion else ""
        raise InvalidInputException(
            f"{text!r} is not a dataset type: expected one of {', '.join(DATASET_TYPES)}{meant}"
        )
    return upper


def _check_fit(schema: Resource, group: Resource, dataset_type: str) -> None:
    """The schema must be for this type of dataset and for the group's domain."""
    if group.body.get("domain") and dataset_type in ("ACTIONS", "ACTION_INTERACTIONS"):
        raise InvalidInputException(
            f"The dataset group {group.arn} is of domain {group.body['domain']}, which has no datasets of type "
            f"{dataset_type}: expected a custom dataset group"
        )
    schema_domain, group_domain = schema.body.get("domain"), group.body.get("domain")
    if schema_domain != group_domain:
        raise InvalidInputException(
            f"The schema {schema.arn} is for {schema_domain or 'custom'} dataset groups, "
            f"the dataset group {group.arn} is {group_domain or 'custom'}"
        )
    parse_schema(schema.body["schema"], dataset_type, schema_domain)


def _fields(schema: Resource) -> dict[str, Any]:
    return parse_schema(schema.body["schema"], None, schema.body.get("domain"))


def _refuse_while_busy(busy: str | None, what: str, done: str) -> None:
    if busy:
        raise ResourceInUseException(f"The {what} can't be {done} while {busy} is pending or in progress")
