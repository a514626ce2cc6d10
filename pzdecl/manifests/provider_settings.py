"""`provider:` of the project file and of its environments: where the resources live."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import Spec
from pzdecl.manifests.model import ProviderSettings
from pzdecl.manifests.positions import Positions
from pzdecl.manifests.report import Report
from pzdecl.providers.staging import Staging

RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$", max_length=256)]
_LOCATION = r"^s3://[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9](/\S*)?$"
Location = Annotated[str, StringConstraints(pattern=_LOCATION, max_length=600)]


class StagingSpec(Spec):
    """Where files that manifests name by paths are uploaded to, for Amazon Personalize to read."""

    location: Location = Field(description="The bucket and a prefix.", examples=["s3://my-bucket/pzdecl"])
    endpoint: str | None = Field(
        None, pattern=r"^https?://\S+$", description="Another address of Amazon S3 than boto3's own choice."
    )
    kms_key: str | None = Field(
        None, min_length=1, description="The KMS key that Amazon S3 encrypts the objects with."
    )


class ProviderSpec(Spec):
    """Where the resources live."""

    type: Literal["local", "aws"] = Field("local", description="The built-in engine, or Amazon Personalize.")
    engine: str | None = Field(
        None,
        description="local: the folder of the engine's data, relative to the project; unless set "
        ".pzdecl/engine, or .pzdecl/engine-ENVIRONMENT, since names are taken once in an engine.",
        examples=[".pzdecl/engine"],
    )
    s3_root: str | None = Field(
        None,
        description="A folder, relative to the project, that stands in for Amazon S3: "
        "`s3://bucket/key` is the file `bucket/key` in it. Unless set, S3 is asked, or what "
        "AWS_ENDPOINT_URL_S3 names.",
        examples=["buckets"],
    )
    region: str | None = Field(None, description="The AWS region.", examples=["eu-west-1"])
    profile: str | None = Field(None, description="aws: a profile of the shared AWS configuration.")
    endpoint: str | None = Field(
        None,
        pattern=r"^https?://\S+$",
        description="aws: another address of the service, such as a `pzdecl serve`.",
        examples=["http://localhost:8080"],
    )
    role: RoleArn | None = Field(
        None,
        description="aws: the IAM role by which the service reads and writes Amazon S3, where a manifest "
        "has no roleArn.",
        examples=["arn:aws:iam::123456789012:role/personalize-data"],
    )
    assume_role: RoleArn | None = Field(
        None,
        description="aws: the IAM role that pzdecl acts as, assumed with the credentials at hand.",
        examples=["arn:aws:iam::123456789012:role/deploy"],
    )
    external_id: str | None = Field(
        None, min_length=2, max_length=1224, description="aws: what the role to assume asks for by that name."
    )
    quotas: Literal["none", "aws"] = Field(
        "none",
        description="Whether plans keep to the quotas of an account of Amazon Personalize, as far as they can "
        "know, and the built-in engine refuses what is beyond them.",
    )
    staging: Location | StagingSpec | None = Field(
        None,
        description="aws: where files that manifests name by paths are uploaded to by their content: a "
        "location in Amazon S3, or settings.",
        examples=["s3://my-bucket/pzdecl"],
    )


def settings(root: Path, spec: ProviderSpec, engine: str) -> ProviderSettings:
    """A `provider:` with its paths made absolute; `engine` is the folder where it names none."""
    return ProviderSettings(
        type=spec.type,
        engine=root / (spec.engine or engine) if spec.type == "local" else None,
        region=spec.region,
        profile=spec.profile,
        endpoint=spec.endpoint,
        role=spec.role,
        assume_role=spec.assume_role,
        external_id=spec.external_id,
        s3_root=root / spec.s3_root if spec.s3_root else None,
        staging=_staging(root, spec),
        quotas=spec.quotas,
    )


def check(value: Mapping[str, Any], positions: Positions, report: Report) -> None:
    """Whether each `provider:` has what belongs together."""
    for place, provider in _blocks(value):
        kind = provider.get("type", "local")
        for field in ("staging", "assumeRole", "externalId") if kind == "local" else ():
            if field in provider:
                report.add(
                    "PZ3001",
                    f"a provider of type local has no field {field}",
                    positions.nearest((*place, field), on_key=True),
                    field=".".join((*place, field)),
                    expected="type, engine, s3Root, quotas",
                    hint=f"{field} belongs to type: aws",
                )
        if kind == "aws" and "externalId" in provider and "assumeRole" not in provider:
            report.add(
                "PZ3002",
                "assumeRole is missing: externalId is for the role that it names",
                positions.nearest((*place, "externalId"), on_key=True),
                field=".".join((*place, "externalId")),
                expected="arn:aws:iam::ACCOUNT:role/NAME",
            )


def _staging(root: Path, spec: ProviderSpec) -> Staging | None:
    given = StagingSpec(location=spec.staging) if isinstance(spec.staging, str) else spec.staging
    if given is None:
        return None
    bucket, _, prefix = given.location.removeprefix("s3://").partition("/")
    return Staging(
        bucket,
        re.sub("/+", "/", prefix).strip("/"),
        given.endpoint,
        given.kms_key,
        root / spec.s3_root if spec.s3_root else None,
    )


def _blocks(value: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    """Every `provider:` of a project file with its place."""
    environments = value.get("environments")
    blocks: list[tuple[tuple[str, ...], Any]] = [(("provider",), value.get("provider"))]
    for name, block in environments.items() if isinstance(environments, dict) else ():
        if isinstance(block, dict):
            blocks.append((("environments", name, "provider"), block.get("provider")))
    for place, provider in blocks:
        if isinstance(provider, dict):
            yield place, provider
