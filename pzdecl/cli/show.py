"""`pzdecl show`: a saved plan, or what the state holds of a resource."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli import options
from pzdecl.cli.session import session, write
from pzdecl.errors import PzdeclError, UsageError


def command(
    what: Annotated[
        str | None, typer.Argument(metavar="PLANFILE|ADDR", help="A saved plan, or Kind/name.")
    ] = None,
    format: options.PlanFormat = "text",
) -> None:
    """Shows a saved plan or what is managed."""
    if what is not None and _is_file(what):
        from pzdecl.cli.carry_out import read_plan
        from pzdecl.cli.plan import show

        show(read_plan(Path(what)), format)
        return
    if format not in {"text", "json"}:
        raise UsageError(
            f"--format {format} is for plans", hint="give a file saved by plan --out, or text or json"
        )
    project = session().load()
    with project.state() as state:
        rows = state.resources()
    from pzdecl.project import find_address
    from pzdecl.views import resources

    if what is not None:
        address = find_address(what, {*rows, *project.declared.resources})
        if address not in rows:
            raise PzdeclError(f"{address} is declared but was not applied yet", hint="run `pzdecl plan`")
        rows = {address: rows[address]}
    if format == "json":
        found = [resources.as_json(row) for row in rows.values()]
        answer = found[0] if what is not None else {"format_version": "1.0", "resources": found}
        write(json.dumps(answer, indent=2, sort_keys=True, ensure_ascii=False) + "\n")
    else:
        write(resources.text(rows.values(), session().style(sys.stdout)))


def _is_file(what: str) -> bool:
    """Anything that is there as a file, or that can't be an address, is meant as a plan."""
    return Path(what).is_file() or "/" not in what or Path(what).suffix in {".json", ".plan", ".tfplan"}
