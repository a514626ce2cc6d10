"""Resources under another address: what becomes of the rows of state when one is renamed.

The service knows nothing of it: a moved resource keeps the name and ARN that it has there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.state.codec import fingerprint
from pzdecl.state.model import Deposed, Recorded

Moves = Mapping[Address, Address]
"""Old address to new address."""


def moved(row: Recorded, moves: Moves) -> Recorded:
    """The row as it reads once `moves` are made: its own address, and every mention of another."""
    address = moves.get(row.address, row.address)
    data = row.data
    if data is not None:
        data = {str(_moved(Address.parse(text), moves)): content for text, content in data.items()}
    dependencies = tuple(sorted(_moved(one, moves) for one in row.dependencies))
    inputs = _inputs(row, moves)
    if (address, dependencies, data, inputs) == (row.address, row.dependencies, row.data, row.inputs):
        return row
    contents = "" if not data else fingerprint({key: content.get("sha256") for key, content in data.items()})
    prints = replace(row.fingerprints, spec=fingerprint(inputs), data=contents or row.fingerprints.data)
    return replace(
        row, address=address, dependencies=dependencies, data=data, inputs=inputs, fingerprints=prints
    )


def moved_former(former: Deposed, moves: Moves) -> Deposed:
    """What a replacement left, as it reads once `moves` are made."""
    dependencies = tuple(sorted(_moved(one, moves) for one in former.dependencies))
    return replace(former, address=_moved(former.address, moves), dependencies=dependencies)


def _inputs(row: Recorded, moves: Moves) -> Mapping[str, Any]:
    """The inputs, with references by name to what has moved."""
    changed = {}
    for field, kind in KINDS[row.address.kind].refers_to.items():
        name = row.inputs.get(field)
        if isinstance(name, str) and (to := moves.get(Address(kind, name))):
            changed[field] = to.name
    return {**row.inputs, **changed} if changed else row.inputs


def _moved(address: Address, moves: Moves) -> Address:
    return moves.get(address, address)
