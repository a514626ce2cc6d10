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
    plan = project.plan() if planned else None
    actions = {change.address: change.action for change in plan.changes if not change.deposed} if plan else {}
    nodes, edges = project.graph(plan)
    write((view.dot if format == "dot" else view.mermaid)(nodes, edges, actions))
