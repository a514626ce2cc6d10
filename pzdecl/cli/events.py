"""`pzdecl events`: record what users did."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, tell, write
from pzdecl.errors import UsageError

if TYPE_CHECKING:
    from pzdecl.recording import Problem

SHOWN = 20
"""Refused lines that are told one by one; the others are counted."""

app = typer.Typer(
    help="Records what users did.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@app.callback()
def group() -> None:
    """Records what users did."""


@app.command("put")
def put(
    tracker: Annotated[
        str, typer.Argument(metavar="TRACKER", help="The event tracker's name or address; or Dataset/NAME.")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE", help="Lines of JSON, one event each; standard input unless given, or as -."
        ),
    ] = None,
    *,
    format: options.TextOrJson = "text",
) -> int:
    """Puts events into a tracker: lines of JSON.

    A line is an event as PutEvents has it, with its userId and sessionId beside it:
    {"userId": "ann", "eventType": "watch", "itemId": "i7", "sentAt": 1700000000}. sessionId is the userId
    unless given, sentAt is now. The same line put again counts once. Lines that are wrong are told and left
    out: exit status 1.

    Dataset/NAME names a dataset of action interactions, and a line is one as PutActionInteractions has it:
    {"userId": "ann", "eventType": "Taken", "actionId": "card", "timestamp": 1700000000}.
    """
    from pzdecl.views.words import plural

    name = "standard input" if file is None or str(file) == "-" else str(file)
    if name == "standard input" and sys.stdin.isatty():
        raise UsageError("no events are given", hint="name a FILE, or pipe lines of JSON in")
    refused: list[Problem] = []
    project = session().load()

    def told(problem: Problem) -> None:
        refused.append(problem)
        if format == "text" and len(refused) <= SHOWN:
            tell(f"{name}:{problem.line}: {problem.message}")

    if name == "standard input":
        count = project.put_events(tracker, sys.stdin, told)
    else:
        with Path(name).open(encoding="utf-8-sig", errors="surrogateescape") as lines:
            count = project.put_events(tracker, lines, told)
    if format == "json":
        problems = [{"line": problem.line, "message": problem.message} for problem in refused]
        write(json.dumps({"format_version": "1.0", "put": count, "refused": problems}, indent=2) + "\n")
    else:
        more = f"; {plural(len(refused), 'line')} refused" if refused else ""
        write(f"{plural(count, 'event')} put{more}\n")
    return 1 if refused else 0
