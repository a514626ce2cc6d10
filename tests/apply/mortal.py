"""SIGKILL without a process to lose: from one point on, nothing reaches state or service any more.

A point is every instant between two things that outlast a process: before and after each commit, before and
after each request that writes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pzdecl.engine.progress import Progress
from pzdecl.providers.client import READ_PREFIXES, Client
from pzdecl.state import State, open_state


class Killed(BaseException):
    """The process is gone."""


class Life:
    """Counts points and ends at the `last` one (counted from 1; 0: never)."""

    def __init__(self, last: int = 0) -> None:
        self.last = last
        self.points: list[str] = []
        self.over = False
        self._lock = threading.Lock()

    def point(self, name: str) -> None:
        with self._lock:
            self.check()
            self.points.append(name)
            if len(self.points) == self.last:
                self.over = True
            self.check()

    def check(self) -> None:
        if self.over:
            raise Killed


class Mortal(State):
    """What `mortal` gives a state: an end at a point of its life."""

    life: Life

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.life.check()
        outer, wrote = self._depth == 0, False
        with super().transaction():
            yield
            if outer and self._begun:
                wrote = True
                self.life.point("before commit")
        if wrote:
            self.life.point("after commit")


class MortalClient:
    def __init__(self, client: Client, life: Life) -> None:
        self._client = client
        self._life = life

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation.startswith(READ_PREFIXES):
            return self.read(operation, **params)
        self._life.point(f"before {operation}")
        answer = self._client.call(operation, **params)
        self._life.point(f"after {operation}")
        return answer

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        self._life.check()
        return self._client.read(operation, **params)

    def arn(self, tail: str) -> str:
        return self._client.arn(tail)

    def progress(self, arn: str) -> Progress | None:
        return self._client.progress(arn)

    def close(self) -> None:
        self._client.close()


def mortal(state: State, life: Life) -> Mortal:
    """The same state, whatever it is kept in, that ends with this life."""
    kind = type(state)
    state.__class__ = type(f"Mortal{kind.__name__}", (Mortal, kind), {})
    assert isinstance(state, Mortal)
    state.life = life
    return state


def open_mortal(path: Path, life: Life) -> Mortal:
    return mortal(open_state(path, create=True), life)
