"""What differs between two environments of one project: what is declared, and what was made from which data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import Desired, Project
from pzdecl.plan.diff import differences
from pzdecl.state.model import Recorded

HIDDEN = "(sensitive)"


class Side(StrEnum):
    """Where a resource is."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Field:
    """One field with its two values; what a manifest leaves out is its default, or None where there is none."""

    path: str
    left: Any
    right: Any


@dataclass(frozen=True, slots=True)
class Contrast:
    """One address that is not the same in both environments."""

    address: Address
    side: Side
    fields: tuple[Field, ...] = ()


def compare(
    left: Project,
    right: Project,
    left_rows: Mapping[Address, Recorded],
    right_rows: Mapping[Address, Recorded],
) -> list[Contrast]:
    """What differs, by address. Trainings are told of their data alone: their config is their solution's.

    Fields are those of the manifest (`spec.…`, `tags.…`, `lifecycle.…`); `applied` says whether it is there,
    and `data` what content an import last read, or a training was made from.
    """
    found = []
    for address in sorted({*left.resources, *right.resources}):
        a, b = left.resources.get(address), right.resources.get(address)
        if a is None or b is None:
            if address.kind != "SolutionVersion":
                found.append(Contrast(address, Side.RIGHT if a is None else Side.LEFT))
            continue
        fields = [*_declared(a, b), *_recorded(left_rows.get(address), right_rows.get(address))]
        if fields:
            found.append(Contrast(address, Side.BOTH, tuple(fields)))
    return found


def _declared(a: Desired, b: Desired) -> Iterator[Field]:
    hidden = a.sensitive | b.sensitive
    kind = KINDS[a.address.kind]
    for one in differences(a.inputs, b.inputs):
        secret = any(one.path == path or one.path.startswith(f"{path}.") for path in hidden)
        values = [
            kind.default(one.path, inputs) if value is None else value
            for value, inputs in ((one.before, a.inputs), (one.after, b.inputs))
        ]
        if values[0] != values[1]:  # a default that is written out is no difference
            yield Field(f"spec.{one.path}", *([HIDDEN, HIDDEN] if secret else values))
    for one in differences(a.tags, b.tags):
        yield Field(f"tags.{one.path}", one.before, one.after)
    for name in ("protect", "ignore_changes", "on_delete"):
        one_value, other = getattr(a.lifecycle, name), getattr(b.lifecycle, name)
        if one_value != other:
            yield Field(f"lifecycle.{name}", one_value, other)


def _recorded(a: Recorded | None, b: Recorded | None) -> Iterator[Field]:
    if (a is None) != (b is None):
        yield Field("applied", a is not None, b is not None)
    elif a is not None and b is not None and _digests(a) != _digests(b):
        yield Field("data", _rows(a), _rows(b))


def _digests(row: Recorded) -> dict[str, Any]:
    return {address: content.get("sha256") for address, content in (row.data or {}).items()}


def _rows(row: Recorded) -> str:
    """`12,003 rows (3f2a91c0)`: what was read, and the beginning of its hash."""
    contents = (row.data or {}).values()
    rows = sum(content.get("rows") or 0 for content in contents)
    digests = sorted(str(content.get("sha256") or "")[:8] for content in contents)
    return f"{rows:,} rows ({', '.join(digests)})"
