"""Events in `engine.db`: written durably, found by user, counted once by their ids.

An event belongs to the user that came with it. One that came with a session alone belongs to whoever the
session is known to be, and until then to a pseudo user of the session's name; when the session's user becomes
known, the session's anonymous events move to that user.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from pzdecl.engine.store.rows import Reader, Writer

READ = 400
"""Of one user, so many of the newest arrivals are looked at."""

_COLUMNS = "item, at, type, value, recommendation, impression, source, columns, event"


class EventRow(NamedTuple):
    """One event, checked.

    item            its id
    at              when it happened, in seconds
    type, value     EVENT_TYPE and EVENT_VALUE
    recommendation  the recommendationId it came with
    impression      ids of what was shown
    source          metricAttribution.eventAttributionSource
    columns         the schema's other columns, by their names
    event           the eventId it came with
    """

    item: str
    at: int
    type: str
    value: float | None = None
    recommendation: str | None = None
    impression: tuple[str, ...] = ()
    source: str | None = None
    columns: Mapping[str, Any] = {}
    event: str | None = None


def add(
    tx: Writer, dataset: str, user: str | None, session: str, events: Sequence[EventRow], received: float
) -> int:
    """Writes events of one user or session; returns how many are new. An eventId that is there already is not.

    dataset   the ARN of the Interactions dataset
    events    at most 2,000: a statement has so much room
    received  seconds
    """
    if not events:
        return 0
    connection = tx.connection
    owner = user or session_user(tx, dataset, session) or session
    used = tx.query("SELECT seq FROM sqlite_sequence WHERE name = 'events'")  # by events that were deleted, too
    first = int(used[0][0]) + 1 if used else 1
    # One statement for all: between statements other threads run, and whoever waits to write waits for them.
    # `known` is the event with which this one came to be its owner's: itself, until a session is merged.
    one = f"({', '.join('?' * 16)})"
    added = connection.execute(
        "INSERT OR IGNORE INTO events (id, known, dataset, owner, user, session, received, "
        f"{_COLUMNS}) VALUES {', '.join([one] * len(events))}",
        [
            value
            for number, event in enumerate(events, first)
            for value in (number, number, dataset, owner, user, session, received, *_stored(event))
        ],
    ).rowcount
    if user and user != session and added:
        connection.execute(
            "UPDATE events SET owner = ?, known = ? WHERE dataset = ? AND owner = ? AND user IS NULL",
            (user, newest(tx, dataset), dataset, session),
        )
    return added


def session_user(reader: Reader, dataset: str, session: str) -> str | None:
    """The user who was last seen in a session, or None."""
    rows = reader.query(
        "SELECT user FROM events WHERE dataset = ? AND session = ? AND user IS NOT NULL "
        "ORDER BY id DESC LIMIT 1",
        (dataset, session),
    )
    return str(rows[0][0]) if rows else None


def of_user(reader: Reader, dataset: str, user: str, since: int) -> list[EventRow]:
    """The newest events that count for a user (or an anonymous session) since an event's number, oldest first.

    Whoever asks by the name of a session that was merged gets what was done in that session. None is taken to
    be later than it arrived: clocks may be wrong.
    """
    query = f"SELECT id, received, {_COLUMNS} FROM events WHERE dataset = ? AND owner = ? AND known > ?"
    order = f"ORDER BY known DESC, id DESC LIMIT {READ}"
    rows = reader.query(f"{query} {order}", (dataset, user, since))
    if not rows and (merged := session_user(reader, dataset, user)) and merged != user:
        rows = reader.query(f"{query} AND session = ? {order}", (dataset, merged, since, user))
    found = (_arrived(received, row) for _, received, *row in sorted(rows))  # in the order of arrival
    return sorted(found, key=lambda event: event.at)


def since(reader: Reader, dataset: str, number: int) -> list[EventRow]:
    """Everybody's events after a number. None is later than it arrived, as above."""
    query = f"SELECT received, {_COLUMNS} FROM events WHERE dataset = ? AND id > ?"
    return [_arrived(received, row) for received, *row in reader.rows(query, (dataset, number))]


def between(reader: Reader, dataset: str, after: int, through: int) -> Iterator[tuple[int, EventRow]]:
    """Number and event of those after a number, up to another one. None is later than it arrived, as above."""
    query = f"SELECT id, received, {_COLUMNS} FROM events WHERE dataset = ? AND id > ? AND id <= ? ORDER BY id"
    for number, received, *row in reader.rows(query, (dataset, after, through)):
        yield number, _arrived(received, row)


def everything(reader: Reader, dataset: str, *, as_sent: bool = True) -> Iterator[tuple[str, EventRow]]:
    """Owner and event, in the order of arrival. None is later than it arrived, unless wanted as it was sent."""
    query = f"SELECT owner, received, {_COLUMNS} FROM events WHERE dataset = ? ORDER BY id"
    for owner, received, *row in reader.rows(query, (dataset,)):
        yield str(owner), _row(row) if as_sent else _arrived(received, row)


def newest(reader: Reader, dataset: str) -> int:
    """The number of a dataset's newest event; 0 without any."""
    rows = reader.query("SELECT max(id) FROM events WHERE dataset = ?", (dataset,))
    return int(rows[0][0] or 0)


def sessions_of(reader: Reader, dataset: str, users: Iterable[str]) -> set[str]:
    """The sessions in which users were seen."""
    query = "SELECT DISTINCT session FROM events WHERE dataset = ? AND owner = ?"
    return {str(session) for user in users for (session,) in reader.query(query, (dataset, user))}


def forget_users(tx: Writer, dataset: str, users: Sequence[str]) -> int:
    """Deletes the events of users, those of their sessions among them; returns how many."""
    return sum(
        tx.connection.execute("DELETE FROM events WHERE dataset = ? AND owner = ?", (dataset, user)).rowcount
        for user in users
    )


def _stored(event: EventRow) -> tuple[Any, ...]:
    impression, columns = (_dump(part) if part else None for part in (event.impression, event.columns))
    kind, value, recommendation = event.type, event.value, event.recommendation
    return event.item, event.at, kind, value, recommendation, impression, event.source, columns, event.event


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _arrived(received: float, row: Sequence[Any]) -> EventRow:
    event, latest = _row(row), int(received)
    return event if event.at <= latest else event._replace(at=latest)


def _row(row: Sequence[Any]) -> EventRow:
    item, at, type, value, recommendation, impression, source, columns, event = row
    return EventRow(
        item,
        at,
        type,
        value,
        recommendation,
        tuple(json.loads(impression)) if impression else (),
        source,
        json.loads(columns) if columns else {},
        event,
    )
