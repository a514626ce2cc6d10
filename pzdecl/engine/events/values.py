"""The values of `properties`: JSON with camelCase keys, checked against the columns of a schema."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pzdecl.engine.data.columns import ID_MAX, IDS, LATEST_SECOND, PROSE_MAX, TEXT_MAX, TIMES
from pzdecl.engine.data.schema import Column, columns
from pzdecl.errors import nearest

Bounds = tuple[int, int]
_BOUNDS: dict[str, Bounds] = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}
_FLOAT_MAX = 3.4028234663852886e38
_NUMBER = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?", re.ASCII)
_MARKUP = re.compile(r"<[^<>]*>|[\r\n]+")


class Known(NamedTuple):
    """A dataset's columns by name, and their names by how properties may write them."""

    columns: Mapping[str, Column]
    names: Mapping[str, str]


@lru_cache(maxsize=256)
def known_columns(schema: str) -> Known:
    """Of the Avro schema with this text."""
    found = {column.name: column for column in columns(json.loads(schema))}
    return Known(found, {_bare(name): name for name in found})


def properties(text: str | None, path: str, problems: list[str]) -> dict[str, Any]:
    """The object that a JSON string holds; what is wrong goes to `problems`. Empty without a text."""
    if text is None:
        return {}
    try:
        found = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        problems.append(f"{path} is not JSON ({error}): expected an object of names and values")
        return {}
    if not isinstance(found, dict):
        problems.append(f"{path} is not an object: expected names and values in braces")
        return {}
    return found


def named(
    found: Mapping[str, Any], known: Known, path: str, problems: list[str], *, reserved: Collection[str] = ()
) -> dict[str, Any]:
    """The values of an object by the schema's names: numRatings is NUM_RATINGS. `reserved` may not be there."""
    values: dict[str, Any] = {}
    if not found:
        return values
    forbidden = {_bare(name) for name in reserved}
    for key, value in found.items():
        name = known.names.get(_bare(key))
        if _bare(key) in forbidden:
            problems.append(f"{path}.{key} can't be a property: it has a place of its own in the request")
        elif name is None:
            suggestion = nearest(_bare(key), known.names)
            meant = f"; did you mean {camel(known.names[suggestion])}?" if suggestion else ""
            problems.append(f"{path}.{key} is not in the schema: it has {', '.join(known.columns)}{meant}")
        elif name in values:
            problems.append(f"{path}.{key} is given twice: both names mean {name}")
        else:
            values[name] = value
    return values


def converted(
    values: Mapping[str, Any], wanted: Iterable[Column], path: str, problems: list[str]
) -> dict[str, Any]:
    """The values in the columns' types, those that are null left out; of a required one, a problem."""
    out: dict[str, Any] = {}
    for column in wanted:
        value = values.get(column.name)
        if value is None or value == "":
            if not column.nullable:
                problems.append(f"{path}.{camel(column.name)} is missing: the schema requires {column.name}")
            continue
        read, expected = convert(value, column)
        if expected:
            problems.append(f"{path}.{camel(column.name)} is not valid for {column.name}: expected {expected}")
        else:
            out[column.name] = read
    return out


def convert(value: Any, column: Column) -> tuple[Any, str]:
    """A JSON value, or its text, in a column's type; and, where it is none, what was expected."""
    if column.type == "string":
        return _text(value, column)
    if column.type == "boolean":
        read = {"true": True, "false": False}.get(value) if isinstance(value, str) else value
        return read, "" if isinstance(read, bool) else "true or false"
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None, "a number"
    return _whole(value, column) if column.type in _BOUNDS else _fraction(value, column)


def fraction(text: str) -> float:
    """The number that a text holds. Raises ValueError, also for `1_000`, `nan` and others that Python reads."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"{text!r} is no number")
    return float(text)


def camel(name: str) -> str:
    """How properties write a column: NUM_RATINGS is numRatings."""
    first, *rest = [part for part in name.lower().split("_") if part] or [name]
    return first + "".join(part.capitalize() for part in rest)


def _whole(value: int | float | str, column: Column) -> tuple[Any, str]:
    low, high = _BOUNDS[column.type]
    words = "a whole number"
    if column.name in TIMES:
        high, words = LATEST_SECOND, "seconds since 1970-01-01, not milliseconds"
    expected = f"{words}, at most {high}"
    try:
        number = int(value if not isinstance(value, str) or _NUMBER.fullmatch(value.strip()) else "")
    except (ValueError, OverflowError):  # nan and infinity have no whole part
        return None, expected
    exact = isinstance(value, str) or number == value
    return (number, "") if exact and low <= number <= high else (None, expected)


def _fraction(value: int | float | str, column: Column) -> tuple[Any, str]:
    try:
        number = fraction(value) if isinstance(value, str) else float(value)
    except (ValueError, OverflowError):
        return None, "a number"
    most = _FLOAT_MAX if column.type == "float" else math.inf
    fine = math.isfinite(number) and abs(number) <= most
    return (number, "") if fine else (None, "a finite number")


def _text(value: Any, column: Column) -> tuple[Any, str]:
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int | float):
        value = json.dumps(value)
    if not isinstance(value, str):
        return None, "a text" + (", several values as one text: A|B" if column.categorical else "")
    try:
        value.encode()
    except UnicodeEncodeError:
        return None, "a text of whole characters"
    if column.textual:  # as an import does it
        return _MARKUP.sub(" ", value)[:PROSE_MAX], ""
    high = ID_MAX if column.name in IDS else TEXT_MAX
    return (value, "") if len(value) <= high else (None, f"at most {high} characters")


@lru_cache(maxsize=4096)
def _bare(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name).lower()


def _refuse(constant: str) -> float:
    raise ValueError(f"{constant} is no number of JSON")
