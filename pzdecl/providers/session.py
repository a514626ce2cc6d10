"""Who asks, and how often: sessions of boto3, an assumed role, retries."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pzdecl.engine.errors import UnavailableException
from pzdecl.engine.http.network import is_loopback
from pzdecl.errors import MissingExtra
from pzdecl.providers.troubles import translating

if TYPE_CHECKING:
    from botocore.config import Config

ATTEMPTS = 8
"""Tries of one request, with growing pauses in between, when the service throttles or can't be reached."""
TIMEOUT = 60
ANYWHERE = "local"
"""The region of a server on this machine, which looks at none."""


def open_session(
    *,
    region: str | None,
    profile: str | None,
    endpoint: str | None,
    assume_role: str | None,
    external_id: str | None,
) -> Any:
    """boto3's session, which acts as `assume_role` where one is given.

    Raises MissingExtra without boto3, UnavailableException for an unknown profile or where no region is known.
    """
    try:
        import boto3
    except ImportError as error:
        raise MissingExtra("boto3", "aws") from error
    with translating():
        session = boto3.Session(profile_name=profile, region_name=region)
        if session.region_name is None and here(endpoint):
            session = boto3.Session(profile_name=profile, region_name=ANYWHERE)
    _ask_people_only(session)
    if session.region_name is None:
        raise UnavailableException(
            "no AWS region is known: set provider.region in pzdecl.yaml, or the environment variable AWS_REGION"
        )
    return _assumed(session, assume_role, external_id) if assume_role else session


def settings(*, signed: bool = True) -> Config:
    """botocore's settings of every client.

    Adaptive retries slow all requests of a client down to what the service lets through, so a large apply meets
    the API's rate limits once and not at every request.
    """
    from botocore import UNSIGNED
    from botocore.config import Config

    return Config(
        retries={"mode": "adaptive", "total_max_attempts": ATTEMPTS},
        connect_timeout=TIMEOUT,
        read_timeout=TIMEOUT,
        max_pool_connections=32,
        signature_version=None if signed else UNSIGNED,
    )


def here(endpoint: str | None) -> bool:
    """Whether an endpoint is a server on this machine, which asks for no keys."""
    return endpoint is not None and is_loopback(urlsplit(endpoint).hostname or "")


def _assumed(session: Any, role: str, external_id: str | None) -> Any:
    """A session with the credentials of a role, which are renewed before they expire."""
    import boto3
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.session import get_session

    with translating():
        source = session.get_credentials()
    if source is None:
        raise UnavailableException(
            f"there are no credentials by which to assume the role {role}: set provider.profile in "
            "pzdecl.yaml, or AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )

    def sts(service: str, **options: Any) -> Any:
        return session.client(service, **{**options, "region_name": session.region_name, "config": settings()})

    about = {"RoleSessionName": "pzdecl", **({"ExternalId": external_id} if external_id else {})}
    fetcher = AssumeRoleCredentialFetcher(sts, source, role, extra_args=about)
    inner = get_session()
    inner._credentials = DeferredRefreshableCredentials(
        method="assume-role", refresh_using=fetcher.fetch_credentials
    )
    return boto3.Session(botocore_session=inner, region_name=session.region_name)


def _ask_people_only(session: Any) -> None:
    """Has a profile that wants a code of an MFA device ask for it only where somebody can type one."""
    from botocore.exceptions import UnknownCredentialError

    with suppress(UnknownCredentialError):
        provider = session._session.get_component("credential_provider").get_provider("assume-role")
        provider._prompter = _code


def _code(prompt: str) -> str:
    from getpass import getpass

    automated = os.environ.get("CI") or os.environ.get("PZDECL_IN_AUTOMATION")
    if automated or sys.stdin is None or not sys.stdin.isatty():
        raise UnavailableException(
            f"{prompt.strip().rstrip(':')}: nobody is here to type it. Run in a terminal, or with credentials "
            "that need no code (in CI a role that is assumed by OpenID Connect)",
            lasting=True,
            refused=True,
        )
    return getpass(prompt)
