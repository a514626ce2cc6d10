"""Pinned campaigns: put back to an earlier version, they stay there until they are released.

A pin is kept with the campaign's row. It holds for as long as the campaign's solution is the one that the
version belongs to: a solution that is replaced takes its versions along.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pzdecl.plan.model import Action, Reason, ReasonCode
from pzdecl.plan.node import Node
from pzdecl.plan.survey import Survey
from pzdecl.state.model import Recorded

FIELD = "solutionVersionArn"
PINNED = "pinned"
"""The attribute of a row, and what a version's ARN is kept under."""


def pinned(row: Recorded | None) -> str | None:
    """The ARN of the version that a campaign on record is pinned to."""
    found = row.attributes.get(PINNED) if row else None
    return found if isinstance(found, str) else None


def hold(node: Node, bindings: dict[str, Any], survey: Survey) -> dict[str, Any]:
    """The bindings of a campaign that may be pinned, which is noted in the node."""
    if FIELD not in bindings:
        return bindings
    node.pinned = survey.options.pins.get(node.address, pinned(node.recorded))
    if node.pinned is None or not _of(node.pinned, bindings[FIELD], node, survey):
        node.pinned = None
        return bindings
    node.causes = {field: cause for field, cause in node.causes.items() if field != FIELD}
    return {**bindings, FIELD: node.pinned}


def tell(node: Node, survey: Survey) -> None:
    """Gives a decided campaign the reason why it stays with its version, or leaves it."""
    if node.pinned:
        version = node.pinned.rpartition("/")[2]
        told = "put back to" if node.address in survey.options.pins else "pinned to"
        release = f"`pzdecl rollback {node.address} --release` lets it follow the newest again"
        node.reasons.append(Reason(ReasonCode.PINNED, f"{told} version {version}; {release}"))
    elif node.address in survey.options.pins:
        node.reasons.append(Reason(ReasonCode.PINNED, "released: it follows the newest version again"))
    elif (before := pinned(node.recorded)) and node.action is not Action.NO_OP and not node.blocked:
        text = f"its pin to version {before.rpartition('/')[2]} goes with the solution that the version is of"
        node.reasons.append(Reason(ReasonCode.PINNED, text))


def _of(version: str, planned: Any, node: Node, survey: Survey) -> bool:
    """Whether the pinned version belongs to the solution that the campaign is to serve."""
    solution = version.rpartition("/")[0]
    if isinstance(planned, str):
        return planned.rpartition("/")[0] == solution
    above = [survey.nodes[a] for a in (node.desired.depends_on if node.desired else ()) if a.kind == "Solution"]
    return any(one.arn == solution for one in above)


def attributes(node: Node, kept: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of the planned row."""
    rest = {name: value for name, value in kept.items() if name != PINNED}
    return {**rest, PINNED: node.pinned} if node.pinned else rest
