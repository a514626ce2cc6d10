"""`pzdecl recommend`: ask a campaign, or a recommender."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pzdecl.cli import asking, options
from pzdecl.cli.session import session, write
from pzdecl.engine.errors import InvalidInputException
from pzdecl.errors import UsageError

_MISSING = {
    "userId is required": "name the user: pzdecl recommend {campaign} USER",
    "userId is missing": "name the user: pzdecl recommend {campaign} USER",
    "itemId is required": "name the item: pzdecl recommend {campaign} --item ID",
}


def command(
    *,
    campaign: Annotated[
        str, typer.Argument(metavar="CAMPAIGN", help="The name or address of a campaign, or of a recommender.")
    ],
    who: Annotated[str | None, typer.Argument(metavar="USER", help="The user's id.")] = None,
    user: Annotated[str | None, typer.Option("--user", metavar="ID", help="The user's id.")] = None,
    item: Annotated[
        str | None, typer.Option("--item", metavar="ID", help="The item's id (related items).")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=500, help="How many items.")] = 25,
    filter: asking.Filter = None,
    filter_value: asking.FilterValues = None,
    metadata: asking.MetadataColumns = None,
    format: options.TextOrJson = "text",
) -> None:
    """Asks a campaign, or a recommender, for recommendations.

    For a user, or beside an item; with titles where the items' data has them. A campaign of
    aws-next-best-action answers with actions.
    """
    if who is not None and user is not None:
        raise UsageError("the user is given twice", hint="give either USER or --user ID")
    user = user if user is not None else who
    from pzdecl.serving import titles
    from pzdecl.views import recommendations as view

    project = session().load()
    address = project.answering(campaign)
    try:
        answer = project.recommend(
            str(address),
            user=user,
            item=item,
            count=count,
            filter=filter,
            filter_values=asking.filter_values(filter_value, filter),
            metadata=metadata or (),
        )
    except InvalidInputException as error:
        hint = next((text for sign, text in _MISSING.items() if error.message.startswith(sign)), None)
        if hint is None:
            raise
        raise UsageError(error.message, hint=hint.format(campaign=address.name)) from None
    if "actionList" in answer:
        if format == "json":
            write(view.as_json(answer, {}, "actionList"))
        else:
            write(view.text(answer["actionList"], {}, session().style(sys.stdout), what="action"))
        return
    items = answer["itemList"]
    names = titles(project.declared.resources, address, [found["itemId"] for found in items])
    if format == "json":
        write(view.as_json(answer, names))
    else:
        write(view.text(items, names, session().style(sys.stdout)))
