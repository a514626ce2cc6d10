"""Reasons in words that a reviewer reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.errors import Position
from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect, Kind
from pzdecl.kinds.fields import join, split
from pzdecl.manifests.model import Desired
from pzdecl.plan.diff import Difference, short, shown
from pzdecl.plan.model import Action, FieldChange, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.state.model import Failure


def place(desired: Desired | None, path: str) -> Position | None:
    """Where in the manifests a field is written: itself, or the nearest part around it."""
    if desired is None:
        return None
    for text in (f"spec.{path}", f"metadata.{path}"):
        steps = split(text)
        while len(steps) > 1:
            if position := desired.positions.get(join(steps)):
                return position
            steps.pop()
    return desired.position


def source(node: Node) -> Position | None:
    """Where the document of a node is, or was."""
    if node.desired:
        return node.desired.position
    file, colon, line = ((node.recorded.source if node.recorded else None) or "").rpartition(":")
    return Position(file, int(line)) if colon and line.isdigit() else None


def changed(
    difference: Difference, kind: Kind, inputs: Mapping[str, Any], desired: Desired | None
) -> FieldChange:
    """A difference in inputs or bindings with what it does; a value left out shows as its default."""
    path, before, after = difference
    effect = kind.effect(path, inputs)
    if before is None:
        before = kind.default(path, inputs)
    if after is None:
        after = kind.default(path, inputs)
    return FieldChange(path, shown(before), shown(after), effect, place(desired, path))


def of_field(change: FieldChange, *, forces: bool) -> Reason:
    """`hidden_dimension 43 → 64 forces replacement`."""
    leaf = split(change.path)[-1]
    name = leaf if isinstance(leaf, str) else change.path
    text = f"{name} {short(change.before)} → {short(change.after)}"
    return Reason(ReasonCode.FIELD_CHANGED, f"{text} forces replacement" if forces else text, change.position)


def of_parent(parent: Node) -> Reason:
    """`Solution/x is replaced`."""
    words = {
        Action.REPLACE: "is replaced",
        Action.CREATE: "is created",
        Action.IMPORT: "is imported again" if parent.recorded else "is imported",
        Action.TRAIN: "is trained",
        Action.INFER: "is run",
    }
    text = "is created anew" if parent.recreated else words.get(parent.action, "has changed")
    return Reason(ReasonCode.PARENT_CHANGED, f"{parent.address} {text}", source(parent), parent.address)


def of_data(address: Address, old: Mapping[str, Any] | None, new: Mapping[str, Any], *, own: bool) -> Reason:
    """`data changed: 12,003 rows added`, or with the name of the import it came by."""
    what = "data changed" if own else f"data of {address} changed"
    cause = None if own else address
    return Reason(ReasonCode.DATA_CHANGED, f"{what}{_rows(old, new)}", cause=cause)


def _rows(old: Mapping[str, Any] | None, new: Mapping[str, Any]) -> str:
    if old is None:
        return f": {new['rows']:,} rows" if new.get("rows") is not None else ""
    before, after = old.get("rows"), new.get("rows")
    if before is None or after is None:
        return ""
    if new.get("appended") and after > before:
        return f": {_count(after - before)} added"
    if before == after:
        return f": {_count(after)}, other content"
    return f": {before:,} → {after:,} rows"


def _count(rows: int) -> str:
    return f"{rows:,} row" if rows == 1 else f"{rows:,} rows"


def of_tags(before: Mapping[str, str], after: Mapping[str, str], desired: Desired | None) -> list[FieldChange]:
    """One change for each tag that comes, goes or changes."""
    return [
        FieldChange(
            f"tags.{key}", before.get(key), after.get(key), Effect.METADATA, place(desired, f"tags.{key}")
        )
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    ]


def of_tag(change: FieldChange) -> Reason:
    """`tag team discovery → search`, `tag team added`, `tag team removed`."""
    key = change.path.removeprefix("tags.")
    if change.before is None:
        text = f"tag {key} added"
    elif change.after is None:
        text = f"tag {key} removed"
    else:
        text = f"tag {key} {short(change.before)} → {short(change.after)}"
    return Reason(ReasonCode.TAGS_CHANGED, text, change.position)


def of_failure(failures: tuple[Failure, ...]) -> Reason:
    """Why the last attempt failed, and how many there were."""
    tries = "" if len(failures) == 1 else f" ({len(failures)} attempts)"
    return Reason(ReasonCode.FAILED_BEFORE, f"failed before{tries}: {failures[-1].message}")


def resumed(name: str, address: Address) -> Reason:
    """Something begun is gone on with."""
    what = "begun" if name.endswith(address.name) else f"begun as {name}"
    return Reason(ReasonCode.RESUMED, f"{what} by a run that has not finished it: goes on from there")
