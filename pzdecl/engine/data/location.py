"""Where data lies: turning a data location into a path on this machine, and into the files there."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import unquote, urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]+)://")


def local_path(location: str) -> Path:
    """The path behind a plain path or a `file://` URL. Raises ValueError for any other scheme."""
    scheme = _SCHEME.match(location)
    if scheme is None:
        return Path(location)
    if scheme[1].lower() != "file":
        raise ValueError(
            f"Invalid Data location. The built-in engine reads files of this machine, not {location}: "
            "expected a path, file:// and a path, or s3://BUCKET/KEY"
        )
    parts = urlsplit(location)
    if parts.netloc not in {"", "localhost"}:
        raise ValueError(f"Invalid Data location. {location} names another host: expected file:///and/a/path")
    return Path(unquote(parts.path))


def data_files(path: Path) -> list[tuple[str, Path]]:
    """The files below a folder with their names in it, sorted, without hidden ones; or the file itself.

    Raises OSError for a folder that cannot be read: without it there would be less data than was meant.
    """
    if path.is_file():
        return [(path.name, path)]
    found = []
    for folder, inner, files in os.walk(path, onerror=_unreadable):
        inner[:] = [name for name in inner if not name.startswith(".")]
        within = [Path(folder, name) for name in files if not name.startswith(".")]
        found += [(one.relative_to(path).as_posix(), one) for one in within if one.is_file()]
    return sorted(found)


def _unreadable(error: OSError) -> None:
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


def folder_digest(files: Iterable[tuple[str, str]]) -> str:
    """SHA-256 (hex) of a folder, from the names of its files, sorted, and the SHA-256 of each."""
    listing = "".join(f"{name}\0{sha256}\n" for name, sha256 in files)
    return hashlib.sha256(listing.encode()).hexdigest()
