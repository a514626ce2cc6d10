"""Whether a plan still fits the state that it was made from, and what of it was done before."""

from __future__ import annotations

from pzdecl.errors import StalePlan
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import BEGINNINGS, Op, Plan, attempt
from pzdecl.state import State, row_fingerprint

_NEW_PLAN = "make a new plan; nothing was changed"
_SHOWN = 5


def done_before(plan: Plan, state: State, plan_digest: str) -> frozenset[str]:
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
    ours |= {Address.parse(s.params["from"]) for s in plan.steps if s.op is Op.MOVE and s.id in done}
    moved = sorted(
        text
        for text, expected in plan.expects.items()
        if (address := Address.parse(text)) not in ours and row_fingerprint(rows.get(address)) != expected
    )
    if moved:
        names = ", ".join(moved[:_SHOWN]) + (f" and {len(moved) - _SHOWN} more" if len(moved) > _SHOWN else "")
        raise StalePlan(f"the plan is stale: {names} changed since it was made", hint=_NEW_PLAN)
    if reason := _taken(plan, state, done):
        raise StalePlan(f"the plan is stale: {reason}", hint=_NEW_PLAN)
    return done


def _taken(plan: Plan, state: State, done: frozenset[str]) -> str | None:
    """Whether an attempt that the plan knows nothing of has a name under which it is to make something.

    A plan that knows of it takes another name, or deletes it first, or has seen that nothing came of it.
    """
    known = frozenset(plan.attempts)
    left = [step for step in plan.steps if step.id not in done]
    goes = {step.arn for step in left if step.op in (Op.DELETE, Op.FORGET)}
    made = {(step.address, step.name): step for step in left if step.op in BEGINNINGS}
    for failures in state.failures().values():
        for failure in failures:
            if attempt(failure) in known or failure.arn in goes:
                continue
            if (failure.address, failure.name) in made:
                return f"{failure.address} failed since it was made"
    for intent in state.intents():
        step = made.get((intent.address, intent.name))
        if step is None or attempt(intent) in known or intent.arn in goes:
            continue
        if KINDS[intent.address.kind].run_action:
            continue  # a job that has this name is this job
        if intent.step != step.id:
            return f"another run began to make {intent.address} otherwise"
    return None
