"""Where resources live: the built-in engine in process, or Amazon Personalize through boto3.

Both are clients of one shape (`pzdecl.providers.client`). Nothing heavy is imported before one is opened.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from pzdecl.providers.aws import AwsClient
    from pzdecl.providers.local import LocalClient
    from pzdecl.providers.staging import Staging

__all__ = ["open_aws", "open_local"]


def open_local(
    folder: Path,
    *,
    read_only: bool = False,
    resumes: bool = True,
    s3_root: Path | None = None,
    quotas: Literal["none", "aws"] = "none",
) -> LocalClient:
    """The built-in engine in a folder; see `pzdecl.providers.local`."""
    from pzdecl.providers import local

    return local.open_local(folder, read_only=read_only, resumes=resumes, s3_root=s3_root, quotas=quotas)


def open_aws(
    *,
    region: str | None = None,
    profile: str | None = None,
    endpoint: str | None = None,
    role: str | None = None,
    assume_role: str | None = None,
    external_id: str | None = None,
    staging: Staging | None = None,
) -> AwsClient:
    """Amazon Personalize, or whatever answers its API at `endpoint`; see `pzdecl.providers.aws`."""
    from pzdecl.providers import aws

    return aws.open_aws(
        region=region,
        profile=profile,
        endpoint=endpoint,
        role=role,
        assume_role=assume_role,
        external_id=external_id,
        staging=staging,
    )
