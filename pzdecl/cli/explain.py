"""`pzdecl explain`: what an error's code means."""

from __future__ import annotations

import json
import textwrap
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import write
from pzdecl.errors import UsageError


def command(
    code: Annotated[str, typer.Argument(metavar="CODE", help="Such as PZ3001.")],
    format: options.TextOrJson = "text",
) -> None:
    """Explains the code of an error."""
    from pzdecl.manifests.codes import CODES

    found = CODES.get(code.upper())
    if found is None:
        raise UsageError(f"there is no code {code}", hint="every error shows its code, such as PZ3001")
    if format == "json":
        write(json.dumps({"code": code.upper(), "title": found.title, "explanation": found.explanation}) + "\n")
    else:
        write(f"{code.upper()}: {found.title}\n\n{textwrap.fill(found.explanation, 88)}\n")
