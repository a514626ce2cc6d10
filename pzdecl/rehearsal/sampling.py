"""Samples that are the same each time: by a hash of the id, so that new users change them little."""

from __future__ import annotations

import csv
import heapq
import shutil
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import TextIO

from pzdecl.engine.data.location import data_files

KEY = "user_id"
FIELD_LIMIT = 1 << 24
"""Characters of one cell."""


def place(id: str) -> float:
    """Where an id stands between 0 and 1: evenly spread over many ids, and always the same."""
    return int.from_bytes(blake2b(id.encode(), digest_size=8).digest(), "big") / 2**64


def pick(ids: Iterable[str], count: int) -> list[str]:
    """`count` of the ids (all, where there are fewer), in the order of their hashes."""
    return heapq.nsmallest(count, ids, key=place)


def sample(source: Path, target: Path, share: float) -> None:
    """Copies CSV data, a file or a folder of them, with about `share` of the users; data of items as a whole.

    The rows that are kept are copied byte for byte. Raises OSError, UnicodeDecodeError.
    """
    for name, file in data_files(source):
        to = target if source.is_file() else target / name
        to.parent.mkdir(parents=True, exist_ok=True)
        with (
            file.open(encoding="utf-8-sig", newline="") as old,
            to.open("w", encoding="utf-8", newline="") as new,
        ):
            records = _records(old)
            header, text = next(records, ([], ""))
            columns = [column.strip().casefold() for column in header]
            if KEY not in columns:
                to.unlink()
                shutil.copyfile(file, to)
                continue
            new.write(text)
            at = columns.index(KEY)
            kept: dict[str, bool] = {}
            for row, text in records:
                user = row[at] if at < len(row) else ""
                if user not in kept:
                    kept[user] = place(user) < share
                if kept[user]:
                    new.write(text)


def beginning(source: Path, target: Path, size: int) -> None:
    """Copies the first `size` bytes of a file. Raises OSError."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as old, target.open("wb") as new:
        while size > 0 and (block := old.read(min(size, 1 << 20))):
            new.write(block)
            size -= len(block)


def _records(file: TextIO) -> Iterator[tuple[list[str], str]]:
    """Each record's cells, and its text as it stands in the file: a cell in quotes may hold line ends."""
    csv.field_size_limit(FIELD_LIMIT)
    read: list[str] = []

    def lines() -> Iterator[str]:
        for line in file:
            read.append(line)
            yield line

    for row in csv.reader(lines(), escapechar="\\"):
        yield row, "".join(read)
        read.clear()
