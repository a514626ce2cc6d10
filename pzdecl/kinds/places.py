"""Where jobs read from and write to, as manifests and requests name it."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from pzdecl.kinds.base import Spec

REMOTE = ("s3://", "http://", "https://")
Location = Annotated[str, StringConstraints(min_length=1)]


def is_remote(location: str) -> bool:
    """Whether a location is a URI and not a path."""
    return location.startswith(REMOTE)


def wire(location: str) -> Any:
    """A location in a request: a path stands as a placeholder, and is made absolute when it is sent."""
    return location if is_remote(location) else {"$path": location}


class S3Source(Spec):
    """Files that a job reads."""

    path: Location = Field(
        description="A file of JSON lines or a folder of them, relative to the manifest; or `s3://bucket/path`.",
        examples=["data/users.json", "s3://my-bucket/users.json"],
    )
    kms_key_arn: str | None = Field(None, description="The key that the files are encrypted with (in AWS).")


class S3Destination(Spec):
    """The folder that a job writes to."""

    path: Location = Field(
        description="A folder, relative to the manifest; or `s3://bucket/path/`.",
        examples=["out/", "s3://my-bucket/out/"],
    )
    kms_key_arn: str | None = Field(None, description="The key to encrypt what is written with (in AWS).")


class JobInput(Spec):
    """What a job reads."""

    s3_data_source: S3Source = Field(description="The files.")


class JobOutput(Spec):
    """What a job writes."""

    s3_data_destination: S3Destination = Field(description="The folder.")


def sent(part: dict[str, Any], key: str) -> dict[str, Any]:
    """A jobInput or jobOutput as a request has it."""
    return {key: {**part[key], "path": wire(part[key]["path"])}}
