"""`pzdecl rollback`: put an earlier version back, at once."""

from __future__ import annotations

from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session
from pzdecl.errors import UsageError


def command(
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="Campaign/name, or its name.")],
    *,
    to: Annotated[
        str | None,
        typer.Option("--to", metavar="VERSION", help="The version to go back to; the one before unless given."),
    ] = None,
    release: Annotated[
        bool,
        typer.Option("--release", help="Lets a campaign that was put back follow the newest version again."),
    ] = False,
    format: options.RunFormat = "text",
    auto_approve: options.AutoApprove = False,
    timeout: options.Timeout = None,
    lock_timeout: options.LockTimeout = "0s",
) -> int:
    """Has a campaign serve an earlier version of its solution, and pins it there.

    Nothing is trained and nothing else changes. Plans say that the campaign is pinned until it is released.
    """
    from pzdecl.cli.carry_out import Wishes, carry_out

    if release and to is not None:
        raise UsageError("--release and --to are both given", hint="give one of them")
    wishes = Wishes(
        format=format,
        auto_approve=auto_approve,
        parallelism=1,
        timeout=options.seconds(timeout, "--timeout") if timeout else None,
        lock_timeout=options.seconds(lock_timeout, "--lock-timeout"),
        command=session().command,
    )
    return carry_out(wishes, make=lambda project: project.rollback(campaign, to, release=release))
