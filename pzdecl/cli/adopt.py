"""`pzdecl adopt`: puts under management what is there already."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pzdecl.cli.session import session, tell, write
from pzdecl.errors import UsageError

if TYPE_CHECKING:
    from pzdecl.project import Project


def command(
    address: Annotated[
        str | None, typer.Argument(metavar="ADDR", help="Kind/name, as a manifest declares it.")
    ] = None,
    arn: Annotated[str | None, typer.Argument(metavar="ARN", help="The resource that is there.")] = None,
    *,
    all: Annotated[
        bool,
        typer.Option("--all", help="Everything in the account or engine, with manifests where there are none."),
    ] = False,
    into: Annotated[
        Path | None,
        typer.Option("--into", metavar="DIR", help="With --all: a new folder for the manifests; adopted."),
    ] = None,
) -> int:
    """Puts under management what somebody else made. Nothing in the service changes.

    What the manifest says otherwise than the resource is, the next plan shows as a change.
    """
    if all == (address is not None) or (address is None) != (arn is None):
        raise UsageError(
            "give an address and an ARN, or --all", hint="pzdecl adopt DatasetGroup/movies arn:aws:…"
        )
    if into is not None and not all:
        raise UsageError("--into is for --all", hint="leave it out: the address has its manifest already")
    project = session().load()
    if all:
        return _all(project, into or Path("adopted"))
    from pzdecl.adoption import adopt

    assert address is not None
    assert arn is not None
    for note in adopt(project, address, arn):
        tell(f"note: {note}")
    write(f"{project.address(address)}: adopted\n")
    if not session().automated:
        tell("`pzdecl plan` shows what its manifest says otherwise")
    return 0


def _all(project: Project, into: Path) -> int:
    from pzdecl.adoption import adopt_all

    done = adopt_all(project, into, session().load)
    write("".join(f"{address}: adopted\n" for address in done.addresses))
    for name in done.files:
        tell(f"wrote {name}")
    for note in done.assumed:
        tell(f"note: {note}")
    for note in done.left:
        tell(f"left unmanaged: {note}")
    if not done.addresses:
        tell("there is nothing that is not managed yet")
    elif not session().automated:
        otherwise = "what manifests say otherwise" if done.declared else "that nothing is left to do"
        tell(f"`pzdecl plan` shows {otherwise}")
    return 0
