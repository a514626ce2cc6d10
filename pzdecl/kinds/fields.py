"""Dotted paths into inputs: `solutionConfig.algorithmHyperParameters.bptt`, `schema.fields[2].type`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

_STEP = re.compile(r"\[(\d+)\]|\.?([^.\[\]]+)")


def join(path: Iterable[str | int]) -> str:
    """`("fields", 2, "type")` → `fields[2].type`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def split(path: str) -> list[str | int]:
    """The steps of a dotted path. A key that holds a dot itself comes out in pieces."""
    return [int(index) if index else key for index, key in _STEP.findall(path)]


def lookup(values: Any, path: str) -> Any:
    """The value at a dotted path, or None where there is none."""
    if isinstance(values, Mapping) and path in values:
        return values[path]
    for step in split(path):
        if isinstance(step, int):
            if not isinstance(values, list) or step >= len(values):
                return None
            values = values[step]
        elif isinstance(values, Mapping):
            values = values.get(step)
        else:
            return None
    return values


def flatten(values: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """All leaves with their paths. An empty mapping or list is a leaf."""
    if isinstance(values, Mapping) and values:
        for key, value in values.items():
            yield from flatten(value, f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(values, list) and values:
        for index, value in enumerate(values):
            yield from flatten(value, f"{prefix}[{index}]")
    else:
        yield prefix, values


def within(field: str, *ancestors: str) -> bool:
    """Whether a dotted field is one of `ancestors` or lies below one."""
    return any(field == a or field.startswith((f"{a}.", f"{a}[")) for a in ancestors)
