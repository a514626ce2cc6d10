"""Managed resources as state holds them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pzdecl.state.model import Recorded
from pzdecl.views.style import PLAIN, Style
from pzdecl.views.values import short


def text(rows: Iterable[Recorded], style: Style = PLAIN) -> str:
    """Each resource as a block of `name: value` lines."""
    return "\n".join("\n".join(_block(row, style)) + "\n" for row in rows) or "Nothing is managed yet.\n"


def _block(row: Recorded, style: Style) -> Iterator[str]:
    yield style.paint(str(row.address), "bold") + (f"  ({row.source})" if row.source else "")
    yield f"  arn: {row.arn}"
    if row.name != row.address.name:
        yield f"  name: {row.name}"
    for field, value in _flat(row.inputs):
        yield f"  {field}: {short(value, style)}"
    for title, values in (("attributes", row.attributes), ("tags", row.tags), ("data", row.data or {})):
        for field, value in _flat(values):
            yield f"  {title}.{field}: {short(value, style)}"
    if row.dependencies:
        yield f"  depends on: {', '.join(map(str, row.dependencies))}"
    if row.protect:
        yield "  protected: yes"


def _flat(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in sorted(values.items()):
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value


def as_json(row: Recorded) -> dict[str, Any]:
    """One resource, with Terraform's `address, type, name, values` and our own facts."""
    return {
        "address": str(row.address),
        "type": row.address.kind,
        "name": row.address.name,
        "api_name": row.name,
        "arn": row.arn,
        "values": json.loads(json.dumps(row.inputs, default=dict)),
        "bindings": dict(row.bindings),
        "attributes": dict(row.attributes),
        "tags": dict(row.tags),
        "data": dict(row.data) if row.data is not None else None,
        "depends_on": [str(address) for address in row.dependencies],
        "protected": row.protect,
        "on_delete": row.on_delete,
        "source": row.source,
    }
