"""`pzdecl destroy`: delete everything that the state manages."""

from __future__ import annotations

from pzdecl.cli import options
from pzdecl.cli.session import session


def command(
    *,
    format: options.RunFormat = "text",
    auto_approve: options.AutoApprove = False,
    parallelism: options.Parallelism = 10,
    timeout: options.Timeout = None,
    lock_timeout: options.LockTimeout = "0s",
    no_refresh: options.NoRefresh = False,
    target: options.Target = None,
    exclude: options.Exclude = None,
) -> int:
    """Deletes all managed resources, or those that --target names and what needs them.

    What depends on others goes first. Protected resources stay.
    """
    from pzdecl.cli.carry_out import Wishes, carry_out

    wishes = Wishes(
        format=format,
        auto_approve=auto_approve,
        parallelism=parallelism,
        timeout=options.seconds(timeout, "--timeout") if timeout else None,
        lock_timeout=options.seconds(lock_timeout, "--lock-timeout"),
        command=session().command,
    )
    return carry_out(wishes, destroy=True, refresh=not no_refresh, target=target or (), exclude=exclude or ())
