"""Whether a plan still fits the state that it was made from, and what of it was done before."""

from __future__ import annotations

from pzdecl.errors import StalePlan
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Plan
from pzdecl.state import SqliteState, row_fingerprint

_NEW_PLAN = "make a new plan; nothing was changed"
_SHOWN = 5


def done_before(plan: Plan, state: SqliteState, plan_digest: str) -> frozenset[str]:
    """The steps that unfinished runs of this very plan did, after checking that the plan fits otherwise.

    Raises StalePlan if the plan was made from another state, or what it touches has moved since.
    """
    done = state.done_steps(plan_digest)
    if plan.lineage != state.lineage and not (plan.lineage == "" and (done or state.serial == 0)):
        raise StalePlan(
            "the plan is stale: it was made when there was no state yet"
            if plan.lineage == ""
            else "the plan was made from another state: its lineage differs",
            hint=_NEW_PLAN,
        )
    rows = state.resources()
    ours = {step.address for step in plan.steps if step.id in done}
    moved = sorted(
        text
        for text, expected in plan.expects.items()
        if (address := Address.parse(text)) not in ours and row_fingerprint(rows.get(address)) != expected
    )
    if moved:
        names = ", ".join(moved[:_SHOWN]) + (f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else "")
        raise StalePlan(f"the plan is stale: {names} changed since it was made", hint=_NEW_PLAN)
    failed = sorted(str(address) for address in state.failures() if address in {s.address for s in plan.steps})
    if done and failed:
        raise StalePlan(f"the plan is stale: it was applied before, and {failed[0]} failed", hint=_NEW_PLAN)
    return done
