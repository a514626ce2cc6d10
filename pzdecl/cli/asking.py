"""The options of commands that ask a campaign: filters, their values, columns to show."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer

from pzdecl.errors import UsageError

Filter = Annotated[
    str | None,
    typer.Option("--filter", metavar="NAME", help="Only what this filter lets through: its name, or an ARN."),
]
FilterValues = Annotated[
    list[str] | None,
    typer.Option(
        "--filter-value",
        metavar="NAME=VALUE",
        help="A value of the filter's placeholder $NAME. Again with the same name: any of the values.",
    ),
]
MetadataColumns = Annotated[
    list[str] | None,
    typer.Option("--metadata", metavar="COLUMN", help="Shows this column of the items. May be given again."),
]


def filter_values(given: Iterable[str] | None, filter: str | None) -> dict[str, str]:
    """`["GENRES=Comedy", "GENRES=Drama"]` as the API wants it: `{"GENRES": '"Comedy","Drama"'}`.

    Values that are in double quotes already stay as they are. Raises UsageError, also where there is no filter.
    """
    from pzdecl.engine.filters.values import written

    if given and filter is None:
        raise UsageError("--filter-value is given without a filter", hint="name the filter with --filter NAME")

    found: dict[str, list[str]] = {}
    for text in given or ():
        name, equals, value = text.partition("=")
        if not equals or not name:
            raise UsageError(
                f"--filter-value {text!r} has no name and value",
                hint="expected NAME=VALUE, such as GENRES=Comedy",
            )
        found.setdefault(name.removeprefix("$"), []).append(
            value if value.startswith('"') else written([value])
        )
    return {name: ",".join(values) for name, values in found.items()}
