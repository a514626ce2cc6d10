"""What can be wrong with a CSV file, in words; and finding the line on which it is wrong.

Reading is done a block at a time and knows records, not lines. A record that is wrong is rare, so its line is
looked up afterwards, by going through the file once more with Python's own CSV reader, which counts lines.
"""

from __future__ import annotations

import codecs
import csv
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

FIELD_MAX = (1 << 31) - 1
"""Characters in one field when looking for lines: an open quote makes one of all the rest of the file."""

_END = "\x1eend of file\x1e"
"""A record put after the last one: where it is not read as a record of its own, a quote is open."""


@dataclass(frozen=True, slots=True)
class CsvProblem:
    """One thing that is wrong.

    line      in the file, from 1: the first of a record of several; None where the file as a whole is wrong
    column    position of the field in the file, from 1, or None
    field     the column's name, or None
    file      the file's name below the folder, empty where one file was given
    """

    line: int | None
    column: int | None
    field: str | None
    message: str
    expected: str
    file: str = ""

    def __str__(self) -> str:
        where = ", ".join(
            part for part in (self.file, f"line {self.line}" if self.line is not None else "") if part
        )
        return f"{self.message}{f' ({where})' if where else ''}"


@dataclass(slots=True)
class Pending:
    """A problem of a record whose line is not known yet. `record` counts the records of full width from 0."""

    record: int
    column: int
    field: str
    message: str
    expected: str


@dataclass(slots=True)
class Lines:
    """What going through the file by lines found."""

    of_record: dict[int, int] = field(default_factory=dict)
    ragged: list[tuple[int, int]] = field(default_factory=list)
    """`(line, number of fields)` of the first records that have more or fewer fields than the header."""
    unclosed: int | None = None
    """The line of the record whose quote is never closed."""


def find_lines(path: Path, records: Collection[int], width: int, *, ragged: int, to_end: bool) -> Lines:
    """The lines of some records, and of up to `ragged` records of the wrong width.

    records  numbers of records, counting those that have `width` fields from 0
    to_end   go on to the end, where an unclosed quote shows
    """
    found = Lines()
    last = max(records, default=-1)
    wanted = set(records)
    number = -1
    record: list[str] = []
    csv.field_size_limit(FIELD_MAX)
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        reader = csv.reader(itertools.chain(file, ["\n", _END]), escapechar="\\")
        next(reader, None)
        line, start = reader.line_num + 1, 1
        for record in reader:
            if record and len(record) == width:
                number += 1
                if number in wanted:
                    found.of_record[number] = line
            elif record and record != [_END] and len(found.ragged) < ragged:
                found.ragged.append((line, len(record)))
            start, line = line, reader.line_num + 1
            if number >= last and len(found.ragged) >= ragged and not to_end:
                return found
    if record != [_END]:
        found.unclosed = start + sum(field.count("\n") for field in record[:-1])
    return found


def not_utf8(path: Path) -> tuple[int, str] | None:
    """The line and the bytes at which a file stops being UTF-8, or None."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    lines = 1
    with path.open("rb") as file:
        while True:
            block = file.read(1 << 20)
            pending = decoder.getstate()[0]
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                data = pending + block
                return lines + data[: error.start].count(b"\n"), data[error.start : error.start + 4].hex(" ")
            lines += block.count(b"\n")
            if not block:
                return None
