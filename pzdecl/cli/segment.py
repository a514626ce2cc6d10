"""`pzdecl segment`: which users will most likely take something up?"""

from __future__ import annotations

from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write
from pzdecl.errors import UsageError


def command(
    *,
    solution: Annotated[
        str, typer.Argument(metavar="SOLUTION", help="The solution's name, or SOLUTION/VERSION.")
    ],
    item: Annotated[str | None, typer.Option("--item", metavar="ID", help="The item's id.")] = None,
    where: Annotated[
        str | None,
        typer.Option(
            "--where",
            metavar="EXPR",
            help='Attributes of items, such as: ITEMS.GENRES = "Comedy" AND ITEMS.YEAR = 1995.',
        ),
    ] = None,
    size: Annotated[int, typer.Option("--size", "-n", min=1, max=5_000_000, help="How many users.")] = 25,
    format: options.TextOrJson = "text",
) -> None:
    """Finds the users most likely to take something up.

    For an item (aws-item-affinity), or for items with some attributes (aws-item-attribute-affinity); likeliest
    first. With the built-in engine.
    """
    if (item is None) == (where is None):
        raise UsageError(
            "a segment is asked for by an item or by attributes", hint="give either --item ID or --where EXPR"
        )
    from pzdecl.views import segments as view

    users = session().load().segment(solution, item=item, where=where, size=size)
    write(view.as_json(users, item, where) if format == "json" else view.text(users))
