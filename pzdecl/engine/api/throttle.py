"""Requests a second, of single campaigns, trackers and datasets, and of all of the runtime."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pzdecl.engine.errors import ThrottlingException
from pzdecl.engine.rates import RateLimit

RUNTIME = "get_"


@dataclass(frozen=True, slots=True)
class Rates:
    """How often may be asked.

    each     by operation: the parameter that says whose requests are counted together, and how many a second
    runtime  requests a second of all operations that recommend; None for any number
    """

    each: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    runtime: float | None = None


class Throttle:
    """Counts the requests of one process."""

    def __init__(self, rates: Rates, clock: Callable[[], float] = time.monotonic) -> None:
        self._rates = rates
        by_rate = {rate for _, rate in rates.each.values()}
        self._each = {rate: RateLimit(rate, clock=clock) for rate in by_rate}
        self._runtime = RateLimit(rates.runtime, clock=clock) if rates.runtime else None
        self._lock = threading.Lock()

    def take(self, operation: str, params: Mapping[str, Any]) -> None:
        """Counts a request. Raises ThrottlingException where it is one too many."""
        found = self._rates.each.get(operation)
        if found is None:
            return
        name, rate = found
        whose = str(params.get(name) or params.get("recommenderArn"))
        each, all = self._each[rate], self._runtime if operation.startswith(RUNTIME) else None
        with self._lock:  # a request that one of the two refuses counts for neither
            if not each.ready(whose):
                raise ThrottlingException(f"Rate exceeded: {rate:g} requests a second for {name} {whose}")
            if all is not None and not all.take("all"):
                raise ThrottlingException(
                    f"Rate exceeded: {all.rate:g} requests a second for all campaigns together"
                )
            each.take(whose)
