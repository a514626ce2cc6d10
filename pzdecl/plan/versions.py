"""The versions of a campaign's solution, to go back to one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pzdecl.errors import UsageError, nearest
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.kinds.fields import flatten, lookup
from pzdecl.kinds.listing import items
from pzdecl.manifests.model import Desired
from pzdecl.plan.diff import replaced
from pzdecl.plan.pins import FIELD, pinned
from pzdecl.providers.client import ReadClient
from pzdecl.state.model import Reader, Recorded


def campaign(state: Reader, address: Address) -> Recorded:
    """The campaign's row. Raises UsageError for what is no campaign, or is not applied."""
    row = state.resources().get(address)
    if address.kind != "Campaign":
        raise UsageError(f"{address} is no campaign", hint="name a Campaign/NAME")
    if row is None:
        raise UsageError(f"{address} is not there yet", hint="apply first")
    return row


def earlier(client: ReadClient, row: Recorded, to: str | None) -> str:
    """The ARN of the trained version to go back to. Raises UsageError, naming the versions that there are."""
    now = str(row.bindings[FIELD])
    solution = now.rpartition("/")[0]
    found = [one for one in _versions(client, solution) if one["status"] == "ACTIVE"]
    arns = [str(one["solutionVersionArn"]) for one in found]
    tails = [arn.rpartition("/")[2] for arn in arns]
    if to is not None:
        matches = {arn: arn for arn in arns} | dict(zip(tails, arns, strict=True))
        if to not in matches:
            close = nearest(to, tails)
            there = f"there are {', '.join(tails)}" if tails else "there are none"
            raise UsageError(
                f"{row.address} has no trained version {to}", hint=f"did you mean {close}?" if close else there
            )
        if matches[to] == now:
            raise UsageError(f"{row.address} serves {to} already", hint="name another version")
        return matches[to]
    before = arns[: arns.index(now)] if now in arns else arns
    if not before:
        raise UsageError(
            f"{row.address} serves the first version of its solution: there is none to go back to",
            hint="versions of a replaced solution go with it",
        )
    return before[-1]


def as_it_is(wanted: Desired, row: Recorded) -> Desired:
    """The declared resource as it is on record, so that a plan changes nothing else of it.

    What is on record as a hash alone, since it is sensitive, is what the manifest says now.
    """
    hidden = [path.removesuffix(".$hash") for path, _ in flatten(row.inputs) if path.endswith(".$hash")]
    inputs = row.inputs
    for path in hidden:
        inputs = replaced(inputs, path, lookup(wanted.inputs, path))
    sensitive = frozenset(one for one in wanted.sensitive if one.removeprefix("spec.") in hidden)
    return replace(wanted, inputs=inputs, tags=row.tags, depends_on=row.dependencies, sensitive=sensitive)


def check_pinned(row: Recorded) -> None:
    """Raises UsageError if there is nothing to release."""
    if pinned(row) is None:
        raise UsageError(f"{row.address} is not pinned", hint="it follows the newest version of its solution")


def _versions(client: ReadClient, solution: str) -> list[Mapping[str, Any]]:
    """The solution's versions, the oldest first."""
    found = items(client, KINDS["SolutionVersion"].operations, solutionArn=solution)
    return sorted(found, key=lambda one: one["creationDateTime"])
