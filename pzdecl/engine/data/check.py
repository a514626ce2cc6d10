"""Checking a CSV file, or a folder of them, before anything is changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.engine.data.location import data_files
from pzdecl.engine.data.problems import CsvProblem
from pzdecl.engine.data.reading import CsvReader
from pzdecl.engine.data.schema import columns

MIN_INTERACTIONS = 1000
"""Rows that an import of interactions must have, in either mode."""


@dataclass(frozen=True, slots=True)
class CsvReport:
    """What a file or folder holds, and what is wrong with it.

    sha256          of the content; of a folder: of its files' names and digests
    problems        in the order of files and lines, at most `limit`; where there are any, counts are partial
    event_types     rows by EVENT_TYPE (Interactions with that field)
    users           distinct USER_ID (Interactions)
    users_with_two  those with at least two rows
    """

    rows: int
    bytes: int
    sha256: str
    problems: tuple[CsvProblem, ...] = ()
    event_types: Mapping[str, int] = field(default_factory=dict)
    users: int = 0
    users_with_two: int = 0


def check_csv(path: Path, schema: Mapping[str, Any], dataset_type: str, *, limit: int = 20) -> CsvReport:
    """Reads all of it, by the rules of an import. `schema` is a valid Avro schema, parsed.

    Raises OSError where a file can't be read, MissingExtra where pyarrow is not installed.
    """
    interactions = dataset_type.upper() == "INTERACTIONS"
    try:
        found = files(path)
    except FileNotFoundError as error:
        problem = CsvProblem(None, None, None, str(error), "a CSV file, or a folder of CSV files")
        return CsvReport(0, 0, hashlib.sha256().hexdigest(), (problem,))
    tally = _Tally() if interactions else None
    problems: list[CsvProblem] = []
    digests: list[tuple[str, str]] = []
    rows = size = 0
    for reader in readers(path, found, schema, limit=limit):
        for block in reader.blocks():
            if tally is not None:
                tally.add(block)
        problems += reader.problems
        digests.append((reader.name, reader.sha256))
        rows, size = rows + reader.rows, size + reader.bytes
        if len(problems) >= limit:
            break
    if interactions and not problems and rows < MIN_INTERACTIONS:
        problems.append(too_few(rows))
    return CsvReport(
        rows,
        size,
        digests[0][1] if path.is_file() else _combined(digests),
        tuple(problems[:limit]),
        *(tally.result() if tally is not None else ({}, 0, 0)),
    )


def files(path: Path) -> list[Path]:
    """The file itself, or all files of a folder and the folders in it, sorted; hidden ones are left out.

    Raises FileNotFoundError where there is none.
    """
    found = [file for _, file in data_files(path)]
    if not found:
        reason = "the folder has no files" if path.is_dir() else "there is no such file or folder"
        raise FileNotFoundError(f"Invalid Data location. {path}: {reason}")
    return found


def readers(
    path: Path, found: Sequence[Path], schema: Mapping[str, Any], *, limit: int = 20, digested: bool = True
) -> Iterator[CsvReader]:
    """A reader for each file; `digested`: whether the files' digests are wanted."""
    fields = columns(schema)
    for file in found:
        name = "" if path.is_file() else file.relative_to(path).as_posix()
        yield CsvReader(file, fields, limit=limit, name=name, digested=digested)


def too_few(rows: int) -> CsvProblem:
    """What is wrong with an import of interactions that has so few rows."""
    message = f"the data has {rows} interaction{'' if rows == 1 else 's'}, fewer than {MIN_INTERACTIONS}"
    return CsvProblem(
        None, None, None, message, f"at least {MIN_INTERACTIONS} rows in an import of Interactions"
    )


def _combined(digests: Sequence[tuple[str, str]]) -> str:
    return hashlib.sha256("".join(f"{name}\0{digest}\n" for name, digest in digests).encode()).hexdigest()


class _Tally:
    """Counts users and event types over the blocks of all files."""

    def __init__(self) -> None:
        self._users: list[Any] = []
        self._events: dict[str, int] = {}

    def add(self, block: Any) -> None:
        import pyarrow.compute as pc

        self._users.append(pc.value_counts(block.column("USER_ID")))
        if "EVENT_TYPE" in block.schema.names:
            for entry in pc.value_counts(block.column("EVENT_TYPE")).to_pylist():
                name = entry["values"]
                if name is not None:
                    self._events[name] = self._events.get(name, 0) + entry["counts"]

    def result(self) -> tuple[dict[str, int], int, int]:
        """Event types by name, users, users with at least two rows."""
        if not self._users:
            return {}, 0, 0
        import pyarrow as pa
        import pyarrow.compute as pc

        counted = pa.Table.from_arrays(
            [
                pa.chunked_array([counts.field("values") for counts in self._users]),
                pa.chunked_array([counts.field("counts") for counts in self._users]),
            ],
            names=["user", "rows"],
        )
        totals = counted.group_by("user").aggregate([("rows", "sum")])
        with_two = pc.sum(pc.greater_equal(totals.column("rows_sum"), 2)).as_py() or 0
        return dict(sorted(self._events.items())), totals.num_rows, int(with_two)
