"""What every manifest has around its spec: apiVersion, kind, metadata."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import Spec
from pzdecl.kinds.names import NAME_LENGTH, NAME_PATTERN

API_VERSION = "pzdecl/v1"
FIELDS = ("apiVersion", "kind", "metadata", "spec")

Name = Annotated[str, StringConstraints(min_length=1, max_length=NAME_LENGTH, pattern=NAME_PATTERN)]


class LifecycleSpec(Spec):
    """How pzdecl treats the resource."""

    protect: bool = Field(False, description="Refuses to delete or replace it.")
    ignore_changes: list[str] | None = Field(
        None,
        description="Fields of the spec, and tags, whose changes are left alone; patterns too.",
        examples=[["solutionConfig.hpoConfig", "tags.*", "schema.fields[*].type"]],
    )
    retrain_on: list[str] | None = Field(
        None,
        description="Of a Solution: resources (Kind/name, patterns too), or fields of them, whose change "
        "calls for a training; Kind/name.data is the content that an import reads.",
        examples=[["Schema/ratings", "DatasetImport/ratings.data", "Dataset/*.schema"]],
    )
    on_delete: Literal["delete", "retain"] = Field(
        "delete", description="What happens to it when its manifest goes: deleted, or kept and forgotten."
    )


class MetadataSpec(Spec):
    """What a resource is called, and what pzdecl itself needs to know of it."""

    name: Name = Field(description="The API's name of it, unique among its kind.", examples=["movies"])
    depends_on: list[str] | None = Field(
        None,
        description="Resources that must be there first, where no reference says so.",
        examples=[["EventTracker/movies-web"]],
    )
    tags: dict[str, str] | None = Field(
        None, description="Tags in the service.", examples=[{"team": "discovery"}]
    )
    lifecycle: LifecycleSpec = Field(LifecycleSpec(), description="How pzdecl treats it.")
