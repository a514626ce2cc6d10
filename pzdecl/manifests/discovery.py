"""Finding the manifests of a project."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

SUFFIXES = (".yaml", ".yml")
TESTS = (".pztest.yaml", ".pztest.yml")
"""How the names of test files end: they are no manifests."""


Missed = Callable[[str, OSError], None]
"""Told of each folder that cannot be read, by its path below the root."""


def discover(
    root: Path, exclude: Sequence[str] = (), skip: Iterable[Path] = (), missed: Missed | None = None
) -> list[str]:
    """Every YAML file below `root`, relative to it, sorted.

    The project file, test files, files and folders whose names begin with a dot, what matches a glob of
    `exclude` and the files in `skip` are left out. A glob matches a path below the root (`ci/**`,
    `**/values.yaml`) or a folder with all that is in it (`generated`). Links to folders are not followed; a
    link to nothing is listed, since the manifest that it stood for is missing.
    """
    globs = [_pattern(glob) for glob in exclude]
    skipped = {path.resolve() for path in skip}
    files = (f for f in _walk(str(root), "", globs, missed) if f != "pzdecl.yaml" and not f.endswith(TESTS))
    return sorted(f for f in files if not (skipped and (root / f).resolve() in skipped))


def walk(root: Path) -> Iterator[str]:
    """Every YAML file below `root`, relative to it, test files too, but for names that begin with a dot."""
    return _walk(str(root), "", ())


def _walk(
    folder: str, prefix: str, globs: Sequence[re.Pattern[str]], missed: Missed | None = None
) -> Iterator[str]:
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        if missed is not None and not isinstance(error, FileNotFoundError):
            missed(prefix, error)
        return
    for entry in entries:
        name = prefix + entry.name
        if entry.name.startswith(".") or any(glob.fullmatch(name) for glob in globs):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{name}/", globs, missed)
        elif entry.name.endswith(SUFFIXES) and _is_file(entry):
            yield name


def _is_file(entry: os.DirEntry[str]) -> bool:
    """Whether it is a file, or a link to one, or to nothing."""
    if entry.is_symlink():
        return os.path.isfile(entry.path) or not os.path.exists(entry.path)
    return entry.is_file()


def _pattern(glob: str) -> re.Pattern[str]:
    """A glob as a pattern: `*` and `?` within a name, `**` across folders."""
    parts = []
    rest = glob.strip().removeprefix("./").rstrip("/")
    while rest:
        if rest.startswith("**/"):
            parts.append("(?:.*/)?")
            rest = rest[3:]
        elif rest.startswith("**"):
            parts.append(".*")
            rest = rest[2:]
        else:
            parts.append({"*": "[^/]*", "?": "[^/]"}.get(rest[0], re.escape(rest[0])))
            rest = rest[1:]
    return re.compile("".join(parts))
