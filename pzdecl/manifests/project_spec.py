"""The fields of the project file, and of its environments."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import Spec
from pzdecl.manifests.policy_settings import PoliciesSpec
from pzdecl.manifests.provider_settings import ProviderSpec
from pzdecl.manifests.state_settings import StateSpec
from pzdecl.manifests.variables import VariableSpec

Value = str | int | float | bool | list[Any] | dict[str, Any]
NamePrefix = Annotated[str, StringConstraints(max_length=20, pattern=r"^[a-zA-Z0-9][a-zA-Z0-9\-_]*$")]


class PatchSpec(Spec):
    """What is otherwise in an environment."""

    target: str = Field(description="Kind/name, or a pattern.", examples=["Campaign/*"])
    set: dict[str, Any] = Field(
        min_length=1,
        description="Values by dotted path; null takes a field out.",
        examples=[{"spec.minProvisionedTPS": 5}],
    )


class EnvironmentSpec(Spec):
    """What differs in one environment."""

    provider: ProviderSpec | None = Field(None, description="Stands in place of the project's provider.")
    variables: dict[str, Value] | None = Field(None, description="Values of variables.")
    state: str | StateSpec | None = Field(None, description="What the state is kept in: a file, or settings.")
    policies: PoliciesSpec | None = Field(None, description="Stand in place of the project's policies.")
    name_prefix: NamePrefix | None = Field(None, description="Stands before every name in the service.")
    patches: list[PatchSpec] | None = Field(None, description="Fields of manifests that are otherwise here.")


class ProjectSpec(Spec):
    """The project file."""

    name: str = Field(min_length=1, max_length=63, description="The project's name.", examples=["movies"])
    provider: ProviderSpec = Field(ProviderSpec(), description="Where the resources live.")
    variables: dict[str, VariableSpec] | None = Field(
        None, description="Variables that manifests use as `${var.NAME}`."
    )
    environments: dict[str, EnvironmentSpec] | None = Field(None, description="Environments, by name.")
    state: str | StateSpec | None = Field(
        None,
        description="What the state is kept in: a file, relative to the project, or settings; "
        ".pzdecl/state/<environment>.db unless set.",
    )
    policies: PoliciesSpec | None = Field(None, description="What may be made, and what may go.")
    name_prefix: NamePrefix | None = Field(
        None, description="Stands before every name in the service, unless an environment has its own."
    )
    exclude: list[str] | None = Field(
        None, description="Globs of YAML files that are no manifests.", examples=[["ci/**", "values.yaml"]]
    )
