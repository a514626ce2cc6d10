"""A small Personalize in memory, behind the real kinds: slow, failing, crowded or in use where a test wants."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from pzdecl.engine.errors import (
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
    ServiceError,
)
from pzdecl.engine.progress import Progress
from pzdecl.kinds import KINDS
from pzdecl.kinds.base import Kind

CHOSEN = ("EventTracker", "SolutionVersion")
"""Kinds whose ARNs the service chooses."""
WITHOUT_STATUS = ("Schema",)

_BY_OPERATION: dict[str, tuple[str, Kind]] = {
    operation: (verb, kind)
    for kind in KINDS.values()
    for verb in ("create", "describe", "list", "update", "delete")
    if (operation := getattr(kind.operations, verb))
}


@dataclass
class Thing:
    kind: Kind
    arn: str
    name: str
    params: dict[str, Any]
    status: str
    looks: int
    """Looks until it is done with what it is doing."""
    tags: dict[str, str] = field(default_factory=dict)
    deleting: bool = False
    update: str | None = None


class FakeService:
    """A `Client`. Knobs: `looks` (how many looks a thing is busy for), `doomed` (names that end in CREATE
    FAILED), `refuse` (called with operation and params before each call; may raise).
    """

    def __init__(self, *, looks: int = 0) -> None:
        self.things: dict[str, Thing] = {}
        self.looks = looks
        self.doomed: set[str] = set()
        self.refuse: Callable[[str, dict[str, Any]], None] = lambda operation, params: None
        self.calls: Counter[str] = Counter()
        self.made: Counter[str] = Counter()
        """How often each name was created."""
        self.order: list[tuple[str, str]] = []
        self.busiest = 0
        self._at_once = 0
        self._serial = 0
        self._lock = threading.Lock()

    # The Client protocol

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        with self._lock:
            self.calls[operation] += 1
            self._at_once += 1
            self.busiest = max(self.busiest, self._at_once)
        try:
            self.refuse(operation, params)
            with self._lock:
                return self._answer(operation, params)
        finally:
            with self._lock:
                self._at_once -= 1

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        return self.call(operation, **params)

    def arn(self, tail: str) -> str:
        return f"arn:aws:personalize:test:0:{tail}"

    def progress(self, arn: str) -> Progress | None:
        return Progress("rows", 1, 2)

    def close(self) -> None:
        pass

    # What a test asks

    def twin(self) -> FakeService:
        """Another service with the same things in it."""
        other = FakeService(looks=self.looks)
        other.things = {
            arn: replace(thing, params=dict(thing.params), tags=dict(thing.tags))
            for arn, thing in self.things.items()
        }
        other.made = Counter(self.made)
        other._serial = self._serial
        return other

    def live(self) -> set[str]:
        return set(self.things)

    def named(self, name: str) -> Thing:
        (found,) = [thing for thing in self.things.values() if thing.name == name]
        return found

    # Within

    def _answer(self, operation: str, params: dict[str, Any]) -> dict[str, Any]:
        if operation == "tag_resource":
            self._thing(params["resourceArn"]).tags |= {t["tagKey"]: t["tagValue"] for t in params["tags"]}
            return {}
        verb, kind = _BY_OPERATION[operation]
        match verb:
            case "create":
                return {kind.operations.arn_key: self._create(kind, params)}
            case "describe":
                return {kind.operations.describe_key: self._describe(params[kind.operations.arn_key])}
            case "list":
                found = [thing for thing in self.things.values() if thing.kind is kind]
                return {kind.operations.list_key: [self._summary(thing) for thing in found]}
            case "update":
                thing = self._thing(params[kind.operations.arn_key])
                thing.params |= params
                thing.update, thing.looks = "UPDATE PENDING", self.looks
                return {kind.operations.arn_key: thing.arn}
        thing = self._thing(params[kind.operations.arn_key])
        self.order.append(("delete", thing.name))
        if thing.kind.name in WITHOUT_STATUS or not self.looks:
            del self.things[thing.arn]
        else:
            thing.deleting, thing.status, thing.looks = True, "DELETE PENDING", self.looks
        return {}

    def _create(self, kind: Kind, params: dict[str, Any]) -> str:
        name = str(params.get("name") or params.get("jobName"))
        self._serial += 1
        tail = f"{kind.name}/{self._serial:08x}" if kind.name in CHOSEN else f"{kind.name}/{name}"
        arn = self.arn(tail)
        if arn in self.things:
            raise ResourceAlreadyExistsException(f"{arn} already exists")
        thing = Thing(kind, arn, name, dict(params), "CREATE PENDING", self.looks)
        self.things[arn] = thing
        self.made[name] += 1
        self.order.append(("create", name))
        return arn

    def _describe(self, arn: str) -> dict[str, Any]:
        thing = self._thing(arn)
        if thing.looks > 0:
            thing.looks -= 1
        elif thing.deleting:
            del self.things[arn]
            raise ResourceNotFoundException(f"{arn} does not exist")
        elif thing.update == "UPDATE PENDING":
            thing.update = "UPDATE FAILED" if thing.name in self.doomed else "ACTIVE"
        elif thing.status == "CREATE PENDING":
            thing.status = "CREATE FAILED" if thing.name in self.doomed else "ACTIVE"
        return self._summary(thing)

    def _summary(self, thing: Thing) -> dict[str, Any]:
        told: dict[str, Any] = {"name": thing.name, thing.kind.operations.arn_key: thing.arn}
        if thing.kind.name not in WITHOUT_STATUS:
            told["status"] = thing.status
        if thing.status == "CREATE FAILED":
            told["failureReason"] = "the data is bad"
        if thing.update:
            told["latestCampaignUpdate"] = {"status": thing.update, "failureReason": "no capacity"}
        if thing.kind.name == "EventTracker":
            told["trackingId"] = f"id-of-{thing.name}"
        return told

    def _thing(self, arn: str) -> Thing:
        if arn not in self.things:
            raise ResourceNotFoundException(f"{arn} does not exist")
        return self.things[arn]


def refusing(name: str, error: ServiceError, *, times: int = 10**9) -> Callable[[str, dict[str, Any]], None]:
    """A `refuse` that raises for calls about `name`, so many times."""
    left = [times]

    def refuse(operation: str, params: dict[str, Any]) -> None:
        told = " ".join(str(value) for value in params.values())
        if not operation.startswith(("describe_", "list_")) and name in told and left[0] > 0:
            left[0] -= 1
            raise error

    return refuse
