"""Reading a CSV file a block at a time, by the names in its header, into the schema's types.

One pass gives typed blocks, a digest of the content, and everything that is wrong. Both the check at plan
time and the import use it, so what the plan accepts the import accepts.

Where a file has no quotes, every line is a record: it is cut at line ends and each piece is parsed on all
cores, numbers at once as numbers (`typed`). A piece in which anything is not as it should be is parsed again
as text, where single values can be looked at (`_text`). From the first quote or backslash on, records may go
over lines, and the rest is read as one stream of text.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pzdecl.engine.data.columns import arrow_schema, convert, whole
from pzdecl.engine.data.parsing import BLOCK, Parsed, Source, conversions, typed
from pzdecl.engine.data.problems import CsvProblem, Pending, find_lines, not_utf8
from pzdecl.engine.data.schema import Column
from pzdecl.errors import MissingExtra, nearest

STREAM_BLOCK = 4 << 20
HEADER_MAX = 1 << 20
BOM = b"\xef\xbb\xbf"


class CsvReader:
    """One file. After `blocks()` is exhausted, `rows`, `bytes`, `sha256` and `problems` are complete.

    columns   what the schema says, in its order; blocks have their columns in that order, whatever the header's
    limit     problems to gather before giving up; reading stops there, and `gave_up` is true
    name      how problems call the file, where it is one of several
    digested  whether `sha256` is wanted
    """

    def __init__(
        self, path: Path, columns: Sequence[Column], *, limit: int = 20, name: str = "", digested: bool = True
    ) -> None:
        self.path = path
        self.columns = list(columns)
        self.limit = limit
        self.name = name
        self.rows = 0
        self.problems: list[CsvProblem] = []
        self.gave_up = False
        self._digested = digested
        self._header_bytes = 0
        self._pending: list[Pending] = []
        self._ragged = 0
        self._width = 0
        self._places: dict[str, int] = {}
        self._source: Source | None = None

    @property
    def bytes(self) -> int:
        """Bytes read so far."""
        return self._source.count if self._source else 0

    @property
    def sha256(self) -> str:
        """The digest of what was read so far, in hexadecimal."""
        return self._source.digest.hexdigest() if self._source else hashlib.sha256().hexdigest()

    def blocks(self) -> Iterator[Any]:
        """Record batches in the schema's types. Raises OSError where the file can't be read; MissingExtra."""
        try:
            import pyarrow as pa
        except ImportError as error:
            raise MissingExtra("pyarrow", "engine") from error

        header = self._header()
        if header is None:
            return
        self._width = len(header)
        self._places = {name: index + 1 for index, name in enumerate(header)}
        present = [column for column in self.columns if column.name in self._places]
        schema = arrow_schema(self.columns)
        with self.path.open("rb") as file:
            self._source = Source(file, digested=self._digested)
            self._source.read(self._header_bytes)
            try:
                for rows, arrays in self._parsed(self._source, header, present):
                    self.rows += rows
                    if len(self._pending) + self._ragged >= self.limit:
                        self.gave_up = True
                        break
                    if not self.problems and not self._pending and not self._ragged:
                        yield pa.record_batch(arrays, schema=schema)
            except pa.ArrowInvalid as error:
                self._unreadable(error)
        self._resolve()

    def _parsed(self, source: Source, header: list[str], present: Sequence[Column]) -> Iterator[Parsed]:
        """Rows, and an array for each of the columns that are present; what is wrong goes to `_pending`."""
        import pyarrow as pa
        import pyarrow.csv as pc

        text = dict.fromkeys(header, pa.string())
        for piece in source.pieces():
            yield typed(piece, header, present) or self._text(
                pc.read_csv(
                    pa.BufferReader(piece),
                    pc.ReadOptions(column_names=header, block_size=BLOCK),
                    pc.ParseOptions(invalid_row_handler=self._skip),
                    conversions(present, text),
                ),
                present,
            )
        if source.at_end:
            return
        for block in pc.open_csv(
            pa.PythonFile(source, mode="r"),
            pc.ReadOptions(use_threads=False, block_size=STREAM_BLOCK, column_names=header),
            pc.ParseOptions(escape_char="\\", newlines_in_values=True, invalid_row_handler=self._skip),
            conversions(present, text),
        ):
            yield self._text(block, present)

    def _text(self, table: Any, present: Sequence[Column]) -> Parsed:
        """Converts columns of text, and notes every value that is wrong."""
        arrays = []
        for values, column in zip(table.columns, present, strict=True):
            left = max(1, self.limit - len(self._pending))
            array, wrong = convert(whole(values), column, left)
            arrays.append(array)
            self._pending += [
                Pending(self.rows + row, self._places[column.name], column.name, message, expected)
                for row, message, expected in wrong
            ]
        return table.num_rows, arrays

    def _header(self) -> list[str] | None:
        """The names in the first line; None, with a problem, where reading on makes no sense."""
        with self.path.open("rb") as file:
            start = file.read(HEADER_MAX)
        self._source = Source(io.BytesIO(start))
        self._header_bytes = len(start.splitlines(keepends=True)[0]) if start else 0
        start = start.removeprefix(BOM)
        first = start.splitlines()[0] if start.strip() else b""
        try:
            text = first.decode("utf-8")
        except UnicodeDecodeError as error:
            self._problem(1, f"the header is not UTF-8: byte {first[error.start]:#04x}", "a file in UTF-8")
            return None
        if "\x00" in text:
            self._problem(1, "the header has a zero byte: the file is not text", "a CSV file in UTF-8")
            return None
        if not text.strip():
            message = "the first line is empty" if start.strip() else "the file is empty"
            self._problem(1 if start.strip() else None, message, "a header line, then rows")
            return None
        header = next(csv.reader([text], escapechar="\\"))
        if '"' in text:
            self._problem(1, "the header is in quotes", f"the names without quotes: {','.join(header)}")
        doubled = sorted({name for name in header if header.count(name) > 1})
        if doubled:
            self._problem(1, f"the header has {', '.join(doubled)} more than once", "every column once")
            return None
        names = [column.name for column in self.columns]
        missing = [name for name in names if name not in header]
        unknown = [name for name in header if name not in names]
        if missing:
            self._problem(
                1,
                f"Input CSV is missing the following columns:[{', '.join(missing)}].",
                f"a header with {','.join(names)}",
            )
        for name in unknown:
            suggestion = nearest(name, missing)
            meant = f"; did you mean {suggestion}?" if suggestion else ""
            self._problem(
                1,
                f"the schema has no field {name!r}",
                f"only {', '.join(names)}{meant}",
                column=header.index(name) + 1,
                field=name,
            )
        return None if len(missing) == len(names) else header

    def _skip(self, _: Any) -> str:
        self._ragged += 1
        return "skip"

    def _unreadable(self, error: Exception) -> None:
        """Arrow's own message speaks of blocks and columns by number: says instead where, and what to do."""
        self.gave_up = True
        place = not_utf8(self.path)
        if place is not None:
            self._problem(place[0], f"the file is not UTF-8: bytes {place[1]}", "a file in UTF-8")
            return
        unclosed = find_lines(self.path, (), self._width, ragged=0, to_end=True).unclosed
        if unclosed is not None:
            self._problem(unclosed, "a quote is opened and never closed", 'a closing "')
            return
        self._problem(None, f"the file can't be read as CSV: {error}", "comma-separated values")

    def _resolve(self) -> None:
        """Turns records into lines, and says what holds for the file as a whole."""
        source = self._source
        odd_quotes = source is not None and source.quotes_may_be_open
        if self._pending or self._ragged or odd_quotes:
            records = {pending.record for pending in self._pending}
            ragged = min(self._ragged, self.limit)
            found = find_lines(self.path, records, self._width, ragged=ragged, to_end=odd_quotes)
            for line, width in found.ragged:
                text = f"the row has {width} field{'' if width == 1 else 's'}, the header has {self._width}"
                self._problem(line, text, f"{self._width} fields")
            for pending in self._pending:
                self.problems.append(
                    CsvProblem(
                        found.of_record.get(pending.record),
                        pending.column,
                        pending.field,
                        pending.message,
                        pending.expected,
                        self.name,
                    )
                )
            if found.unclosed is not None:
                self._problem(found.unclosed, "a quote is opened and never closed", 'a closing "')
        if not self.rows and not self.problems:
            self._problem(None, "the file has a header and no rows", "at least one row")
        self.problems.sort(key=lambda problem: (problem.line or 0, problem.column or 0))
        del self.problems[self.limit :]

    def _problem(
        self,
        line: int | None,
        message: str,
        expected: str,
        *,
        column: int | None = None,
        field: str | None = None,
    ) -> None:
        self.problems.append(CsvProblem(line, column, field, message, expected, self.name))
