"""How often a client may ask: a bucket of tokens each, which fills at the allowed rate."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable

CLIENTS = 10_000
"""Clients that are remembered; the one that was quiet longest is forgotten first."""


class RateLimit:
    """`rate` requests a second of each client, and at most `burst` at once (a second's worth unless given)."""

    def __init__(
        self, rate: float, burst: float | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.rate = rate
        self._burst = max(1.0, rate if burst is None else burst)
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> bool:
        """Whether a request of that client may be answered now; counts it where it may."""
        with self._lock:
            now = self._clock()
            tokens = self._tokens(client, now)
            allowed = tokens >= 1
            self._buckets[client] = (tokens - 1 if allowed else tokens, now)
            self._buckets.move_to_end(client)
            if len(self._buckets) > CLIENTS:
                self._buckets.popitem(last=False)
        return allowed

    def ready(self, client: str) -> bool:
        """Whether a request of that client could be answered now; counts nothing."""
        with self._lock:
            return self._tokens(client, self._clock()) >= 1

    def _tokens(self, client: str, now: float) -> float:
        tokens, since = self._buckets.get(client, (self._burst, now))
        return min(self._burst, tokens + (now - since) * self.rate)
