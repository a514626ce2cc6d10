"""`lifecycle.retrainOn`: how what a solution's entries name stands, and whether that calls for a training.

What a version was trained with is kept in its row, entry by entry and resource by resource, as digests. So a
change that is made by one run calls for the training also in the next, if the first was killed in between. An
entry that is new to the row calls for nothing: as in Terraform, writing it down changes nothing yet.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pzdecl.kinds.address import Address
from pzdecl.kinds.base import Effect
from pzdecl.kinds.fields import flatten
from pzdecl.manifests.model import DATA, Trigger
from pzdecl.plan.diff import ignored
from pzdecl.plan.model import Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.reasons import place
from pzdecl.plan.survey import Survey
from pzdecl.state.codec import fingerprint
from pzdecl.state.model import Recorded

ATTRIBUTE = "retrainOn"
"""Under what a version's row keeps it."""
DIGITS = 16
"""Hexadecimal digits of a digest: enough to tell one from another."""

Standing = Mapping[str, Mapping[str, str]]
"""By entry, and by the address of each resource that it names, the digest of what it names there."""


def standing(node: Node, survey: Survey) -> dict[str, dict[str, str]]:
    """How things are to stand when the training begins. What is named is decided already."""
    triggers = node.desired.triggers if node.desired else ()
    return {
        one.entry: {str(address): _digest(survey.nodes[address], one, survey) for address in one.addresses}
        for one in triggers
    }


def recorded(row: Recorded | None) -> Standing:
    """How things stood when the version on record was trained."""
    found = row.attributes.get(ATTRIBUTE) if row else None
    return found if isinstance(found, Mapping) else {}


def attributes(node: Node, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of the planned row."""
    rest = {name: value for name, value in kept.items() if name != ATTRIBUTE}
    return {**rest, ATTRIBUTE: node.triggers} if node.triggers else rest


def reasons(node: Node, survey: Survey) -> list[Reason]:
    """Why `retrainOn` calls for a training; nothing if it doesn't."""
    assert node.desired
    before = recorded(node.recorded)
    former = {str(new): str(old) for old, new in survey.project.moved.items()}
    why: list[Reason] = []
    for index, trigger in enumerate(node.desired.triggers):
        known = before.get(trigger.entry, before.get(_former_entry(trigger, former)))
        if known is None:
            continue
        now = node.triggers[trigger.entry]
        position = place(node.desired, f"lifecycle.retrainOn[{index}]")
        for address, digest in now.items():
            old = known.get(address) or known.get(former.get(address, address))
            if old != digest:
                what = f"{address}.{trigger.path}" if trigger.path else address
                verb = "changes" if old else "is new"
                text = f"{what} {verb}, and retrainOn names it"
                why.append(Reason(ReasonCode.TRIGGERED, text, position, Address.parse(address)))
    return why


def _former_entry(trigger: Trigger, former: Mapping[str, str]) -> str:
    """The entry as it read before what it names was moved to another address."""
    address, dot, path = trigger.entry.partition(".")
    return former.get(address, address) + dot + path


def _digest(parent: Node, trigger: Trigger, survey: Survey) -> str:
    if trigger.path == DATA and parent.kind.reads:
        content: Any = [one.get("sha256") or one.get("run") for one in (parent.data or {}).values()]
    else:
        content = dict(_values(parent, trigger.path, survey))
        if trigger.path is None:
            # What is replaced, or run again, has another name; what is only moved keeps it, and so does what
            # somebody deleted and is made again as it was.
            content = [parent.name, content]
    return fingerprint(content)[:DIGITS]


def _values(parent: Node, path: str | None, survey: Survey) -> Iterator[tuple[str, Any]]:
    """The fields that are named; of a whole resource those that are more than labels.

    A reference stands for the API's name of the resource: moving that to another address changes nothing, and
    replacing it does.
    """
    for leaf, value in flatten(parent.inputs):
        if not leaf or (
            parent.kind.effect(leaf, parent.inputs) is Effect.METADATA
            if path is None
            else not _fits(leaf, path)
        ):
            continue
        kind = parent.kind.refers_to.get(leaf)
        target = survey.nodes.get(Address(kind, value)) if kind and isinstance(value, str) else None
        yield leaf, target.name if target else value


def _fits(leaf: str, path: str) -> bool:
    return ignored(leaf, [path]) is not None
