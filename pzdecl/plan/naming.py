"""Names that follow from what they name, so that equal input gives equal names, and a changed one a new
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Kind
from pzdecl.kinds.names import numbered
from pzdecl.plan.node import Node
from pzdecl.state.codec import fingerprint


def replacement(address: Address, inputs: Mapping[str, Any], previous: str) -> str:
    """The API's name of a replacement: `NAME-<8 hex of its inputs>`.

    The previous name goes into the digest, so that going back to earlier inputs never meets an earlier name.
    """
    return numbered(address.name, fingerprint([str(address), inputs, previous]))


def run(
    kind: Kind,
    address: Address,
    inputs: Mapping[str, Any],
    bindings: Mapping[str, Any],
    *,
    contents: Mapping[str, Any],
    previous: str | None,
    failures: int,
) -> str:
    """The API's name of one run of a job: `NAME-<8 hex>`, or `v-<8 hex>` for a version below its solution.

    The same run has the same name however often it is planned; after a failure it has another one, since the
    service keeps the failed one's.
    """
    digest = fingerprint([str(address), inputs, bindings, contents, previous, failures])
    return numbered(address.name if kind.declared else "v", digest)


def creation(op: str, node: Node) -> str:
    """The id of a step that makes something: equal ids make equal things."""
    made = [node.name, node.inputs, node.bindings, node.tags]
    return f"{op}:{node.address}:{fingerprint(made)[:8]}"
