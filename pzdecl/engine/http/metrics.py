"""What `/metrics` tells, in Prometheus's text format.

========================================  =====================================================================
`pzdecl_requests_total`                   answered requests by operation and code (`OK`, or the error's name)
`pzdecl_request_seconds`                  time from a request's first byte to its answer, by operation
`pzdecl_requests_in_progress`             requests being answered now
`pzdecl_jobs`                             imports, trainings and so on that wait (`state="queued"`) or run
`pzdecl_build_info`                       the version
========================================  =====================================================================

Requests that name no operation count as operation `-`.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4

Jobs = Callable[[], Mapping[tuple[str, str], int]]
"""Counts of unfinished jobs by kind and state."""


class Metrics:
    """The counters of one server."""

    def __init__(self, jobs: Jobs) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "pzdecl_requests", "Answered requests.", ["operation", "code"], registry=self._registry
        )
        self._seconds = Histogram(
            "pzdecl_request_seconds",
            "Time to answer a request.",
            ["operation"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self.in_progress = Gauge(
            "pzdecl_requests_in_progress", "Requests being answered.", registry=self._registry
        )
        Info("pzdecl_build", "What is running.", registry=self._registry).info({"version": version("pzdecl")})
        self._registry.register(_JobCollector(jobs))
        self._counter = functools.cache(self._requests.labels)  # operations and errors are few, labels slow
        self._timer = functools.cache(self._seconds.labels)

    def count(self, operation: str, code: str, seconds: float) -> None:
        """One answered request."""
        self._counter(operation, code).inc()
        self._timer(operation).observe(seconds)

    def page(self) -> bytes:
        """All figures. Reads the queue: call it from a thread."""
        return generate_latest(self._registry)


class _JobCollector(Collector):
    """Looks at the queue when it is asked, not before."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs

    def collect(self) -> Iterable[Metric]:
        family = GaugeMetricFamily("pzdecl_jobs", "Unfinished jobs.", labels=["kind", "state"])
        for (kind, state), count in sorted(self._jobs().items()):
            family.add_metric([kind, state], count)
        yield family
