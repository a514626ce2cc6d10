"""Events from lines of JSON into an event tracker: PutEvents for whatever target serves it.

A line is an event as PutEvents has it, with its user and session beside it:

    {"userId": "ann", "sessionId": "s1", "eventType": "watch", "itemId": "i7", "sentAt": 1700000000}

or, into a dataset of action interactions, one as PutActionInteractions has it:

    {"userId": "ann", "sessionId": "s1", "eventType": "Taken", "actionId": "card", "timestamp": 1700000000}

`sessionId` is the userId unless given, `sentAt` (`timestamp`) is now, `properties` may be an object. Lines
without an eventId get one that follows from the line, so that the same lines put again count once; one without
a time is another event whenever it is put.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from pzdecl.engine.errors import ServiceError, UnavailableException
from pzdecl.errors import PzdeclError, nearest
from pzdecl.kinds.address import Address

if TYPE_CHECKING:
    from pzdecl.providers.client import Client
    from pzdecl.state.model import Reader

BATCH = 10
"""Events of one request: the service's limit."""
WINDOW = 2_000
"""Lines that are looked at together: of these, those of one user and session share requests."""
SESSIONS = 8
"""Sessions whose events are sent at once; those of one session keep their order."""
WHO = ("userId", "sessionId")
EVENT = (
    "eventId",
    "eventType",
    "eventValue",
    "itemId",
    "properties",
    "sentAt",
    "recommendationId",
    "impression",
    "metricAttribution",
)
ACTION = ("actionId", "eventId", "eventType", "timestamp", "properties", "recommendationId", "impression")


class Line(NamedTuple):
    """One event with its place in the input, counted from 1."""

    number: int
    user: str | None
    session: str
    event: dict[str, Any]


class Problem(NamedTuple):
    """A line that was not put, and why."""

    line: int
    message: str


def tracking_id(state: Reader, tracker: Address) -> str:
    """The trackingId of a tracker, or dataset of action interactions, that was applied. Raises PzdeclError."""
    row = state.resources().get(tracker)
    if row is None:
        raise PzdeclError(f"{tracker} is declared but not there yet", hint="run `pzdecl apply` first")
    if "trackingId" not in row.attributes:
        raise PzdeclError(
            f"{tracker} takes no events",
            hint="name an event tracker, or a dataset of type Action_Interactions: Dataset/NAME",
        )
    return str(row.attributes["trackingId"])


def put_lines(
    client: Client,
    tracking: str,
    lines: Iterable[str],
    told: Callable[[Problem], None],
    clock: Callable[[], float] = time.time,
    *,
    actions: bool = False,
) -> int:
    """Puts the events of all lines and returns how many; lines that are wrong are told and left out.

    actions  whether they are action interactions, and `tracking` is their dataset's

    Raises UnavailableException where the target can't be reached: what was not put by then can be put again.
    """
    numbered = enumerate(lines, 1)
    count = 0
    with ThreadPoolExecutor(SESSIONS) as pool:
        while window := list(islice(numbered, WINDOW)):
            good = [line for line in (_read(*one, told, clock, actions) for one in window) if line is not None]
            sessions: dict[str, list[Line]] = {}
            for line in good:
                sessions.setdefault(line.session, []).append(line)
            results = pool.map(
                lambda session: list(_put(client, tracking, session, actions)), sessions.values()
            )
            for put, problem in (result for session in results for result in session):
                count += put
                if problem is not None:
                    told(problem)
    return count


def _put(
    client: Client, tracking: str, session: Sequence[Line], actions: bool
) -> Iterator[tuple[int, Problem | None]]:
    """Of each request, how many events it put, or why none."""
    for user, same in groupby(session, key=lambda line: line.user):
        rest = list(same)
        for start in range(0, len(rest), BATCH):
            batch = rest[start : start + BATCH]
            who = {} if user is None else {"userId": user}
            session_id, events = batch[0].session, [line.event for line in batch]
            try:
                if actions:
                    each = [{**event, "sessionId": session_id, **who} for event in events]
                    client.call("put_action_interactions", trackingId=tracking, actionInteractions=each)
                else:
                    client.call(
                        "put_events", trackingId=tracking, sessionId=session_id, eventList=events, **who
                    )
            except UnavailableException:
                raise
            except ServiceError as error:
                if len(batch) > 1:  # one of them is wrong: the others need not wait for it
                    for line in batch:
                        yield from _put(client, tracking, [line], actions)
                else:
                    yield 0, Problem(batch[0].number, error.message)
            else:
                yield len(batch), None


def _read(
    number: int, text: str, told: Callable[[Problem], None], clock: Callable[[], float], actions: bool
) -> Line | None:
    if not text.strip():
        return None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        told(Problem(number, f"not JSON ({error}): expected one event a line"))
        return None
    wrong = _wrong(found, ACTION if actions else EVENT)
    if wrong:
        told(Problem(number, wrong))
        return None
    user = found.get("userId")
    event = {name: value for name, value in found.items() if name not in WHO}
    if isinstance(event.get("properties"), Mapping):
        event["properties"] = json.dumps(event["properties"], ensure_ascii=False)
    event.setdefault("timestamp" if actions else "sentAt", round(clock(), 3))
    if "eventId" not in event:
        plain = json.dumps([user, found.get("sessionId"), event], sort_keys=True)
        event["eventId"] = hashlib.sha256(plain.encode("utf-8", "surrogatepass")).hexdigest()[:32]
    return Line(number, user, str(found.get("sessionId", user)), event)


def _wrong(found: Any, members: Sequence[str]) -> str:
    """What keeps a line from being an event; empty where nothing does. The rest is for the service to judge."""
    if not isinstance(found, Mapping):
        return "not an object: expected one event a line"
    for name in found:
        if name not in (*WHO, *members):
            meant = nearest(str(name), (*WHO, *members))
            hint = f"; did you mean {meant}?" if meant else ""
            return f"an event has no {name}: expected {', '.join((*WHO, *members))}{hint}"
    for name in WHO:
        if name in found and (not isinstance(found[name], str) or not found[name]):
            return f"{name} is {found[name]!r}: expected a text"
    return "" if any(name in found for name in WHO) else "neither userId nor sessionId is given"
