"""`pzdecl diff`: what differs between two environments."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write
from pzdecl.errors import UsageError

DIFFERENT = 2


def command(
    left: Annotated[str, typer.Argument(metavar="LEFT", help="An environment of pzdecl.yaml.")],
    right: Annotated[str, typer.Argument(metavar="RIGHT", help="Another one.")],
    format: options.MetricsFormat = "text",
    exit_code: Annotated[
        bool, typer.Option("--exit-code", help="Exit 0: they are alike, 2: something differs.")
    ] = False,
) -> int:
    """Compares two environments: what their manifests come to, what is applied, and from which data.

    Asks the states, not the service; changes nothing.
    """
    from pzdecl.plan import environments
    from pzdecl.views import environments as view

    if session().environment is not None:
        raise UsageError("diff takes its environments as arguments", hint="leave -e out")
    if left == right:
        raise UsageError(f"{left} is the same environment twice", hint="name two environments")
    one, other = (session().load(environment=name) for name in (left, right))
    with one.state() as a, other.state() as b:
        found = environments.compare(one.declared, other.declared, a.resources(), b.resources())
    match format:
        case "json":
            write(view.as_json(found, left, right))
        case "markdown":
            write(view.markdown(found, left, right))
        case "text":
            write(view.text(found, left, right, session().style(sys.stdout)))
    return DIFFERENT if found and exit_code else 0
