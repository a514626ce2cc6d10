"""`pzdecl init`: a small project that validates, applies and recommends as it is."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli import starter
from pzdecl.cli.session import session, tell, write
from pzdecl.errors import PzdeclError, UsageError


def command(
    folder: Annotated[
        Path | None,
        typer.Argument(metavar="FOLDER", help="Where to put it; the working directory unless given."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option("--name", metavar="NAME", help="The project's name; the folder's unless given."),
    ] = None,
) -> None:
    """Writes a starter project.

    Manifests and a little data to try them on; no file is overwritten.
    """
    root = session().root / (folder or ".")
    if root.exists() and not root.is_dir():
        raise PzdeclError(f"{root} is not a folder")
    chosen = name if name is not None else _name(root)
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9\-_]{0,40}", chosen):
        raise UsageError(
            f"{chosen!r} cannot name resources", hint="give --name with up to 41 letters, digits, - and _"
        )
    files = starter.files(chosen)
    there = [path for path in files if (root / path).exists() and path != ".gitignore"]
    if there:
        raise PzdeclError(
            f"{', '.join(there)} already there in {root}; nothing was written", hint="choose an empty folder"
        )
    for path, text in files.items():
        target = root / path
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        write(f"  wrote {path}\n")
    if not session().automated:
        where = "" if root.resolve() == Path.cwd() else f" -C {root}"
        tell(f"Next: pzdecl{where} plan, then pzdecl{where} apply")


def _name(root: Path) -> str:
    """The folder's name, with what the service does not allow replaced."""
    return re.sub(r"[^a-zA-Z0-9\-_]+", "-", root.resolve().name).strip("-_")[:41] or "recommender"
