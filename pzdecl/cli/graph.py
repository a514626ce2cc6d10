"""`pzdecl graph`: what depends on what, as a picture."""

from __future__ import annotations

from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write


def command(
    format: options.GraphFormat = "dot",
    planned: Annotated[bool, typer.Option("--plan", help="Colours what the plan would change.")] = False,
) -> None:
    """Draws the graph of dependencies.

    For Graphviz (dot), or for Markdown on GitHub (mermaid).
    """
    from pzdecl.views import graph as view

    project = session().load()
    actions = {change.address: change.action for change in project.plan().changes} if planned else {}
    nodes, edges = project.graph()
    write((view.dot if format == "dot" else view.mermaid)(nodes, edges, actions))
