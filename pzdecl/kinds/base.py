"""What every kind tells about itself: one row of facts and a few small functions.

A kind knows its spec (pydantic), what it refers to, which API calls create, read, update and delete it, which
fields update in place, and how to read a description. It knows nothing of YAML, graphs or state.

Vocabulary used throughout:

inputs    the validated, normalised spec as JSON values, in the words of the manifest (names, not ARNs)
          ("recipe": "aws-sims"); a field at its default is left out: writing the default down changes nothing
bindings  the ARNs that a resource takes from others, by API field: `{"datasetGroupArn": "arn:..."}`; the
          planner compares them like inputs, so a replaced parent shows as a changed binding
name      the API's own `name`: the manifest's at first, `NAME-<8 hex>` after a replacement or for a job
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from pzdecl.kinds.address import Address
from pzdecl.providers.client import ReadClient

Inputs = Mapping[str, Any]
ArnOf = Callable[[Address], Any]
"""The ARN of an address: a string, or `{"$arn": "Kind/name"}` while the service has yet to choose it."""


class Spec(BaseModel):
    """Base of the pydantic models of `spec:` and what is nested in it; aliases are the manifest's names.

    Strict: a text is never read as a number, or the other way round. Schemas are built at first use.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
        alias_generator=to_camel,
        defer_build=True,
    )


class Problem(NamedTuple):
    """Something that a kind finds wrong with an otherwise well-formed spec.

    `path` leads from the spec to the value (`("solutionConfig", "hpoConfig")`), `code` is a diagnostic's,
    `on_key` says that the field's name is wrong and not its value.
    """

    code: str
    path: tuple[str | int, ...]
    summary: str
    expected: str | None = None
    suggestion: str | None = None
    hint: str | None = None
    on_key: bool = False


class Call(NamedTuple):
    """One API request: boto3's method name and its parameters (JSON values, perhaps with placeholders)."""

    operation: str
    params: dict[str, Any]


class Reference(NamedTuple):
    """A field of a spec that names another resource; `target` is None where an ARN stands instead (`arn`)."""

    field: str
    target: Address | None
    arn: str | None = None


def is_arn(text: str) -> bool:
    """Whether a reference is an ARN and not a name."""
    return text.startswith("arn:")


def reference(field: str, kind: str, text: str) -> Reference:
    """What a field that names a `kind` refers to."""
    return Reference(field, None, text) if is_arn(text) else Reference(field, Address(kind, text))


class Status(StrEnum):
    """What a description says of the resource."""

    READY = "ready"
    BUSY = "busy"
    FAILED = "failed"


class Effect(StrEnum):
    """What changing a field does, from cheap to dear."""

    METADATA = "metadata"
    IN_PLACE = "in place"
    SWITCH = "switch"
    RETRAIN = "retrain"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Operations:
    """boto3 method names, and the keys under which results come. None where the API has no such operation."""

    create: str
    describe: str
    list: str
    describe_key: str
    list_key: str
    arn_key: str
    update: str | None = None
    delete: str | None = None


class Kind(ABC):
    """A row of facts. Instances are stateless; `pzdecl.kinds.KINDS` holds one per kind, by name."""

    name: ClassVar[str]
    spec: ClassVar[type[Spec]]
    operations: ClassVar[Operations]
    refers_to: ClassVar[Mapping[str, str]] = {}
    """The fields that name another resource, or give its ARN, with that resource's kind."""
    declared: ClassVar[bool] = True
    """False for SolutionVersion, which is made from a Solution and has no manifest of its own."""
    holds_data: ClassVar[bool] = False
    """Never deleted or replaced unless the command names it (`--allow-destroy`)."""
    taggable: ClassVar[bool] = True
    run_action: ClassVar[str | None] = None
    """For jobs: what the plan calls a run ("import", "train", "infer"). A job runs again when its inputs
    change, and is never updated; each run has a new name."""
    from_imports: ClassVar[bool] = False
    """For jobs: what it reads is what the imports that it depends on brought, and nothing of its own."""
    reads: ClassVar[str | None] = None
    """The dotted field with the location of what a job reads: a path, relative to the manifest, or a URI."""
    writes: ClassVar[str | None] = None
    """The dotted field with the location that it writes to, likewise."""
    deletable: ClassVar[bool] = True
    """False where the service has no delete operation: the plan says `forget`."""
    one_per_parent: ClassVar[bool] = False
    """True where no second one can exist beside the first (Dataset, EventTracker): deleted, then created."""
    choosy: ClassVar[Mapping[str, str]] = {}
    """Bindings that an update changes in place for some resources only (`refusal`), and the kind of those."""

    def inputs(self, spec: Any) -> dict[str, Any]:
        """The spec (an instance of `self.spec`), normalised: without defaults, names for built-in ARNs."""
        plain: dict[str, Any] = spec.model_dump(mode="json", by_alias=True, exclude_defaults=True)
        return plain

    def check(self, spec: Any) -> list[Problem]:
        """What is wrong with a spec beyond types and ranges."""
        return []

    def default(self, field: str, inputs: Inputs) -> Any:
        """What a dotted field that the inputs leave out stands for (`minProvisionedTPS`: 1), or None.

        For showing a change ("1 → 2"); comparing needs it not, since defaults never stand in inputs.
        """
        return None

    def references(self, inputs: Inputs) -> list[Reference]:
        """The resources that the inputs name."""
        return [reference(field, kind, inputs[field]) for field, kind in self.refers_to.items()]

    @abstractmethod
    def bindings(self, inputs: Inputs, arn_of: ArnOf) -> dict[str, Any]:
        """The ARNs taken from referenced resources, by API field name."""

    @abstractmethod
    def arn_tail(self, name: str, inputs: Inputs, arn_of: ArnOf) -> str | None:
        """The ARN after `arn:aws:personalize:REGION:ACCOUNT:`, or None where the service chooses it."""

    @abstractmethod
    def create(self, name: str, inputs: Inputs, bindings: Inputs, tags: Mapping[str, str]) -> Call:
        """The request that creates (or, for a job, runs) it."""

    def update(self, arn: Any, inputs: Inputs, bindings: Inputs) -> Call:
        """The request that brings all in-place fields to `inputs` and `bindings`."""
        raise NotImplementedError(f"{self.name} has no update operation")

    def updates(self, arn: Any, inputs: Inputs, bindings: Inputs, changed: Collection[str]) -> list[Call]:
        """The requests that bring the `changed` fields (dotted) to `inputs` and `bindings`, in this order.

        Each is sent when what the one before began is ready.
        """
        return [self.update(arn, inputs, bindings)]

    def after_creation(self, arn: Any, inputs: Inputs) -> list[Call]:
        """The requests after that of `create` without which the new resource is not as `inputs` want it."""
        return []

    def effect(self, field: str, inputs: Inputs) -> Effect:
        """What a change of the dotted `field` (of inputs or bindings) does."""
        return Effect.REPLACE

    def refusal(self, field: str, before: Inputs, after: Inputs) -> str | None:
        """Why no update can move a `choosy` binding from one resource to another, by the inputs of both.

        None: it can.
        """
        return None

    def recall(self, description: Mapping[str, Any]) -> Inputs | None:
        """The inputs that a description shows, for what is not on record; None where it doesn't show them."""
        return None

    def describe(self, arn: str) -> Call:
        """The request that reads it."""
        return Call(self.operations.describe, {self.operations.arn_key: arn})

    def delete(self, arn: str) -> Call:
        """The request that deletes it. Only for kinds that are `deletable`."""
        assert self.operations.delete, f"{self.name} has no delete operation"
        return Call(self.operations.delete, {self.operations.arn_key: arn})

    def status(self, description: Mapping[str, Any]) -> Status:
        """Reads a description (the value under `describe_key`). Things without a status are ready.

        An update counts too: a resource is busy while one runs and failed when the latest one failed, although
        what was there before goes on working.
        """
        own = _status(description)
        return _status(latest_update(description)) if own is Status.READY else own

    def failure(self, description: Mapping[str, Any]) -> str:
        """Why the service says that it failed."""
        reason = description.get("failureReason") or latest_update(description).get("failureReason")
        return str(reason or description.get("status", "the service gives no reason"))

    def observe(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that can move behind our back, in the words of inputs and bindings. Empty: nothing can.

        Keys are dotted paths (`solutionConfig.eventsConfig`), values are normalised as in inputs; None is a
        field at its default, which inputs leave out. So each is to equal `lookup(inputs or bindings, key)`.
        """
        return {}

    def attributes(self, description: Mapping[str, Any]) -> dict[str, Any]:
        """What the service chose and others may want to read (`trackingId`)."""
        return {}

    def find(self, client: ReadClient, name: str, bindings: Inputs) -> str | None:
        """The ARN of the resource of that API name, where its ARN does not follow from its name.

        Used after a crash, to find what an intent had created. Where `arn_tail` is known, that is looked up.
        """
        raise NotImplementedError(f"{self.name} is found by its ARN")


def latest_update(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """The summary of the newest update (`latestCampaignUpdate`), empty where there was none."""
    for key in (
        "latestCampaignUpdate",
        "latestSolutionUpdate",
        "latestDatasetUpdate",
        "latestRecommenderUpdate",
    ):
        if description.get(key):
            update: Mapping[str, Any] = description[key]
            return update
    return {}


def _status(description: Mapping[str, Any]) -> Status:
    text = str(description.get("status") or "ACTIVE")
    if text == "ACTIVE":
        return Status.READY
    return Status.FAILED if "FAILED" in text or "STOPPED" in text else Status.BUSY
