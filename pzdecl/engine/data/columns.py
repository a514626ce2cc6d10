"""Checking and converting one column of a block: text as it stands in the file to the schema's type.

Everything is done on whole arrays; single values are looked at only where a check failed.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from pzdecl.engine.data.schema import Column

ID_MAX = 256
TEXT_MAX = 1000
PROSE_MAX = 20_000
IDS = frozenset({"USER_ID", "ITEM_ID", "ACTION_ID"})
SHORT = IDS | {"EVENT_TYPE"}
"""Columns whose texts have ID_MAX characters at most."""
TIMES = frozenset({"TIMESTAMP", "CREATION_TIMESTAMP", "EXPIRATION_TIMESTAMP", "ACTION_EXPIRATION_TIMESTAMP"})
LATEST_SECOND = 253_402_300_799
"""The end of the year 9999: a later time was not given in seconds."""

ROLE = "pzdecl.role"
"""The key of a field's metadata."""

Wrong = tuple[int, str, str]
"""Row in the block, what is wrong, what was expected."""

_WORDS = {
    "int": "a whole number of 32 bits",
    "long": "a whole number",
    "float": "a number",
    "double": "a number",
    "boolean": "true or false, in lower case",
}


def arrow_type(column: Column) -> Any:
    """The type under which a column is kept in Parquet."""
    import pyarrow as pa

    types = {
        "string": pa.string(),
        "int": pa.int32(),
        "long": pa.int64(),
        "float": pa.float32(),
        "double": pa.float64(),
        "boolean": pa.bool_(),
    }
    return types[column.type]


def arrow_schema(columns: list[Column]) -> Any:
    """The schema of a part: the columns in their order, null where the Avro schema allows it.

    What a string is for (`categorical`, `textual`) stands in its field's metadata, so that a part tells by
    itself how it is to be read: see `pzdecl.engine.data.tables`.
    """
    import pyarrow as pa

    return pa.schema(
        [
            pa.field(column.name, arrow_type(column), column.nullable, {ROLE: role} if role else None)
            for column, role in ((column, _role(column)) for column in columns)
        ]
    )


def _role(column: Column) -> str:
    return "categorical" if column.categorical else "textual" if column.textual else ""


def sound(values: Any, column: Column) -> bool:
    """Whether numbers or booleans that were parsed as such hold nothing that `convert` would find wrong."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if values.null_count and not column.nullable:
        return False
    if pa.types.is_floating(values.type):
        return pc.all(pc.is_finite(values)).as_py() is not False
    if column.name in TIMES:
        latest = pc.max(values).as_py()
        return latest is None or latest <= LATEST_SECOND
    return True


def whole(values: Any) -> Any:
    """A chunked array as one array."""
    import pyarrow as pa

    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def convert(text: Any, column: Column, limit: int) -> tuple[Any, list[Wrong]]:
    """The values of a string array in the column's type, and up to `limit` rows that are wrong.

    An empty cell is null, where the schema allows it. The values of wrong rows are null.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    wrong: list[Wrong] = []
    if pc.min(pc.binary_length(text)).as_py() == 0:
        empty = pc.equal(text, "")
        if not column.nullable:
            expected = (
                "a value in every row" if column.name in IDS else 'a value, or a schema with ["null", ...]'
            )
            wrong += [(row, f"{column.name} is empty", expected) for row in _rows(empty, limit)]
        text = pc.if_else(empty, pa.scalar(None, pa.string()), text)
    if column.type == "string":
        return _string(text, column, limit, wrong), wrong
    if column.type == "boolean":
        valid = pc.is_in(text, pa.array(["true", "false"]))
        bad = pc.and_(pc.is_valid(text), pc.invert(valid))
        wrong += [_not_a(column, text, row) for row in _rows(bad, limit)]
        return pc.if_else(pc.and_(valid, pc.is_valid(text)), pc.equal(text, "true"), None), wrong
    return _numbers(text, column, limit, wrong), wrong


def _string(text: Any, column: Column, limit: int, wrong: list[Wrong]) -> Any:
    import pyarrow.compute as pc

    if column.textual:
        # The service takes out line breaks and markup and cuts the rest: doing the same keeps both alike.
        cleaned = pc.replace_substring_regex(text, r"<[^<>]*>|[\r\n]+", " ")
        return pc.utf8_slice_codeunits(cleaned, 0, PROSE_MAX)
    high = ID_MAX if column.name in SHORT else TEXT_MAX
    longest = pc.max(pc.binary_length(text)).as_py()
    if longest is not None and longest > high:
        lengths = pc.utf8_length(text)
        for row in _rows(pc.greater(lengths, high), limit):
            message = f"Length cannot be more than {high} characters for {column.name}"
            wrong.append((row, f"{message}: it has {lengths[row].as_py()}", f"at most {high} characters"))
    if column.outcome:
        wrong += _no_outcomes(text, column, limit)
    return text


def _no_outcomes(text: Any, column: Column, limit: int) -> list[Wrong]:
    """Rows that say something else than what people do with actions."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from pzdecl.engine.data.actions import WRITTEN, event_type

    distinct = pc.unique(text).to_pylist()
    others = [value for value in distinct if value is not None and event_type(value) is None]
    if not others:
        return []
    bad = pc.is_in(text, value_set=pa.array(others, pa.string()))
    expected = " or ".join(WRITTEN)
    return [(row, f"{column.name} is {text[row].as_py()[:40]!r}", expected) for row in _rows(bad, limit)]


def _numbers(text: Any, column: Column, limit: int, wrong: list[Wrong]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    target = arrow_type(column)
    try:
        values = pc.cast(text, target)
    except pa.ArrowInvalid:
        rows = list(itertools.islice(_unparsed(text, target, 0), limit))
        wrong += [_not_a(column, text, row) for row in rows]
        if len(rows) == limit:
            return pa.nulls(len(text), target)
        unparsed = pc.is_in(pa.array(range(len(text))), pa.array(rows))
        values = pc.cast(pc.if_else(unparsed, pa.scalar(None, pa.string()), text), target)
    if pa.types.is_floating(target):
        bad = pc.and_(pc.is_valid(values), pc.invert(pc.is_finite(values)))
        if pc.any(bad).as_py():
            wrong += [_not_a(column, text, row) for row in _rows(bad, limit)]
    elif column.name in TIMES:
        latest = pc.max(values).as_py()
        if latest is not None and latest > LATEST_SECOND:
            for row in _rows(pc.greater(values, LATEST_SECOND), limit):
                message = f"{column.name} is {values[row].as_py()}, after the year 9999"
                wrong.append((row, message, "seconds since 1970-01-01, not milliseconds"))
    return values


def _unparsed(text: Any, target: Any, start: int) -> Iterator[int]:
    """The rows that can't be cast, in order: halves what fails until one row is left."""
    import pyarrow as pa
    import pyarrow.compute as pc

    try:
        pc.cast(text, target)
    except pa.ArrowInvalid:
        if len(text) == 1:
            yield start
            return
        middle = len(text) // 2
        yield from _unparsed(text[:middle], target, start)
        yield from _unparsed(text[middle:], target, start + middle)


def _not_a(column: Column, text: Any, row: int) -> Wrong:
    shown = repr(text[row].as_py())
    if len(shown) > 60:
        shown = shown[:57] + "..."
    return row, f"{column.name} is {shown}", _WORDS[column.type]


def _rows(mask: Any, limit: int) -> list[int]:
    import pyarrow.compute as pc

    found: list[int] = pc.indices_nonzero(pc.fill_null(mask, False))[:limit].to_pylist()
    return found
