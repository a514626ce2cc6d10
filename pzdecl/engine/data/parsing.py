"""A CSV file in pieces, and parsing one of them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any

from pzdecl.engine.data.columns import arrow_type, convert, sound, whole
from pzdecl.engine.data.schema import Column

PIECE = 16 << 20
"""Bytes that are parsed together; each core takes a block of them at a time."""

BLOCK = 2 << 20
LINE_MAX = 4 * PIECE
"""Bytes without a line feed after which none is looked for (lines may end in carriage returns)."""

Parsed = tuple[int, list[Any]]
"""Rows, and an array a column."""


class Source:
    """A binary file that is digested while it is read, in pieces of whole lines as long as it is plain."""

    closed = False

    def __init__(self, file: Any, *, digested: bool = True) -> None:
        self._file = file
        self._digested = digested
        self.digest = hashlib.sha256()
        self.count = 0
        self.at_end = False
        self._kept = b""
        self._quotes = 0
        self._double_escapes = False

    def pieces(self) -> Iterator[bytes]:
        """Whole lines, without quotes and backslashes; ends at the first of those, or at the end."""
        while block := self._take(PIECE):
            end = block.rfind(b"\n") + 1
            plain = b'"' not in block and b"\\" not in block
            if not plain or not end:
                self._kept += block
                if not plain or len(self._kept) > LINE_MAX:
                    return
                continue
            lines, self._kept = self._kept + block[:end], block[end:]
            if lines.strip(b"\r\n"):
                yield lines
        self.at_end = True
        if self._kept.strip(b"\r\n"):
            yield self._kept

    def read(self, size: int = -1) -> bytes:
        """What the pieces left, then the file's next bytes."""
        if self._kept:
            kept, self._kept = (self._kept, b"") if size < 0 else (self._kept[:size], self._kept[size:])
            return kept
        return self._take(size)

    def _take(self, size: int) -> bytes:
        block: bytes = self._file.read(size)
        if self._digested:
            self.digest.update(block)
        self.count += len(block)
        quotes = block.count(b'"')
        if quotes:
            self._quotes += quotes - block.count(b'\\"')
            self._double_escapes = self._double_escapes or b'\\\\"' in block
        return block

    @property
    def quotes_may_be_open(self) -> bool:
        """Whether it is worth following every quote to see if one is left open."""
        return self._quotes % 2 == 1 or self._double_escapes

    def readable(self) -> bool:
        """As Arrow asks of a Python file."""
        return True

    def seekable(self) -> bool:
        """As Arrow asks of a Python file."""
        return False

    def close(self) -> None:
        """Arrow is done; whoever opened the file closes it."""
        self.closed = True


def typed(piece: bytes, header: list[str], present: Sequence[Column]) -> Parsed | None:
    """Parses straight into the schema's types; None where that needs a second look.

    Arrow trims blanks around numbers, which the service does not: pieces with blanks are read as text.
    """
    import pyarrow as pa
    import pyarrow.csv as pc

    if b" " in piece or b"\t" in piece:
        return None
    ragged: list[Any] = []

    def skip(row: Any) -> str:
        ragged.append(row)
        return "skip"

    try:
        table = pc.read_csv(
            pa.BufferReader(piece),
            pc.ReadOptions(column_names=header, block_size=BLOCK),
            pc.ParseOptions(invalid_row_handler=skip),
            conversions(present, {column.name: arrow_type(column) for column in present}),
        )
    except pa.ArrowInvalid:
        return None
    if ragged:
        return None
    arrays = []
    for values, column in zip(map(whole, table.columns), present, strict=True):
        if column.type == "string":
            converted, wrong = convert(values, column, 1)
            if wrong:
                return None
            arrays.append(converted)
        elif sound(values, column):
            arrays.append(values)
        else:
            return None
    return table.num_rows, arrays


def conversions(present: Sequence[Column], types: dict[str, Any]) -> Any:
    """Arrow's options for reading what is present as `types`; an empty cell of a number is null."""
    import pyarrow.csv as pc

    return pc.ConvertOptions(
        column_types=types,
        include_columns=[column.name for column in present],
        null_values=[""],
        strings_can_be_null=False,
        true_values=["true"],
        false_values=["false"],
    )
