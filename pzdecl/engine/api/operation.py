"""What an operation is: a function that takes a `Context` and the request, registered under the API's name."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.engine.api.model import snake
from pzdecl.engine.api.quotas import NONE, Quotas
from pzdecl.engine.data.storage import Storage
from pzdecl.engine.store.store import Store

Params = Mapping[str, Any]
Result = dict[str, Any]


@dataclass(slots=True)
class Context:
    """What operations work with: the store, the identity that goes into ARNs, and the loaded models."""

    store: Store
    account: str
    region: str
    partition: str
    models: Any = None
    """`pzdecl.engine.api.models.Models`: the trained models that campaigns serve."""
    shown: Any = None
    """`pzdecl.engine.store.shown.ShownLog`: the lists that were explored."""
    sources: Any = None
    """`pzdecl.engine.filters.sources.Sources`: what filters read, kept ready."""
    storage: Storage = field(default_factory=Storage)
    """What jobs read from and write to."""
    clock: Callable[[], float] = time.time
    """Seconds since 1970: when events arrive, and when automatic trainings and updates are due."""

    quotas: Quotas = NONE
    """How much there may be of what jobs read."""

    @property
    def folder(self) -> Path:
        """The engine's folder."""
        return self.store.folder

    def arn(self, tail: str) -> str:
        """The ARN of something of this account and region: `arn("solution/movies")`."""
        return f"arn:{self.partition}:personalize:{self.region}:{self.account}:{tail}"


Function = Callable[[Context, Params], Result]


@dataclass(frozen=True, slots=True)
class Operation:
    """`name` is the API's ("CreateSolution"), `service` the client it belongs to ("personalize").

    performed  False where every valid request is refused, with a reason of its own
    """

    name: str
    service: str
    function: Function
    queues_job: bool
    performed: bool = True


REGISTRY: dict[str, Operation] = {}
"""Operations by boto3's method name. Filled by `load()`."""

_FAMILIES = (
    "action_interactions",
    "action_recommendations",
    "batch_inference_jobs",
    "batch_segment_jobs",
    "campaigns",
    "data_deletion_jobs",
    "dataset_export_jobs",
    "dataset_groups",
    "dataset_import_jobs",
    "datasets",
    "event_trackers",
    "events",
    "filters",
    "metric_attributions",
    "recipes",
    "recommenders",
    "runtime",
    "schemas",
    "solution_versions",
    "solutions",
    "tags",
)


def operation(
    name: str, *, service: str = "personalize", queues_job: bool = False, performed: bool = True
) -> Callable[[Function], Function]:
    """Registers a function as an operation of the API."""

    def register(function: Function) -> Function:
        REGISTRY[snake(name)] = Operation(name, service, function, queues_job, performed)
        return function

    return register


def load() -> Mapping[str, Operation]:
    """All operations; the families' modules are imported on the first call."""
    for family in _FAMILIES:
        importlib.import_module(f"pzdecl.engine.api.{family}")
    return REGISTRY


def names(service: str) -> Iterable[str]:
    """boto3's method names of a service."""
    return sorted(name for name, found in load().items() if found.service == service)
