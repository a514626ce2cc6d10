"""`pzdecl apply`: plan, ask, do; or do what a saved plan says."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session


def command(
    *,
    planfile: Annotated[
        Path | None, typer.Argument(metavar="PLANFILE", help="A plan saved by plan --out: run just that.")
    ] = None,
    format: options.RunFormat = "text",
    auto_approve: options.AutoApprove = False,
    parallelism: options.Parallelism = 10,
    timeout: options.Timeout = None,
    lock_timeout: options.LockTimeout = "0s",
    destroy: Annotated[bool, typer.Option("--destroy", help="Deletes everything.")] = False,
    no_refresh: options.NoRefresh = False,
    refresh_only: options.RefreshOnly = False,
    allow_destroy: options.AllowDestroy = None,
    retrain: options.Retrain = None,
    replace: options.Replace = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
    expect: options.Expect = None,
) -> int:
    """Carries out the plan.

    It imports, trains and deploys in the order of dependencies. Stopped or killed, it goes on from where it was
    when it is run again.
    """
    from pzdecl.cli.carry_out import Wishes, carry_out, carry_out_file

    wishes = Wishes(
        format=format,
        auto_approve=auto_approve,
        parallelism=parallelism,
        timeout=options.seconds(timeout, "--timeout") if timeout else None,
        lock_timeout=options.seconds(lock_timeout, "--lock-timeout"),
        command=session().command,
    )
    if planfile is not None:
        given = {
            "--destroy": destroy,
            "--no-refresh": no_refresh,
            "--refresh-only": refresh_only,
            "--allow-destroy": allow_destroy,
            "--retrain": retrain,
            "--replace": replace,
            "--target": target,
            "--exclude": exclude,
            "--expect": expect,
        }
        return carry_out_file(planfile, wishes, [name for name, value in given.items() if value])
    return carry_out(
        wishes,
        expect=expect,
        destroy=destroy,
        refresh=not no_refresh,
        refresh_only=refresh_only,
        allow_destroy=allow_destroy or (),
        retrain=retrain or (),
        replace=replace or (),
        target=target or (),
        exclude=exclude or (),
    )
