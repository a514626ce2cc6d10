"""Whether a target is the one that state and plan know, and files are still what a plan was made for."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from pzdecl.errors import PzdeclError, StalePlan

if TYPE_CHECKING:
    from pzdecl.plan.model import Plan
    from pzdecl.providers.client import ReadClient
    from pzdecl.state import State

_PLACE = 5
"""Parts of an ARN that say where it is: `arn:aws:personalize:REGION:ACCOUNT`."""


def check_target(client: ReadClient, arns: Iterable[str], what: str) -> None:
    """Sees to it that ARNs are of the target's account and region; the target is asked where there are any.

    what  what knows them, for the message: "the state", "the plan"

    Raises PzdeclError: in another account all would seem to be gone, and would be made anew. ServiceError.
    """
    known = {tuple(arn.split(":")[:_PLACE]): arn for arn in sorted(arns, reverse=True)}
    if not known:
        return
    here = tuple(client.arn("x").split(":")[:_PLACE])
    for place, arn in sorted(known.items()):
        if place != here:
            raise PzdeclError(
                f"{what} knows {arn}, and the target is {_named(here)}",
                hint="look at provider and at the credentials that are in use; what is in another account or "
                "region is another environment, with a state of its own",
            )


def planned_arns(plan: Plan) -> set[str]:
    """The ARNs that a plan's steps are about, as far as they are known."""
    found = (arn for step in plan.steps for arn in (step.arn, (step.record or {}).get("arn")))
    return {arn for arn in found if isinstance(arn, str)}


def check_files(plan: Plan, state: State, root: Path) -> None:
    """Sees to it that what the plan's jobs are to read is what the plan was made for. Raises StalePlan."""
    from pzdecl.kinds import KINDS
    from pzdecl.kinds.fields import lookup
    from pzdecl.manifests.cache import Cache
    from pzdecl.manifests.data import fingerprint
    from pzdecl.manifests.model import DataSource
    from pzdecl.plan import file

    done: Iterable[str] | None = None
    cache = None
    for step in plan.steps:
        kind, data = KINDS[step.address.kind], (step.record or {}).get("data") or {}
        planned = (data.get(str(step.address)) or {}).get("sha256")
        place = lookup(step.params, kind.reads) if kind.reads and planned else None
        if not (isinstance(place, dict) and "$path" in place):
            continue
        if done is None or cache is None:
            done, cache = state.done_steps(file.digest(plan)), Cache(root, "contents")
        if step.id in done:
            continue
        name = str(place["$path"])
        try:
            content = fingerprint(root, DataSource(name, root / name), cache)
        except OSError as error:
            raise StalePlan(f"{name} can't be read: {error.strerror}", hint="nothing was changed") from None
        if content is None or content.sha256 != planned:
            changed = "is gone" if content is None else "has changed"
            raise StalePlan(
                f"the plan is stale: {name}, which {step.address} reads, {changed} since it was made",
                hint="make a new plan; nothing was changed",
            )
    if cache is not None:
        cache.save()


def _named(place: tuple[str, ...]) -> str:
    return f"region {place[3]} of account {place[4]}" if len(place) == _PLACE else ":".join(place)
