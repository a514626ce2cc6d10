"""An event as PutEvents has it, checked against the Interactions schema and made a row."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pzdecl.engine.data.columns import LATEST_SECOND
from pzdecl.engine.events.log import EventRow
from pzdecl.engine.events.values import Known, convert, converted, fraction, named, properties

EVENT_BYTES = 10 * 1024
"""The largest event."""
RESERVED = ("userId", "sessionId", "eventType", "timestamp", "recommendationId", "impression")
"""What properties may not say, in any case."""
_OWN = frozenset(
    {
        "USER_ID",
        "ITEM_ID",
        "TIMESTAMP",
        "EVENT_TYPE",
        "EVENT_VALUE",
        "IMPRESSION",
        "RECOMMENDATION_ID",
        "EVENT_ATTRIBUTION_SOURCE",
    }
)
"""Columns that come from the event itself."""

ShownWith = Callable[[str], Sequence[str]]
"""The items that were shown with a recommendationId; none where it is not known."""


def event_row(
    event: Mapping[str, Any], known: Known, path: str, shown_with: ShownWith, problems: list[str]
) -> EventRow | None:
    """The row of an event, or None with what is wrong in `problems`. Values are not repeated: they are private.

    A list of impressions counts before what was shown with the event's recommendationId.
    """
    before = len(problems)
    size = encoded_size(json.dumps(event, default=str, ensure_ascii=False), path, problems)
    if size > EVENT_BYTES:
        problems.append(f"{path} has more than {EVENT_BYTES // 1024} KB")
    inner = f"{path}.properties"
    values = named(
        properties(event.get("properties"), inner, problems), known, inner, problems, reserved=RESERVED
    )
    # The service's own examples have these two among the properties.
    item = event.get("itemId", values.get("ITEM_ID"))
    value = event.get("eventValue", values.get("EVENT_VALUE"))
    if not isinstance(item, str) or not 0 < len(item) <= 256:
        problems.append(
            f"{path}.itemId is missing: the schema requires ITEM_ID"
            if item in (None, "")
            else f"{path}.itemId is not valid: expected a text of at most 256 characters"
        )
    at = seconds(event["sentAt"], f"{path}.sentAt", problems)
    found: dict[str, Any] = {"EVENT_VALUE": value}
    own = {
        "RECOMMENDATION_ID": event.get("recommendationId"),
        "IMPRESSION": event.get("impression"),
        "EVENT_ATTRIBUTION_SOURCE": (event.get("metricAttribution") or {}).get("eventAttributionSource"),
    }
    for name, given in (own | found).items():
        column = known.columns.get(name)
        if column is None:
            continue
        if given in (None, "") and not column.nullable:
            problems.append(f"{path} has no {name}, which the schema requires")
        elif name == "EVENT_VALUE" and given not in (None, ""):
            found[name], expected = convert(given, column)
            if expected:
                problems.append(f"{path}.eventValue is not valid: expected {expected}")
    rest = [column for name, column in known.columns.items() if name not in _OWN]
    columns = converted(values, rest, inner, problems)
    if len(problems) > before:
        return None
    recommendation = own["RECOMMENDATION_ID"]
    impression = own["IMPRESSION"] or (shown_with(recommendation) if recommendation else ())
    return EventRow(
        item=str(item),
        at=at,
        type=event["eventType"],
        value=found["EVENT_VALUE"] if "EVENT_VALUE" in known.columns and value not in (None, "") else None,
        recommendation=recommendation,
        impression=tuple(impression),
        source=own["EVENT_ATTRIBUTION_SOURCE"],
        columns=columns,
        event=event.get("eventId"),
    )


def encoded_size(text: str, path: str, problems: list[str]) -> int:
    """The bytes of a text in UTF-8; half characters, which JSON can write, are a problem."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        problems.append(f"{path} has half a character (a lone surrogate): expected whole text")
        return 0


def seconds(value: Any, path: str, problems: list[str]) -> int:
    """Whole seconds since 1970, of a number or its text, ISO 8601, or a datetime (a naive one is local)."""
    read: float | None = None
    try:
        if isinstance(value, datetime.datetime):
            read = value.timestamp()
        elif isinstance(value, str):
            read = _instant(value)
        else:
            read = float(value)
    except (ValueError, OverflowError, OSError):
        read = None
    if read is None or not math.isfinite(read):
        problems.append(
            f"{path} is not a time: expected seconds since 1970-01-01, or such as 2024-01-31T12:00:00Z"
        )
    elif not 0 <= read <= LATEST_SECOND:
        problems.append(f"{path} is out of range: expected seconds since 1970-01-01, not milliseconds")
    else:
        return int(read)
    return 0


def _instant(text: str) -> float:
    try:
        return fraction(text)
    except ValueError:
        found = datetime.datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or datetime.UTC).timestamp()
