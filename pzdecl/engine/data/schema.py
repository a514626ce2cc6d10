"""Avro schemas: the service's rules, as pure functions over a parsed schema.

A schema is a flat record: one of five names, fields of simple types, nullable through a union with "null",
string fields perhaps marked categorical or textual. Nothing here reads files or imports anything heavy.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pzdecl.engine.data.fields import (
    DATASET_TYPES,
    DOMAIN_REQUIRED,
    DOMAIN_RESERVED,
    METADATA_LIMITS,
    NEEDS_METADATA,
    RECORD_NAMES,
    REQUIRED,
    RESERVED,
    Known,
)
from pzdecl.errors import nearest

__all__ = ["DATASET_TYPES", "Column", "SchemaProblem", "check_schema", "columns", "evolution_problems"]

NAMESPACE = "com.amazonaws.personalize.schema"
TYPES = ("float", "double", "int", "long", "string", "boolean")
_FLAGS = ("categorical", "textual", "itemName")
_FIELD_KEYS = ("name", "type", *_FLAGS, "doc", "default")
_TOP_KEYS = ("type", "name", "namespace", "fields", "version", "doc")
_NAME = re.compile(r"[A-Za-z_][A-Za-z\d_]*")
_NAME_MAX = 150


@dataclass(frozen=True, slots=True)
class SchemaProblem:
    """One broken rule. `path` is dotted ("fields.2.type"), empty for the schema as a whole."""

    path: str
    message: str
    expected: str


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a valid schema. `outcome`: it says what became of an action that was offered."""

    name: str
    type: str
    nullable: bool = False
    categorical: bool = False
    textual: bool = False
    outcome: bool = False


def check_schema(schema: Any, dataset_type: str | None, domain: str | None = None) -> list[SchemaProblem]:
    """All rules that a schema breaks, in the order of its fields; an empty list for a valid one.

    dataset_type  INTERACTIONS, ITEMS, ..., in any case; None: whichever the record's name says
    domain        ECOMMERCE or VIDEO_ON_DEMAND for the rules of a domain dataset group
    """
    if not isinstance(schema, Mapping):
        return [
            SchemaProblem("", "the schema is not a record", '{"type": "record", "name": ..., "fields": [...]}')
        ]
    problems = list(_top(schema))
    found_type = next((t for t, name in RECORD_NAMES.items() if name == schema.get("name")), None)
    wanted = dataset_type.upper() if dataset_type else None
    if found_type is None:
        names = [RECORD_NAMES[wanted]] if wanted in RECORD_NAMES else list(RECORD_NAMES.values())
        suggestion = nearest(str(schema.get("name", "")), RECORD_NAMES.values())
        meant = f"; did you mean {suggestion}?" if suggestion and len(names) > 1 else ""
        message = f"the record's name is {schema.get('name')!r}"
        problems.append(SchemaProblem("name", message, " or ".join(names) + meant))
    elif wanted and wanted in RECORD_NAMES and found_type != wanted:
        message = f"the record's name is {schema['name']}, but the dataset's type is {wanted}"
        problems.append(SchemaProblem("name", message, RECORD_NAMES[wanted]))
    fields = schema.get("fields")
    if not isinstance(fields, list | tuple) or not fields:
        problems.append(SchemaProblem("fields", "the schema has no fields", "a list of fields"))
        return problems
    parsed: dict[str, tuple[int, Column]] = {}
    for index, field in enumerate(fields):
        column = read_column(field, f"fields.{index}", problems)
        if column is None:
            continue
        clash = next((name for name in parsed if _bare(name) == _bare(column.name)), None)
        if clash is not None:
            message = f"{column.name} is the same as {clash} once everything but letters and digits is left out"
            if clash == column.name:
                message = f"there are two fields {clash}"
            problems.append(SchemaProblem(f"fields.{index}.name", message, "a name of its own"))
        else:
            parsed[column.name] = (index, column)
    effective = wanted if wanted in RECORD_NAMES else found_type
    if effective is not None:
        problems += _rules(parsed, effective, domain)
    return problems


def columns(schema: Mapping[str, Any]) -> list[Column]:
    """The columns of a schema that `check_schema` finds nothing wrong with."""
    found = [read_column(field, "", []) for field in schema["fields"]]
    of_actions = schema.get("name") == RECORD_NAMES["ACTION_INTERACTIONS"]
    return [
        replace(column, outcome=True) if of_actions and column.name == "EVENT_TYPE" else column
        for column in found
        if column is not None
    ]


def evolution_problems(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[SchemaProblem]:
    """Why `new` can't take the place of `old`: every old field stays as it is, added ones can be null."""
    before = {column.name: column for column in columns(old)}
    after = {column.name: column for column in columns(new)}
    problems = [
        SchemaProblem(name, "the field is gone or changed", _described(column))
        for name, column in before.items()
        if after.get(name) != column
    ]
    problems += [
        SchemaProblem(name, "the added field can't be null", f'["null", "{column.type}"]')
        for name, column in after.items()
        if name not in before and not column.nullable
    ]
    return problems


def read_column(field: Any, path: str, problems: list[SchemaProblem]) -> Column | None:
    """Reads one field; adds what is wrong to `problems` and returns None where its name or type is missing."""
    if not isinstance(field, Mapping):
        problems.append(SchemaProblem(path, f"{field!r} is not a field", '{"name": ..., "type": ...}'))
        return None
    for key in field:
        if key not in _FIELD_KEYS:
            suggestion = nearest(str(key), _FIELD_KEYS)
            meant = f"; did you mean {suggestion}?" if suggestion else ""
            expected = f"one of {', '.join(_FIELD_KEYS)}{meant}"
            problems.append(SchemaProblem(f"{path}.{key}", f"a field has no attribute {key!r}", expected))
    name = field.get("name")
    if not isinstance(name, str) or not _NAME.fullmatch(name) or len(name) > _NAME_MAX:
        expected = f"letters, digits and underscores, not beginning with a digit, at most {_NAME_MAX}"
        message = "the field has no name" if name is None else f"{name!r} is not a field's name"
        problems.append(SchemaProblem(f"{path}.name", message, expected))
        return None
    simple = _type(field.get("type"))
    if simple is None:
        expected = f'one of {", ".join(TYPES)}, or ["null", TYPE]'
        problems.append(SchemaProblem(f"{path}.type", f"{name} has type {field.get('type')!r}", expected))
        return None
    kind, nullable = simple
    for flag in _FLAGS:
        value = field.get(flag)
        if value is None:
            continue
        if not isinstance(value, bool):
            problems.append(SchemaProblem(f"{path}.{flag}", f"{flag} of {name} is {value!r}", "true or false"))
        elif value and kind != "string":
            problems.append(
                SchemaProblem(f"{path}.{flag}", f"{name} has type {kind} and is {flag}", "type string")
            )
    if field.get("categorical") is True and field.get("textual") is True:
        problems.append(SchemaProblem(path, f"{name} is both categorical and textual", "one of the two"))
    return Column(name, kind, nullable, field.get("categorical") is True, field.get("textual") is True)


def _top(schema: Mapping[str, Any]) -> Iterator[SchemaProblem]:
    if schema.get("type") != "record":
        yield SchemaProblem("type", f"the schema's type is {schema.get('type')!r}", "record")
    if schema.get("namespace", NAMESPACE) != NAMESPACE:
        yield SchemaProblem("namespace", f"the namespace is {schema['namespace']!r}", NAMESPACE)
    if str(schema.get("version", "1.0")) != "1.0":
        yield SchemaProblem("version", f"the version is {schema['version']!r}", "1.0")
    for key in schema:
        if key not in _TOP_KEYS:
            suggestion = nearest(str(key), _TOP_KEYS)
            meant = f"; did you mean {suggestion}?" if suggestion else ""
            yield SchemaProblem(str(key), f"a schema has no {key!r}", f"one of {', '.join(_TOP_KEYS)}{meant}")


def _rules(
    parsed: Mapping[str, tuple[int, Column]], dataset_type: str, domain: str | None
) -> Iterator[SchemaProblem]:
    """What the dataset type asks of its fields."""
    required = REQUIRED[dataset_type] | DOMAIN_REQUIRED.get(domain or "", {}).get(dataset_type, {})
    reserved = RESERVED[dataset_type] | DOMAIN_RESERVED.get(domain or "", {}).get(dataset_type, {})
    words = RECORD_NAMES[dataset_type]
    for name, known in required.items():
        if name not in parsed:
            suggestion = nearest(name, [n for n in parsed if n not in required])
            meant = f"; {suggestion} is near" if suggestion else ""
            yield SchemaProblem(
                "fields", f"{words} schema has no {name}", f"a field {name}: {_wanted(known)}{meant}"
            )
    for name, (index, column) in parsed.items():
        known_field = required.get(name) or reserved.get(name)
        if known_field is not None:
            yield from _fit(column, known_field, f"fields.{index}")
    metadata = [column for name, (_, column) in parsed.items() if name not in required and name not in reserved]
    limit = METADATA_LIMITS[dataset_type]
    if len(metadata) > limit:
        yield SchemaProblem("fields", f"{words} schema has {len(metadata)} metadata fields", f"at most {limit}")
    if dataset_type in NEEDS_METADATA and len(parsed) <= len(REQUIRED[dataset_type]):
        yield SchemaProblem("fields", f"{words} schema has no metadata field", "at least one besides the id")
    textual = [(index, column) for index, column in parsed.values() if column.textual]
    if dataset_type != "ITEMS":
        for index, column in textual:
            message = f"{column.name} is textual in a schema of {words}"
            yield SchemaProblem(f"fields.{index}.textual", message, "textual fields in Items only")
    elif len(textual) > 1:
        message = f"{len(textual)} fields are textual: {', '.join(column.name for _, column in textual)}"
        yield SchemaProblem(f"fields.{textual[1][0]}.textual", message, "at most one")


def _fit(column: Column, known: Known, path: str) -> Iterator[SchemaProblem]:
    if column.type not in known.types or (column.nullable and not known.nullable):
        yield SchemaProblem(f"{path}.type", f"{column.name} is {_described(column)}", _wanted(known))
    if known.categorical is not None and column.categorical != known.categorical:
        message = f"{column.name} is {'' if column.categorical else 'not '}categorical"
        expected = "categorical: true" if known.categorical else "it not categorical"
        yield SchemaProblem(f"{path}.categorical", message, expected)
    if known.textual and not column.textual:
        yield SchemaProblem(f"{path}.textual", f"{column.name} is not textual", "textual: true")


def _type(value: Any) -> tuple[str, bool] | None:
    """`("long", True)` of `["null", "long"]`; None for anything that is not a simple type or such a union."""
    if isinstance(value, str):
        return (value, False) if value in TYPES else None
    if isinstance(value, list | tuple):
        rest = [entry for entry in value if entry != "null"]
        if len(value) <= 2 and len(rest) == 1 and isinstance(rest[0], str) and rest[0] in TYPES:
            return rest[0], len(value) == 2
    return None


def _described(column: Column) -> str:
    return f'["null", "{column.type}"]' if column.nullable else column.type


def _wanted(known: Known) -> str:
    types = " or ".join(known.types)
    return f"type {types}, null allowed" if known.nullable else f"type {types}, not null"


def _bare(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", name)
