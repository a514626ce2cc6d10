"""`pzdecl rank`: in which order would a user like these items?"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from pzdecl.cli import asking, options
from pzdecl.cli.session import session, write


def command(
    *,
    campaign: Annotated[str, typer.Argument(metavar="CAMPAIGN", help="The campaign's name or address.")],
    user: Annotated[str, typer.Argument(metavar="USER", help="The user's id.")],
    items: Annotated[list[str], typer.Argument(metavar="ITEM...", help="The items' ids.")],
    filter: asking.Filter = None,
    filter_value: asking.FilterValues = None,
    metadata: asking.MetadataColumns = None,
    format: options.TextOrJson = "text",
) -> None:
    """Puts items into the order in which a user would like them.

    For campaigns of PERSONALIZED_RANKING recipes. Items that the training did not know come last, without a
    score.
    """
    from pzdecl.serving import titles
    from pzdecl.views import recommendations as view

    project = session().load()
    address = project.address(campaign if "/" in campaign else f"Campaign/{campaign}")
    answer = project.rank(
        str(address),
        user,
        items,
        filter=filter,
        filter_values=asking.filter_values(filter_value, filter),
        metadata=metadata or (),
    )
    ranked = answer["personalizedRanking"]
    names = titles(project.declared.resources, address, [found["itemId"] for found in ranked])
    if format == "json":
        write(view.as_json(answer, names, "personalizedRanking"))
    else:
        write(view.text(ranked, names, session().style(sys.stdout)))
