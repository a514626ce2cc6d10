"""`pzdecl fmt`: one way to write manifests."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from difflib import unified_diff
from pathlib import Path
from typing import Annotated

import typer

from pzdecl.cli.session import session, write
from pzdecl.errors import Diagnostic, InvalidProject, Position, PzdeclError

WOULD_CHANGE = 3


def command(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="FILE...", help="Only these; all manifests unless given.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Writes nothing; exit 3 if a file would change.")
    ] = False,
    diff: Annotated[bool, typer.Option("--diff", help="Shows what changes.")] = False,
) -> int:
    """Rewrites manifests in their canonical form.

    The order of keys and the indentation change; comments and values stay.
    """
    from pzdecl.manifests.format import format_text

    problems = []
    changed: list[tuple[Path, str, str]] = []
    for path in _files(paths):
        before = path.read_bytes()
        try:
            text = before.decode("utf-8")
            after = format_text(text)
        except UnicodeDecodeError as error:
            problems.append(_not_text(path, error))
        except InvalidProject as error:
            problems += [_placed(diagnostic, path) for diagnostic in error.diagnostics]
        else:
            if after != text:
                changed.append((path, text, after))
    if problems:
        raise InvalidProject(problems)
    for path, text, after in changed:
        name = _shown(path)
        if diff:
            write("".join(_diff(name, text, after)))
        else:
            write(f"{name}\n")
        if not check:
            _replace(path, after)
    return WOULD_CHANGE if check and changed else 0


def _files(paths: list[Path] | None) -> Iterator[Path]:
    """The named files; for folders and by default all YAML below that the project reads."""
    from pzdecl.manifests.discovery import SUFFIXES, discover

    root = session().root
    for path in paths or [root]:
        if path.is_dir():
            project = path / "pzdecl.yaml"
            if project.is_file():
                yield project
            for name in discover(path, _excluded(project)):
                yield path / name
        elif path.is_file() and path.suffix in SUFFIXES:
            yield path
        else:
            problem = "is not YAML" if path.exists() else "is not there"
            raise PzdeclError(f"{path} {problem}", hint=f"expected folders, or {' or '.join(SUFFIXES)} files")


def _excluded(project: Path) -> list[str]:
    """`exclude:` of the project file; nothing where that can't be read (its own errors are told later)."""
    import yaml

    try:
        found = yaml.safe_load(project.read_bytes())
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return []
    globs = found.get("exclude") if isinstance(found, dict) else None
    return [glob for glob in globs if isinstance(glob, str)] if isinstance(globs, list) else []


def _shown(path: Path) -> str:
    try:
        return path.relative_to(session().root).as_posix()
    except ValueError:
        return str(path)


def _placed(diagnostic: Diagnostic, path: Path) -> Diagnostic:
    at = diagnostic.position or Position("")
    return replace(diagnostic, position=replace(at, file=_shown(path)))


def _not_text(path: Path, error: UnicodeDecodeError) -> Diagnostic:
    line = error.object[: error.start].count(b"\n") + 1
    return Diagnostic("PZ1001", "the file is not UTF-8", Position(_shown(path), line), expected="UTF-8 text")


def _diff(name: str, before: str, after: str) -> Iterator[str]:
    lines = (before.splitlines(keepends=True), after.splitlines(keepends=True))
    style = session().style(sys.stdout)
    colors = {"+": "green", "-": "red", "@": "cyan"}
    for line in unified_diff(*lines, fromfile=name, tofile=f"{name} (formatted)"):
        text = line.rstrip("\n")
        color = colors.get(text[:1])
        yield (style.paint(text, color) if color else text) + "\n"


def _replace(path: Path, text: str) -> None:
    """Writes beside and renames: a kill leaves the old file or the new one, never half of one."""
    beside = path.with_name(f".{path.name}.fmt")
    beside.write_bytes(text.encode("utf-8"))
    shutil.copymode(path, beside)
    beside.replace(path)
