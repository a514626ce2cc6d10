"""What a user did since a model was trained, as the model is asked with it.

Nothing is kept in memory between requests: the look-up goes by an index and costs some hundredths of a
millisecond, and so every process sees every other's events at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.engine.data.event_parameters import ByType, event_parameters
from pzdecl.engine.events import log
from pzdecl.engine.events.log import EventRow
from pzdecl.engine.serving.query import Event
from pzdecl.engine.store.rows import Resource
from pzdecl.engine.store.store import Store

MOST = 100
"""The newest events of a user that an answer takes in."""


def new_events(store: Store, version: Resource, model: Any, user: str | None) -> tuple[Event, ...]:
    """What a user, or an anonymous session of that name, did since the training, the oldest first.

    Only what the solution trains on counts: its eventType, eventValueThreshold, eventsConfig.

    model  the `ServedModel` of the version; empty for one that doesn't look at users
    """
    if not user or model.answers.needs != "user":
        return ()
    dataset = interactions(version.body["datasetGroupArn"])
    with store.read() as reader:
        rows = log.of_user(reader, dataset, user, trained_through(version))
    taken = [row for row in rows if trained_on(row, version.body)][-MOST:] if rows else []
    return tuple(model.event(row.item, row.at, _columns(row), row.impression) for row in taken)


def interactions(group: str) -> str:
    """The ARN of a dataset group's Interactions dataset, which may not be there."""
    return f"{group.replace(':dataset-group/', ':dataset/')}/INTERACTIONS"


def action_interactions(group: str) -> str:
    """The ARN of a dataset group's Action_Interactions dataset, which may not be there."""
    return f"{group.replace(':dataset-group/', ':dataset/')}/ACTION_INTERACTIONS"


def trained_on_actions(version: Resource) -> int:
    """The number of the newest action interaction that was put and that the version was trained on."""
    return int((version.body.get("_content") or {}).get("acts", 0))


def trained_through(version: Resource) -> int:
    """The number of the newest event that the version was trained on."""
    return int((version.body.get("_content") or {}).get("events", 0))


def trained_on(event: EventRow, settings: Mapping[str, Any]) -> bool:
    """Whether a solution with these settings learns from an event."""
    config = settings.get("solutionConfig") or {}
    kind, value = event.type.lower(), event.value
    if settings.get("eventType") and kind != str(settings["eventType"]).lower():
        return False
    least = config.get("eventValueThreshold")
    if least and (value is None or value < float(least)):
        return False
    by_type: ByType = event_parameters(config)
    if not by_type:
        return True
    one = by_type.get(kind)
    return one is not None and (one.threshold is None or (value is not None and value >= one.threshold))


def _columns(row: EventRow) -> dict[str, str]:
    found = {name: str(value) for name, value in row.columns.items()}
    return {**found, "EVENT_TYPE": row.type}
