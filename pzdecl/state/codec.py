"""Rows of state as JSON values and back, and their fingerprints.

The JSON form of a row (what a plan's steps carry as `record`) has the field names of `Recorded` without
`address`; fingerprints are a mapping of four, dependencies a list of address texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.state.model import Fingerprints, Recorded


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal values give equal text. Mappings of any type are objects."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=_plain)


def fingerprint(value: Any) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def row_fingerprint(recorded: Recorded | None) -> str | None:
    """SHA-256 of everything that the row says; None where there is no row. `source` is left out: moving a
    document within its file changes nothing that a plan was built on.
    """
    if recorded is None:
        return None
    row = to_json(recorded)
    del row["source"]
    return fingerprint([str(recorded.address), row])


def to_json(recorded: Recorded) -> dict[str, Any]:
    """The row as JSON values."""
    return {
        "name": recorded.name,
        "arn": recorded.arn,
        "inputs": recorded.inputs,
        "bindings": recorded.bindings,
        "tags": recorded.tags,
        "fingerprints": asdict(recorded.fingerprints),
        "attributes": recorded.attributes,
        "data": recorded.data,
        "dependencies": [str(address) for address in recorded.dependencies],
        "protect": recorded.protect,
        "on_delete": recorded.on_delete,
        "source": recorded.source,
    }


def from_json(address: Address, row: Mapping[str, Any]) -> Recorded:
    """The reverse of `to_json`. Raises KeyError or TypeError where the row is not complete."""
    return Recorded(
        address=address,
        name=row["name"],
        arn=row["arn"],
        inputs=row["inputs"],
        bindings=row["bindings"],
        tags=row["tags"],
        fingerprints=Fingerprints(**row["fingerprints"]),
        attributes=row.get("attributes") or {},
        data=row.get("data"),
        dependencies=tuple(Address.parse(text) for text in row.get("dependencies", ())),
        protect=row.get("protect", False),
        on_delete=row.get("on_delete", "delete"),
        source=row.get("source"),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Address):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
