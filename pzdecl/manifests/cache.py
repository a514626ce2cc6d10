"""Small JSON files below `.pzdecl/cache/`: what was computed from files, so that it is not computed again.

A cache is never needed: one that is missing, broken or cannot be written costs time and nothing else.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

_MAX_ENTRIES = 20_000


class Cache:
    """The entries of one file, read at first use. `save` writes what was added, in one atomic step."""

    def __init__(self, root: Path, name: str) -> None:
        self._path = root / ".pzdecl" / "cache" / f"{name}.json"
        self._entries: dict[str, Any] | None = None
        self._changed = False

    def get(self, key: str) -> Any:
        """The entry of a key, or None."""
        return self._read().get(key)

    def put(self, key: str, value: Any) -> None:
        """Adds an entry (a JSON value). The oldest ones make room."""
        entries = self._read()
        entries.pop(key, None)
        entries[key] = value
        while len(entries) > _MAX_ENTRIES:
            del entries[next(iter(entries))]
        self._changed = True

    def save(self) -> None:
        """Writes the file, if anything was added and the folder lets it."""
        if not self._changed:
            return
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh.write_text(json.dumps(self._read()), encoding="utf-8")
            os.replace(fresh, self._path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
        else:
            self._changed = False

    def _read(self) -> dict[str, Any]:
        if self._entries is None:
            self._entries = {}
            try:
                found = json.loads(self._path.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                found = None
            if isinstance(found, Mapping):
                self._entries.update(found)
        return self._entries
