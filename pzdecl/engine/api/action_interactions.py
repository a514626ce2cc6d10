"""personalize-events: PutActionInteractions. What it acknowledges is on disk."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pzdecl.engine.api.common import ACTIVE, find
from pzdecl.engine.api.families import DATASET, EVENT_TRACKER, SCHEMA
from pzdecl.engine.api.operation import Context, Params, Result, operation
from pzdecl.engine.data.actions import NAMES, WRITTEN, event_type
from pzdecl.engine.errors import InvalidInputException, ResourceInUseException, ResourceNotFoundException
from pzdecl.engine.events import log
from pzdecl.engine.events.checking import RESERVED, seconds
from pzdecl.engine.events.log import EventRow
from pzdecl.engine.events.values import Known, converted, known_columns, named, properties
from pzdecl.engine.store.rows import Reader, Resource
from pzdecl.errors import nearest

_OWN = frozenset({"USER_ID", "ACTION_ID", "TIMESTAMP", "EVENT_TYPE", "IMPRESSION", "RECOMMENDATION_ID"})
"""Columns that come from the interaction itself."""


@operation("PutActionInteractions", service="personalize-events")
def put_action_interactions(context: Context, params: Params) -> Result:
    """Records what users did with actions that they were offered. All of a request is kept, or nothing."""
    with context.store.read() as reader:
        dataset = tracked(reader, params["trackingId"])
        known = known_columns(find(reader, SCHEMA, dataset.body["schemaArn"]).body["schema"])
    problems: list[str] = []
    given: Sequence[Mapping[str, Any]] = params["actionInteractions"]
    rows = [_row(one, known, f"actionInteractions[{place}]", problems) for place, one in enumerate(given)]
    if problems:
        count = len(problems)
        raise InvalidInputException(f"{count} problem{'' if count == 1 else 's'}: {'; '.join(problems)}")
    with context.store.write() as tx:
        found = tx.get(dataset.arn)
        if found is None or found.status != ACTIVE:
            status = f"its status is {found.status}" if found else "it was deleted"
            raise ResourceInUseException(f"The dataset {dataset.arn} takes no interactions: {status}")
        for one, row in zip(given, rows, strict=True):
            log.add(tx, dataset.arn, one.get("userId"), one["sessionId"], [row], context.clock())
    return {}


def tracked(reader: Reader, tracking_id: str) -> Resource:
    """The Action_Interactions dataset with a tracking id. Raises ResourceNotFoundException."""
    arns = reader.query(
        f"SELECT arn FROM resources WHERE type = '{DATASET.type}' AND json_extract(body, '$.trackingId') = ?",
        (tracking_id,),
    )
    found = reader.get(str(arns[0][0])) if arns else None
    if found is None:
        trackers = reader.query(
            "SELECT arn FROM resources WHERE type = ? AND json_extract(body, '$.trackingId') = ?",
            (EVENT_TRACKER.type, tracking_id),
        )
        other = f"It is that of the event tracker {trackers[0][0]}. " if trackers else ""
        raise ResourceNotFoundException(
            f"The given tracking id does not exist: {tracking_id}. {other}An Action_Interactions dataset has "
            "one of its own: DescribeDataset shows it"
        )
    return found


def _row(given: Mapping[str, Any], known: Known, path: str, problems: list[str]) -> EventRow:
    """The row of an interaction; what is wrong goes to `problems`, without the values: they are private."""
    inner = f"{path}.properties"
    read = properties(given.get("properties"), inner, problems)
    values = named(read, known, inner, problems, reserved=RESERVED)
    if values.get("ACTION_ID", given["actionId"]) != given["actionId"]:
        problems.append(f"{inner} has another id than {path}.actionId: leave it out")
    if event_type(given["eventType"]) is None:
        meant = nearest(given["eventType"].lower(), NAMES)
        hint = f" (did you mean {WRITTEN[NAMES.index(meant)]}?)" if meant else ""
        problems.append(f"{path}.eventType is not valid: expected {', '.join(WRITTEN)}{hint}")
    for name, column in known.columns.items():
        if name in ("IMPRESSION", "RECOMMENDATION_ID") and not column.nullable:
            key = "impression" if name == "IMPRESSION" else "recommendationId"
            if not given.get(key):
                problems.append(f"{path} has no {name}, which the schema requires")
    return EventRow(
        item=given["actionId"],
        at=seconds(given["timestamp"], f"{path}.timestamp", problems),
        type=given["eventType"],
        recommendation=given.get("recommendationId"),
        impression=tuple(given.get("impression") or ()),
        columns=converted(
            values, [column for name, column in known.columns.items() if name not in _OWN], inner, problems
        ),
        event=given.get("eventId"),
    )
