"""EventTracker: Create, Describe, Delete, List."""

from __future__ import annotations

import uuid

from pzdecl.engine.api.common import create, describe, find, listing
from pzdecl.engine.api.families import DATASET_GROUP, EVENT_TRACKER
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.errors import ResourceAlreadyExistsException
from pzdecl.engine.store.rows import Resource


@operation("CreateEventTracker")
def create_event_tracker(context: Context, params: Params) -> Result:
    """One tracker a group. The service chooses both the ARN's end and the tracking id."""
    name, group_arn = params["name"], params["datasetGroupArn"]
    arn = context.arn(f"event-tracker/{uuid.uuid4().hex[:8]}")
    tracking_id = str(uuid.uuid4())
    body = {
        "name": name,
        "eventTrackerArn": arn,
        "accountId": context.account,
        "trackingId": tracking_id,
        "datasetGroupArn": group_arn,
    }
    with context.store.write() as tx:
        find(tx, DATASET_GROUP, group_arn)
        existing = tx.first_child((EVENT_TRACKER.type,), group_arn)
        if existing:
            raise ResourceAlreadyExistsException(
                f"The dataset group {group_arn} already has an event tracker: {existing}. A group has one."
            )
        create(tx, EVENT_TRACKER, Resource(arn, EVENT_TRACKER.type, name, group_arn, body), params.get("tags"))
    return {"eventTrackerArn": arn, "trackingId": tracking_id}


@operation("DescribeEventTracker")
def describe_event_tracker(context: Context, params: Params) -> Result:
    """With the tracking id."""
    return describe(context, EVENT_TRACKER, params["eventTrackerArn"])


@operation("DeleteEventTracker")
def delete_event_tracker(context: Context, params: Params) -> Result:
    """The group's data stays."""
    with context.store.write() as tx:
        find(tx, EVENT_TRACKER, params["eventTrackerArn"])
        tx.delete(params["eventTrackerArn"])
    return {}


@operation("ListEventTrackers")
def list_event_trackers(context: Context, params: Params) -> Result:
    """Of one dataset group, or all."""
    return listing(context, EVENT_TRACKER, params, params.get("datasetGroupArn"), "EventTrackerSummary")
