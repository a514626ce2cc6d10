"""Manifests of what was found, one file a dataset group."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pzdecl.kinds.fields import lookup
from pzdecl.manifests.envelope import API_VERSION

if TYPE_CHECKING:
    from pzdecl.adoption.surveying import Found

SHARED = "shared"
"""The file of what belongs to no group: schemas that several use, or none."""


def write(found: Sequence[Found], root: Path, into: Path, folder: Path) -> list[str]:
    """Writes the files into `folder`; returns the names, relative to the project's root, that they will have in
    `into`.
    """
    groups: dict[str, list[Found]] = {}
    used = _users_of_schemas(found)
    for one in found:
        group = used.get(one.name, "") if one.kind.name == "Schema" else one.group
        groups.setdefault(group or SHARED, []).append(one)
    names = []
    taken: set[str] = set()
    for group, listed in sorted(groups.items()):
        path = folder / f"{_free(group, taken)}.yaml"
        path.write_text("---\n".join(_document(one, into) for one in listed), encoding="utf-8")
        names.append((into / path.name).relative_to(root).as_posix())
    return names


def _free(name: str, taken: set[str]) -> str:
    """A name of a file that no other one has, also where files that differ in case alone are one."""
    free, count = name, 1
    while free.casefold() in taken:
        count += 1
        free = f"{name}-{count}"
    taken.add(free.casefold())
    return free


def _users_of_schemas(found: Sequence[Found]) -> dict[str, str]:
    """The group of each schema that one group alone uses."""
    users: dict[str, set[str]] = {}
    for one in found:
        if one.kind.name == "Dataset":
            users.setdefault(str(one.spec["schema"]), set()).add(one.group)
    return {schema: next(iter(groups)) for schema, groups in users.items() if len(groups) == 1}


def _document(one: Found, into: Path) -> str:
    metadata: dict[str, Any] = {"name": one.name}
    if one.tags:
        metadata["tags"] = dict(sorted(one.tags.items()))
    spec = dict(one.spec)
    for field in (one.kind.reads, one.kind.writes):
        location = lookup(spec, field) if field else None
        if field and location and "://" not in location:
            spec = _with(spec, field.split("."), os.path.relpath(location, into))
    head = {"apiVersion": API_VERSION, "kind": one.kind.name, "metadata": metadata}
    return "".join(f"{key}: {_flow(value)}\n" for key, value in head.items()) + _block("spec", spec)


def _block(key: str, value: Mapping[str, Any]) -> str:
    """A mapping with a line for each of its fields, and nested ones likewise."""
    if not value:
        return f"{key}: {{}}\n"
    return f"{key}:\n" + "".join(_lines(value, "  "))


def _lines(value: Mapping[str, Any], indent: str) -> list[str]:
    lines = []
    for key, inner in value.items():
        if isinstance(inner, Mapping) and inner:
            lines += [f"{indent}{_key(key)}:\n", *_lines(inner, indent + "  ")]
        elif isinstance(inner, list) and inner and isinstance(inner[0], Mapping):
            lines.append(f"{indent}{_key(key)}:\n")
            lines += [f"{indent}  - {_flow(element)}\n" for element in inner]
        else:
            lines.append(f"{indent}{_key(key)}: {_flow(inner)}\n")
    return lines


def _key(key: str) -> str:
    return _text(key)


def _flow(value: Any) -> str:
    """A value on one line. JSON is YAML; plain words need no quotes."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_key(str(key))}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(inner) for inner in value) + "]"
    if isinstance(value, str):
        return _text(value)
    return json.dumps(value, ensure_ascii=False)


_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_/-]*")
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\ufeff\ufffe\uffff]")
"""What YAML takes for a line's end, or not at all, and people don't see."""
_RESERVED = {"true", "false", "null", "yes", "no", "on", "off", "y", "n", "~"}


def _text(value: str) -> str:
    """Text plain where no reader could take it for anything else. A `${` is written as the text it is."""
    value = value.replace("${", "$${")
    if _PLAIN.fullmatch(value) and value.lower() not in _RESERVED:
        return value
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _with(values: Mapping[str, Any], path: Sequence[str], value: str) -> dict[str, Any]:
    first, *rest = path
    return {**values, first: _with(values[first], rest, value) if rest else value}
