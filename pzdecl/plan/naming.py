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


def plain(address: Address, prefix: str) -> str:
    """The API's name of a resource at first: its own, after what the environment puts before all names."""
    return prefix + address.name


def replacement(address: Address, inputs: Mapping[str, Any], previous: str, prefix: str = "") -> str:
    """The API's name of a replacement: `NAME-<8 hex of its inputs>`.

    The previous name goes into the digest, so that going back to earlier inputs never meets an earlier name.
    """
    return numbered(plain(address, prefix), fingerprint([str(address), inputs, previous]))


def run(
    kind: Kind,
    address: Address,
    inputs: Mapping[str, Any],
    bindings: Mapping[str, Any],
    *,
    contents: Mapping[str, Any],
    previous: str | None,
    failures: int,
    prefix: str = "",
) -> str:
    """The API's name of one run of a job: `NAME-<8 hex>`, or `v-<8 hex>` for a version below its solution.

    The same run has the same name however often it is planned; after a failure it has another one, since the
    service keeps the failed one's.
    """
    digest = fingerprint([str(address), inputs, bindings, contents, previous, failures])
    return numbered(plain(address, prefix) if kind.declared else "v", digest)


def creation(op: str, node: Node, nodes: Mapping[Address, Node]) -> str:
    """The id of a step that makes something: equal ids make equal things.

    A parent is told by its name, which is known before its ARN is: a version that is yet to be trained, and the
    same version once it is there.
    """
    above = {
        field: [str(cause), nodes[cause].name] if (cause := node.causes.get(field)) else arn
        for field, arn in node.bindings.items()
    }
    return f"{op}:{node.address}:{fingerprint([node.name, node.inputs, above, node.tags])[:8]}"
