"""Plans that no longer fit, and plans that were cut short."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pzdecl.apply import Outcome
from pzdecl.engine.errors import UnavailableException
from pzdecl.errors import StalePlan, StateLocked
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op, Step
from pzdecl.state import open_state
from tests.apply.plans import Bench, make, plan_of, record, remove
from tests.apply.service import refusing


def test_what_the_plan_touches_must_not_have_moved(bench: Bench) -> None:
    bench.run(make("Schema/a"), make("Schema/b"))
    plan = bench.plan(remove("Schema/a"))
    bench.run(_relabel("Schema/a"))
    with pytest.raises(StalePlan, match="Schema/a changed since it was made") as told:
        bench.apply(plan)
    assert told.value.exit_status == 5
    assert told.value.hint == "make a new plan; nothing was changed"
    assert bench.state.lock_info() is None
    assert len(bench.state.runs()) == 2


def test_what_it_does_not_touch_may_move(bench: Bench) -> None:
    bench.run(make("Schema/a"), make("Schema/b"))
    plan = bench.plan(remove("Schema/a"))
    bench.run(_relabel("Schema/b"))
    assert bench.apply(plan).outcome is Outcome.DONE


def test_a_plan_is_applied_once(bench: Bench) -> None:
    plan = bench.plan(make("Schema/a"))
    bench.apply(plan)
    with pytest.raises(StalePlan, match="Schema/a"):
        bench.apply(plan)
    assert bench.service.made == {"a": 1}


def test_many_moved_are_told_in_short(bench: Bench) -> None:
    steps = [make(f"Schema/s{n}") for n in range(9)]
    plan = bench.plan(*steps)
    bench.apply(plan)
    with pytest.raises(StalePlan, match="s0, Schema/s1, Schema/s2, Schema/s3, Schema/s4 and 4 more changed"):
        bench.apply(plan)


def test_another_state_is_refused(bench: Bench) -> None:
    plan = plan_of(make("Schema/a"), lineage="another")
    with pytest.raises(StalePlan, match="lineage"):
        bench.apply(plan)


def test_a_plan_from_before_there_was_a_state(bench: Bench) -> None:
    plan = plan_of(make("Schema/a"))
    late = plan_of(make("Schema/b"))
    assert plan.lineage == ""
    assert bench.apply(plan).outcome is Outcome.DONE
    with pytest.raises(StalePlan, match="no state yet"):
        bench.apply(late)


def test_the_same_plan_goes_on_after_an_interruption(bench: Bench) -> None:
    """What it had done is not done again, although the rows that it expects have moved by that."""
    chain = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(5)]
    plan = plan_of(*chain)
    bench.service.refuse = refusing("s3", UnavailableException("the disk is full", lasting=True), times=1)
    assert bench.apply(plan).outcome is Outcome.PARTIAL
    ended = bench.apply(plan)
    assert ended.outcome is Outcome.DONE
    assert ended.counts == {"create": 5}
    assert set(bench.service.made.values()) == {1}


def test_but_not_after_something_else_was_applied(bench: Bench) -> None:
    plan = bench.plan(make("Schema/a"), make("Schema/b"))
    bench.service.refuse = refusing("b", UnavailableException("the disk is full", lasting=True), times=1)
    bench.apply(plan)
    bench.run(_relabel("Schema/a"))
    with pytest.raises(StalePlan):
        bench.apply(plan)


def test_nor_after_the_service_ended_something_in_failure(bench: Bench) -> None:
    """Its name is taken by what failed: a new plan takes another, or deletes it first."""
    plan = bench.plan(make("Schema/a"), make("DatasetGroup/g"))
    bench.service.doomed.add("g")
    bench.apply(plan)
    with pytest.raises(StalePlan, match="DatasetGroup/g failed"):
        bench.apply(plan)


def test_nor_where_the_first_thing_it_did_failed(bench: Bench) -> None:
    plan = bench.plan(make("DatasetGroup/g"))
    bench.service.doomed.add("g")
    bench.apply(plan)
    with pytest.raises(StalePlan, match="DatasetGroup/g failed"):
        bench.apply(plan)


def test_a_failure_that_the_plan_knew_of_does_not_make_it_stale(bench: Bench) -> None:
    bench.service.doomed.add("x-1")
    bench.run(make("SolutionVersion/x", op=Op.TRAIN, name="x-1"))
    again = make("SolutionVersion/x", ["create Schema/b"], op=Op.TRAIN, name="x-2")
    plan = bench.plan(make("Schema/a"), make("Schema/b"), again)
    bench.service.refuse = refusing("b", UnavailableException("the disk is full", lasting=True), times=1)
    bench.apply(plan)
    assert bench.apply(plan).outcome is Outcome.DONE


def test_a_failure_that_the_plan_deletes_first_does_not_either(bench: Bench) -> None:
    bench.service.doomed.add("g")
    bench.run(make("DatasetGroup/g"))
    bench.service.doomed.clear()
    failed = bench.state.failures()[Address("DatasetGroup", "g")][0]
    gone = remove("DatasetGroup/g", at=failed.arn, deposed=True)
    assert bench.run(gone, make("DatasetGroup/g", [gone.id])).outcome is Outcome.DONE


def test_what_another_run_began_under_the_same_name_makes_it_stale(bench: Bench) -> None:
    plan = bench.plan(make("Campaign/c"))
    other = replace(make("Campaign/c"), id="create Campaign/c otherwise")
    bench.service.refuse = refusing("c", UnavailableException("the disk is full", lasting=True), times=1)
    bench.run(other)
    with pytest.raises(StalePlan, match="another run began to make Campaign/c otherwise"):
        bench.apply(plan)
    assert bench.run(other).outcome is Outcome.DONE


def test_two_at_once(bench: Bench) -> None:
    with open_state(bench.path, create=True) as other, other.lock(command="apply --auto-approve"):
        with pytest.raises(StateLocked, match="apply --auto-approve"):
            bench.run(make("Schema/a"))
        assert bench.service.calls.total() == 0
    assert bench.run(make("Schema/a")).outcome is Outcome.DONE


def test_the_lock_of_the_caller_is_enough(bench: Bench) -> None:
    with bench.state.lock(command="apply"):
        plan = bench.plan(make("Schema/a"))
        assert bench.apply(plan).outcome is Outcome.DONE
        assert bench.state.lock_info() is not None
    assert bench.state.lock_info() is None


def test_losing_the_lock_stops_the_run(bench: Bench) -> None:
    """Whoever freed it may be working already: nothing more is written or sent."""

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if params.get("name") == "s2":
            with open_state(bench.path, create=True) as other:
                other.unlock()

    bench.service.refuse = refuse
    chain = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(9)]
    with pytest.raises(StateLocked, match="lost its lock"):
        bench.run(*chain)
    assert "s3" not in bench.service.made
    assert len(bench.state.intents()) == 1


def test_steps_of_one_plan_may_depend_on_arns_of_the_former_run(bench: Bench) -> None:
    version = make("SolutionVersion/x", op=Op.TRAIN)
    campaign = make("Campaign/c", [version.id], params={"v": {"$arn": "SolutionVersion/x"}})
    plan = plan_of(version, campaign)
    bench.service.refuse = lambda operation, params: _fail_once(bench, operation)
    bench.apply(plan)
    assert bench.apply(plan).outcome is Outcome.DONE
    assert bench.service.named("c").params["v"] == bench.service.named("x").arn
    assert bench.service.made["x"] == 1


def _fail_once(bench: Bench, operation: str) -> None:
    if operation == "create_campaign" and bench.service.calls["create_campaign"] == 1:
        raise UnavailableException("the disk is full", lasting=True)


def _relabel(address: str) -> Step:
    row = record(address, protect=True)
    return replace(Step("r", Op.RECORD, Address.parse(address), None, {}), record=row)
