"""What manifests become: typed resources, each value knowing its place in a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pzdecl.errors import Diagnostic, Position
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Reference
from pzdecl.providers.staging import Staging


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """`metadata.lifecycle`; paths to ignore are relative to the spec."""

    protect: bool = False
    ignore_changes: tuple[str, ...] = ()
    on_delete: Literal["delete", "retain"] = "delete"


DATA = "data"
"""In `lifecycle.retrainOn`: the content that a job reads, and no field of its spec."""


@dataclass(frozen=True, slots=True)
class Trigger:
    """One entry of `lifecycle.retrainOn`, as it is written, with what it names.

    `path` is a dotted path of inputs, perhaps a pattern, or `DATA`; None stands for all of a resource.
    """

    entry: str
    addresses: tuple[Address, ...]
    path: str | None = None


@dataclass(frozen=True, slots=True)
class DataSource:
    """Where an import reads: a path (made absolute against the manifest's file) or a remote location."""

    location: str
    path: Path | None


@dataclass(frozen=True, slots=True)
class Desired:
    """One resource as the manifests want it."""

    address: Address
    inputs: Mapping[str, Any]
    position: Position
    references: tuple[Reference, ...] = ()
    depends_on: tuple[Address, ...] = ()
    """All that must be there first: references, metadata.dependsOn and what a kind implies (imports before a
    training, a FULL import before the INCREMENTAL ones), without duplicates, sorted."""
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    lifecycle: Lifecycle = Lifecycle()
    positions: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
    """Dotted field path ("spec.schema.fields[0].name", "metadata.tags.team") to its place."""
    data: DataSource | None = None
    sensitive: frozenset[str] = frozenset()
    """Dotted paths of inputs ("eventType") whose values are sensitive: never written to state or plans."""
    triggers: tuple[Trigger, ...] = ()
    """For SolutionVersions: what a change of calls for a training (`lifecycle.retrainOn`)."""


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """`provider:` of the project file after variables and environments. `engine` is absolute (local only)."""

    type: Literal["local", "aws"] = "local"
    engine: Path | None = None
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    role: str | None = None
    """The IAM role by which Amazon Personalize reads and writes S3 (aws only)."""
    s3_root: Path | None = None
    """The folder that stands in for Amazon S3, absolute."""
    assume_role: str | None = None
    external_id: str | None = None
    """The IAM role that pzdecl itself acts as, and what that role asks for (aws only)."""
    staging: Staging | None = None
    """Where files of this machine are uploaded to (aws only)."""
    quotas: Literal["none", "aws"] = "none"
    """Whether plans, and the built-in engine, keep to the quotas of an account of Amazon Personalize."""


@dataclass(frozen=True, slots=True)
class StateSettings:
    """`state:` of the project file after variables and environments: what the state is kept in.

    `path` is absolute (file only); `url` may be None: then PostgreSQL's own environment variables say where.
    """

    type: Literal["file", "s3", "postgres"] = "file"
    path: Path | None = None
    bucket: str | None = None
    key: str | None = None
    region: str | None = None
    profile: str | None = None
    endpoint: str | None = None
    kms_key: str | None = None
    url: str | None = field(default=None, repr=False)
    schema: str | None = None
    key_env: str | None = None
    key_file: Path | None = None
    """Where the key is that objects in S3 are encrypted with; None and None: they are not."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What a `removed:` document says of an address that is declared no more."""

    destroy: bool
    position: Position


@dataclass(frozen=True, slots=True)
class Policies:
    """What may be made, and what may go, in one environment; None and empty: no such rule."""

    named_deletions: bool = False
    allowed_recipes: tuple[str, ...] | None = None
    maximum_tps: int | None = None
    required_tags: tuple[str, ...] = ()
    places: Mapping[str, Position] = field(default_factory=lambda: MappingProxyType({}))
    """Where each is written, by its name in pzdecl.yaml."""

    def position(self, name: str) -> Position | None:
        """Where a policy is written."""
        return self.places.get(name)


@dataclass(frozen=True, slots=True)
class Project:
    """A folder of manifests in one environment, fully evaluated."""

    root: Path
    name: str
    environment: str
    provider: ProviderSettings
    state: StateSettings
    """A file, `<root>/.pzdecl/state/<environment>.db`, unless set otherwise."""
    resources: Mapping[Address, Desired]
    """Sorted by address; includes the SolutionVersion node of every Solution."""
    warnings: tuple[Diagnostic, ...] = ()
    policies: Policies = Policies()
    name_prefix: str = ""
    """What stands before every name in the service, so that environments share an account."""
    moved: Mapping[Address, Address] = field(default_factory=lambda: MappingProxyType({}))
    """By `moved:` documents: the former address to today's."""
    removed: Mapping[Address, Removal] = field(default_factory=lambda: MappingProxyType({}))
    """By `removed:` documents: what becomes of resources that are declared no more."""
