"""personalize-events: PutEvents, PutItems, PutUsers, PutActions. What they acknowledge is on disk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.engine.api.common import ACTIVE, find
from pzdecl.engine.api.families import DATASET, EVENT_TRACKER, SCHEMA
from pzdecl.engine.api.metric_attributions import note_source
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.data.parts import KEYS
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException
from pzdecl.engine.events import log, puts
from pzdecl.engine.events.checking import event_row
from pzdecl.engine.events.recent import interactions
from pzdecl.engine.events.values import Known, converted, known_columns, named, properties
from pzdecl.engine.store.rows import Reader, Resource

EVENTS = "personalize-events"


@operation("PutEvents", service=EVENTS)
def put_events(context: Context, params: Params) -> Result:
    """Records what a user did. Every refusal is an InvalidInputException, as in the service."""
    with context.store.read() as reader:
        dataset, known = _tracked(reader, params["trackingId"])
    lists: dict[str, tuple[str, ...]] = {}

    def shown_with(recommendation: str) -> tuple[str, ...]:
        if recommendation not in lists:
            found = context.shown.find(recommendation)
            lists[recommendation] = found.items if found else ()
        return lists[recommendation]

    problems: list[str] = []
    rows = [
        event_row(event, known, f"eventList[{place}]", shown_with, problems)
        for place, event in enumerate(params["eventList"])
    ]
    _refuse(problems)
    with context.store.write() as tx:
        found = tx.get(dataset)
        if found is None:
            raise InvalidInputException(f"The dataset {dataset} was deleted")
        events = [row for row in rows if row is not None]
        sources = {row.source for row in events if row.source is not None}
        if sources and context.quotas.sources is not None:
            note_source(tx, str(found.parent), sources, context.quotas.sources)
        log.add(tx, dataset, params.get("userId"), params["sessionId"], events, context.clock())
    return {}


@operation("PutItems", service=EVENTS)
def put_items(context: Context, params: Params) -> Result:
    """Adds items, or replaces those of the same ids."""
    return _put(context, params["datasetArn"], "ITEMS", "items", "itemId", params["items"])


@operation("PutUsers", service=EVENTS)
def put_users(context: Context, params: Params) -> Result:
    """Adds users, or replaces those of the same ids."""
    return _put(context, params["datasetArn"], "USERS", "users", "userId", params["users"])


@operation("PutActions", service=EVENTS)
def put_actions(context: Context, params: Params) -> Result:
    """Adds actions, or replaces those of the same ids."""
    return _put(context, params["datasetArn"], "ACTIONS", "actions", "actionId", params["actions"])


def _tracked(reader: Reader, tracking_id: str) -> tuple[str, Known]:
    """The Interactions dataset that a tracker's events go to, and its columns."""
    trackers = reader.query(
        "SELECT arn, parent FROM resources WHERE type = ? AND json_extract(body, '$.trackingId') = ?",
        (EVENT_TRACKER.type, tracking_id),
    )
    if not trackers:
        raise InvalidInputException(
            f"The given tracking id does not exist: {tracking_id}. DescribeEventTracker shows a tracker's"
        )
    group = str(trackers[0][1])
    dataset = reader.get(interactions(group))
    if dataset is None:
        raise InvalidInputException(
            f"The dataset group {group} has no Interactions dataset: create one before putting events"
        )
    return dataset.arn, _columns(reader, dataset)


def _columns(reader: Reader, dataset: Resource) -> Known:
    return known_columns(find(reader, SCHEMA, dataset.body["schemaArn"]).body["schema"])


def _put(
    context: Context, arn: str, type: str, words: str, id_key: str, given: list[Mapping[str, Any]]
) -> Result:
    key = KEYS[type]
    with context.store.read() as reader:
        dataset = find(reader, DATASET, arn)
        if dataset.body["datasetType"] != type:
            raise InvalidInputException(
                f"The dataset {arn} is of type {dataset.body['datasetType']}: expected one of type {type}"
            )
        known = _columns(reader, dataset)
    problems: list[str] = []
    rows = []
    for place, one in enumerate(given):
        path = f"{words}[{place}].properties"
        values = named(properties(one.get("properties"), path, problems), known, path, problems)
        if values.get(key, one[id_key]) != one[id_key]:
            problems.append(f"{path} has another id than {words}[{place}].{id_key}: leave it out")
        rest = [column for name, column in known.columns.items() if name != key]
        rows.append((str(one[id_key]), converted(values, rest, path, problems)))
    _refuse(problems)
    with context.store.write() as tx:
        dataset = find(tx, DATASET, arn)
        if dataset.status != ACTIVE:
            raise ResourceInUseException(f"The dataset {arn} is not ACTIVE: its status is {dataset.status}")
        puts.put(tx, arn, rows, context.clock())
    return {}


def _refuse(problems: list[str]) -> None:
    if problems:
        count = len(problems)
        raise InvalidInputException(f"{count} problem{'' if count == 1 else 's'}: {'; '.join(problems)}")
