"""`pzdecl state`: look at what is managed, change that alone, move it, and free a lock that was left behind."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli import show as show_command
from pzdecl.cli.session import session, tell, write
from pzdecl.errors import PzdeclError, UsageError

app = typer.Typer(
    help="Looks at the state: resources and runs; moves it.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Argument(metavar="KIND", help="Only this kind.")] = None,
    format: options.TextOrJson = "text",
) -> None:
    """Lists the addresses of everything managed."""
    with session().load().state() as state:
        rows = [
            row
            for address, row in state.resources().items()
            if not kind or address.kind.casefold() == kind.casefold()
        ]
    if format == "json":
        found = [
            {"address": str(r.address), "arn": r.arn, "api_name": r.name, "source": r.source} for r in rows
        ]
        write(json.dumps({"format_version": "1.0", "resources": found}, indent=2) + "\n")
    else:
        write("".join(f"{row.address}\n" for row in rows))


@app.command("show")
def show(
    address: Annotated[str, typer.Argument(metavar="ADDR", help="Kind/name, in any case.")],
    format: options.TextOrJson = "text",
) -> None:
    """Shows all that the state holds of one resource."""
    show_command.command(address, format)


@app.command("history")
def history(
    limit: Annotated[int, typer.Option("--limit", min=1, metavar="N", help="How many runs.")] = 20,
    format: options.TextOrJson = "text",
) -> None:
    """Lists the runs that changed something, newest first: who, when, how they ended."""
    from pzdecl.views import history as view

    with session().load().state() as state:
        runs = state.runs(limit)
    if format == "json":
        write(view.as_json(runs))
    elif runs:
        write(view.text(runs, session().style(sys.stdout)))
    else:
        tell("No run yet.")


@app.command("mv")
def mv(
    source: Annotated[str, typer.Argument(metavar="FROM", help="The address now, Kind/name.")],
    target: Annotated[str, typer.Argument(metavar="TO", help="The address that it gets.")],
) -> None:
    """Gives a resource another address in the state; the service hears nothing of it.

    Rename its manifest along with it. A `moved:` document does the same in every environment, and in review.
    """
    for before, after in session().load().move(source, target).items():
        write(f"{before} is {after} now\n")


@app.command("rm")
def rm(
    address: Annotated[str, typer.Argument(metavar="ADDR", help="Kind/name, in any case.")],
) -> None:
    """Forgets a resource without deleting it; while its manifest is there, it is planned to be made again.

    A `removed:` document does the same in every environment, and in review.
    """
    for forgotten in session().load().forget(address):
        write(f"{forgotten} is not managed any more\n")


KeyEnv = Annotated[
    str | None, typer.Option("--key-env", metavar="NAME", help="The environment variable with the file's key.")
]
KeyFile = Annotated[
    Path | None, typer.Option("--key-file", metavar="FILE", help="The file with the file's key.")
]


@app.command("pull")
def pull(key_env: KeyEnv = None, key_file: KeyFile = None) -> None:
    """Writes the whole state to standard output, as the file that a local state is: `state pull > FILE`.

    With a key (32 bytes in base64) it is encrypted. The state itself stays as it is.
    """
    from pzdecl.state import copying
    from pzdecl.state.sealing import sealer

    seal = sealer(key_env, key_file)
    if sys.stdout.isatty():
        raise UsageError(
            "a state is no text for a terminal", hint="write it to a file: pzdecl state pull > FILE"
        )
    content = seal.seal(session().load().pull_state(), copying.SEALED)
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


@app.command("push")
def push(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A state file, as `state pull` writes it.")],
    force: Annotated[
        bool,
        typer.Option("--force", help="Also where it is of another lineage, older, or forgets what was begun."),
    ] = False,
    key_env: KeyEnv = None,
    key_file: KeyFile = None,
) -> None:
    """Puts a state file in place of the state, wherever that is kept; the service hears nothing of it.

    Moves a state to another place: name the new place in pzdecl.yaml, then push the old file. What the state
    held before is kept in .pzdecl/state-backups.
    """
    from pzdecl.state import copying
    from pzdecl.state.sealing import sealer

    content = copying.read_file(file, sealer(key_env, key_file))
    pushed = session().load().push_state(content, str(file), force=force)
    write(f"The state holds {pushed.resources} resources now (serial {pushed.serial}).\n")
    if pushed.backup is not None:
        tell(f"What it held before is in {pushed.backup}")


@app.command("unlock")
def unlock(auto_approve: options.AutoApprove = False) -> None:
    """Takes the lock from whoever holds it. For a lock whose owner is gone for good on another machine."""
    project = session().load()
    with project.state() as state:
        holder = state.lock_info()
    if holder is None:
        write("The state is not locked.\n")
        return
    if holder.gone:
        tell(f"the process that took it ({holder.command}, pid {holder.pid}) is gone: it holds up nobody")
    elif not auto_approve:
        if not session().interactive:
            raise PzdeclError(
                f"the lock of {holder.who} is not taken without approval", hint="give --auto-approve"
            )
        sys.stderr.write(
            f"{holder.who} holds the lock since {holder.since:%Y-%m-%d %H:%M} ({holder.command}).\n"
        )
        typer.confirm("Take it away?", abort=True, err=True)
    from pzdecl.state import open_state

    with open_state(project.declared.state, create=False) as state:
        taken = state.unlock()
    write(f"Unlocked; {taken.who} held it.\n" if taken else "The state is not locked.\n")
