"""`pzdecl rehearse`: what the plan would do to what users are shown."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write
from pzdecl.errors import UsageError

if TYPE_CHECKING:
    from pzdecl.kinds.address import Address
    from pzdecl.project import Project

HELD = 7
"""Something failed in the rehearsal, as in an apply."""


def command(
    *,
    sample: Annotated[
        float,
        typer.Option(
            "--sample", metavar="SHARE", help="Works with this share of the users' data, such as 0.1."
        ),
    ] = 1.0,
    users: Annotated[
        int, typer.Option("--users", min=1, metavar="N", help="Compares the top 10 of so many users at most.")
    ] = 200,
    data: Annotated[
        list[str] | None,
        typer.Option(
            "--data",
            metavar="IMPORT=FILE",
            help="Reads this file in place of what the import names, such as s3://... May be given again.",
        ),
    ] = None,
    data_from: Annotated[
        str | None,
        typer.Option(
            "--data-from", metavar="ENV", help="Reads the files that the imports name in this environment."
        ),
    ] = None,
    format: options.MetricsFormat = "text",
    timeout: Annotated[
        str | None,
        typer.Option("--timeout", metavar="TIME", help="Gives up after this long (90s, 30m, 2h)."),
    ] = None,
    no_refresh: options.NoRefresh = False,
    allow_destroy: options.AllowDestroy = None,
    retrain: options.Retrain = None,
    replace: options.Replace = None,
    target: options.Target = None,
    exclude: options.Exclude = None,
) -> int:
    """Tries the plan on a scratch copy of the engine, and shows what it would change.

    For each campaign: the offline metrics before and after, and how far the top 10 of a fixed sample of users
    moves. Nothing that is really there is changed. With --sample, and where the target is Amazon Personalize,
    the scratch engine is made of the data files.
    """
    from pzdecl.cli.carry_out import progress_view
    from pzdecl.rehearsal.rehearse import Wishes, check_share, rehearse
    from pzdecl.views import rehearsal as view

    project = session().load()
    wishes = Wishes(
        share=check_share(sample),
        users=users,
        data={
            **(_files(data_from) if data_from is not None else {}),
            **dict(_file(project, text) for text in data or ()),
        },
        timeout=options.seconds(timeout, "--timeout") if timeout else None,
        options={
            "refresh": not no_refresh,
            "allow_destroy": allow_destroy or (),
            "retrain": retrain or (),
            "replace": replace or (),
            "target": target or (),
            "exclude": exclude or (),
        },
    )
    progress = progress_view()
    try:
        found = rehearse(project, wishes, progress)
    finally:
        progress.close()
    match format:
        case "json":
            write(view.as_json(found))
        case "markdown":
            write(view.markdown(found))
        case "text":
            write(view.text(found, session().style(sys.stdout)))
    return HELD if found.failed else 0


def _files(environment: str) -> dict[Address, Path]:
    """The data on this machine that imports read in an environment."""
    resources = session().load(environment).declared.resources
    found = {a: one.data.path for a, one in resources.items() if one.data and one.data.path}
    if not found:
        raise UsageError(
            f"--data-from {environment}: no import reads a file of this machine there",
            hint="name each file: --data DatasetImport/NAME=FILE",
        )
    return found


def _file(project: Project, text: str) -> tuple[Address, Path]:
    name, equals, file = text.partition("=")
    if not (equals and name and file):
        raise UsageError(f"--data {text!r} names no file", hint="expected --data DatasetImport/NAME=FILE")
    address = project.address(name if "/" in name else f"DatasetImport/{name}")
    path = Path(file).absolute()
    if address.kind != "DatasetImport":
        raise UsageError(f"--data {address}: only imports read data", hint="expected DatasetImport/NAME=FILE")
    if not path.exists():
        raise UsageError(f"--data {address}: {file} is not there", hint="name a CSV file or a folder of them")
    return address, path
