"""The data behind imports: what it holds, whether it grew or changed, whether it is any good."""

from __future__ import annotations

import csv
import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from pzdecl.engine.data.location import data_files, folder_digest
from pzdecl.kinds.address import Address
from pzdecl.manifests.cache import Cache
from pzdecl.manifests.data_check import check_data
from pzdecl.manifests.model import DataSource, Project

__all__ = ["Content", "check_data", "contents", "extends", "fingerprint"]

_BLOCK = 1 << 20
_SETTLED = 100_000_000
"""Nanoseconds: a file that changed this recently may change again without its time of change moving on."""


class WithData(Protocol):
    """A row of state, as far as this module looks at it."""

    @property
    def data(self) -> Mapping[str, Any] | None:
        """Contents by address of an import."""
        ...


@dataclass(frozen=True, slots=True)
class Content:
    """What a file or folder holds; `rows` without the header lines."""

    sha256: str
    bytes: int
    rows: int

    def as_dict(self) -> dict[str, Any]:
        """The content as JSON values, as state holds it."""
        return {"sha256": self.sha256, "bytes": self.bytes, "rows": self.rows}


def contents(project: Project, recorded: Mapping[Address, WithData]) -> dict[Address, dict[str, Any]]:
    """For each import of local data its content, and `appended`: whether the recorded content begins it.

    Raises OSError where data cannot be read.
    """
    found = {}
    cache = Cache(project.root, "contents")
    for address, desired in project.resources.items():
        if desired.data is None or desired.data.path is None:
            continue
        content = fingerprint(project.root, desired.data, cache)
        if content is None:
            continue
        row = recorded.get(address)
        old = ((row.data or {}) if row else {}).get(str(address))
        same = old is not None and old.get("sha256") == content.sha256
        appended = old is not None and not same and extends(desired.data.path, old)
        known = content.as_dict()
        if address.kind != "DatasetImport":
            known.pop("rows")  # lines of other files than CSV have no header
        found[address] = {**known, "appended": appended}
    cache.save()
    return found


def fingerprint(root: Path, source: DataSource, cache: Cache | None = None) -> Content | None:
    """The content of a file or folder, from the cache if size and time of change are those of last time.

    A cache that is given serves many; its owner saves it. Otherwise it is the project's, saved here.
    None for remote data and for a path that leads nowhere. Raises OSError where it cannot be read.
    """
    if source.path is None or not (found := data_files(source.path)):
        return None
    shared = cache or Cache(root, "contents")
    parts = [(name, _file(path, shared)) for name, path in found]
    if cache is None:
        shared.save()
    if source.path.is_file():
        return parts[0][1]
    digest = folder_digest((name, content.sha256) for name, content in parts)
    return Content(digest, sum(c.bytes for _, c in parts), sum(c.rows for _, c in parts))


def extends(path: Path, old: Mapping[str, Any]) -> bool:
    """Whether a file begins with the content `old` and goes on after it. Never so for a folder."""
    size = old.get("bytes")
    if not isinstance(size, int) or not path.is_file() or path.stat().st_size <= size:
        return False
    digest = hashlib.sha256()
    left = size
    for block in _blocks(path):
        digest.update(block[:left])
        left -= len(block)
        if left <= 0:
            break
    return digest.hexdigest() == old.get("sha256")


def _file(path: Path, cache: Cache) -> Content:
    stat = path.stat()
    key, stamp = str(path), [stat.st_size, stat.st_mtime_ns]
    known = cache.get(key)
    if isinstance(known, list) and len(known) == 5 and known[:2] == stamp:
        return Content(*known[2:])
    digest = hashlib.sha256()
    size = lines = 0
    quotes = False
    last = b"\n"
    for block in _blocks(path):
        digest.update(block)
        size += len(block)
        lines += block.count(b"\n")
        quotes = quotes or b'"' in block
        last = block[-1:]
    rows = _records(path) if quotes else lines + (last != b"\n")
    content = Content(digest.hexdigest(), size, max(rows - 1, 0))
    if time.time_ns() - stat.st_mtime_ns > _SETTLED:
        cache.put(key, [*stamp, content.sha256, content.bytes, content.rows])
    return content


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            yield block


def _records(path: Path) -> int:
    """Records of a file with quotes, in which a newline may stand inside a field."""
    csv.field_size_limit(1 << 24)
    with path.open(encoding="utf-8", errors="replace", newline="") as file:
        return sum(1 for record in csv.reader(file, escapechar="\\") if record)
