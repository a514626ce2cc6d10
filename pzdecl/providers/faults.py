"""For tests: a client that fails, stalls or dies at chosen calls, around any other client."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pzdecl.engine.progress import Progress
from pzdecl.providers.client import READ_PREFIXES, Client

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong at a call.

    operation  the method's name, or "*" for any writing operation
    number     at which of the calls that fit, from 1; None for every one
    when       "before" the call reaches the client, or "after" it was done and its answer is lost
    error      what is raised; None kills this process with SIGKILL
    """

    operation: str
    number: int | None = 1
    when: When = "before"
    error: Exception | None = None

    def fits(self, operation: str) -> bool:
        """Whether the fault is about this operation."""
        if self.operation == "*":
            return not operation.startswith(READ_PREFIXES)
        return operation == self.operation


class FaultyClient:
    """Passes everything on, except where a fault strikes. `calls` lists the operations in order, reads too."""

    def __init__(
        self, client: Client, faults: Sequence[Fault], *, kill: Callable[[], None] | None = None
    ) -> None:
        self._client = client
        self._faults = tuple(faults)
        self._counts = [0] * len(self._faults)
        self._lock = threading.Lock()
        self._kill = kill or _kill_process
        self.calls: list[str] = []

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs a describe, list or get operation, unless a fault strikes."""
        return self._strike(operation, lambda: self._client.read(operation, **params))

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        """Runs any operation, unless a fault strikes."""
        return self._strike(operation, lambda: self._client.call(operation, **params))

    def arn(self, tail: str) -> str:
        """The wrapped client's ARN."""
        return self._client.arn(tail)

    def progress(self, arn: str) -> Progress | None:
        """The wrapped client's progress."""
        return self._client.progress(arn)

    def close(self) -> None:
        """Closes the wrapped client."""
        self._client.close()

    def _strike(self, operation: str, run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        with self._lock:
            self.calls.append(operation)
            due = [fault for index, fault in enumerate(self._faults) if self._is_due(index, operation)]
        for fault in due:
            if fault.when == "before":
                self._fail(fault)
        result = run()
        for fault in due:
            if fault.when == "after":
                self._fail(fault)
        return result

    def _is_due(self, index: int, operation: str) -> bool:
        fault = self._faults[index]
        if not fault.fits(operation):
            return False
        self._counts[index] += 1
        return fault.number is None or self._counts[index] == fault.number

    def _fail(self, fault: Fault) -> None:
        if fault.error is not None:
            raise fault.error
        self._kill()


def _kill_process() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
