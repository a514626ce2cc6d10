"""The rows that an apply writes to state, in the form of `pzdecl.state.to_json`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.plan import pins, triggers
from pzdecl.plan.node import Node
from pzdecl.state.codec import fingerprint, to_json


def planned(node: Node) -> dict[str, Any]:
    """The row of the planned resource."""
    desired, recorded = node.desired, node.recorded
    assert desired
    same = recorded is not None and recorded.arn == node.arn and not node.recreated
    attributes = pins.attributes(node, recorded.attributes if same and recorded else {})
    attributes = triggers.attributes(node, attributes)
    protect, on_delete = desired.lifecycle.protect, desired.lifecycle.on_delete
    return {
        "name": node.name,
        "arn": node.arn,
        "inputs": node.inputs,
        "bindings": node.bindings,
        "tags": node.tags,
        "fingerprints": {
            "spec": fingerprint(node.inputs),
            "data": fingerprint({k: v.get("sha256") for k, v in node.data.items()}) if node.data else "",
            "parents": fingerprint(node.bindings),
            "metadata": fingerprint([node.tags, protect, on_delete]),
        },
        "attributes": attributes,
        "data": node.data,
        "dependencies": [str(address) for address in desired.depends_on],
        "protect": protect,
        "on_delete": on_delete,
        "source": f"{desired.position.file}:{desired.position.line}",
    }


def with_tags(row: Mapping[str, Any], tags: Mapping[str, str]) -> dict[str, Any]:
    """The row with other tags: between two requests."""
    metadata = fingerprint([tags, row["protect"], row["on_delete"]])
    return {**row, "tags": tags, "fingerprints": {**row["fingerprints"], "metadata": metadata}}


def void(node: Node) -> dict[str, Any]:
    """The row on record of a job, without the content it had read: it will run again, come what may."""
    assert node.recorded
    row = to_json(node.recorded)
    return {**row, "data": None, "fingerprints": {**row["fingerprints"], "data": ""}}


def accepted(node: Node) -> dict[str, Any]:
    """The row on record, with what the service shows in place of what state had."""
    assert node.recorded
    row = {**to_json(node.recorded), "inputs": node.inputs, "bindings": node.bindings}
    prints = {**row["fingerprints"], "spec": fingerprint(node.inputs), "parents": fingerprint(node.bindings)}
    return with_tags({**row, "fingerprints": prints}, node.tags)


def unprotected(node: Node) -> dict[str, Any]:
    """The row on record, protected no more."""
    assert node.recorded
    row = {**to_json(node.recorded), "protect": False}
    return with_tags(row, row["tags"])


def stale(node: Node) -> bool:
    """Whether the row on record has to be written anew although nothing changes: bookkeeping, but for the
    place. A change that was cut short and turns out to be done is closed by that.
    """
    desired, recorded = node.desired, node.recorded
    if desired is None or recorded is None:
        return False
    return (
        node.in_flight
        or recorded.inputs != node.inputs
        or recorded.bindings != node.bindings
        or (node.kind.taggable and recorded.tags != node.tags)
        or recorded.data != node.data
        or recorded.dependencies != desired.depends_on
        or pins.pinned(recorded) != node.pinned
        or triggers.recorded(recorded) != node.triggers
    )
