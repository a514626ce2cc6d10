"""A run may be killed at any instant: the next one finishes, and nothing is lost or made twice.

Every instant of every kind of step is tried. The plans come from a planner of a few lines, which knows state
only: what is wanted and not on record is made, what is on record and not wanted goes.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from pzdecl.apply import Outcome
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op, Plan, Step
from pzdecl.state import SqliteState
from tests.apply.mortal import Killed, Life, MortalClient, open_mortal
from tests.apply.plans import Bench, arn, hasty, make, plan_of, record, remove
from tests.apply.service import FakeService

Planner = Callable[[SqliteState], Plan]

GROUP = "create DatasetGroup/g"
FIRST = (
    make("Schema/s"),
    make("DatasetGroup/g"),
    make("Dataset/d", [GROUP, "create Schema/s"]),
    make("DatasetImport/i", ["create Dataset/d"], op=Op.IMPORT, name="i-1"),
    make("EventTracker/t", ["create Dataset/d"], bindings={"datasetGroupArn": {"$arn": "DatasetGroup/g"}}),
    make("Solution/x", [GROUP]),
    make(
        "SolutionVersion/x",
        ["create Solution/x", "import DatasetImport/i"],
        op=Op.TRAIN,
        name="v-1",
        bindings={"solutionArn": {"$arn": "Solution/x"}},
    ),
    make("Campaign/c", ["train SolutionVersion/x"], bindings={"v": {"$arn": "SolutionVersion/x"}}),
)
DELETED = ("Campaign/c", "Solution/x", "EventTracker/t", "Dataset/d", "DatasetGroup/g", "Schema/s")


def first(state: SqliteState) -> Plan:
    """Makes all that isn't on record."""
    rows = state.arns()
    return _plan(state, [step for step in FIRST if step.address not in rows])


def second(state: SqliteState) -> Plan:
    """Replaces the solution, trains it, deploys it, deletes the old one and the tracker; labels and forgets."""
    rows = state.resources()
    solution, version = rows[Address("Solution", "x")], rows[Address("SolutionVersion", "x")]
    campaign, schema = rows[Address("Campaign", "c")], rows[Address("Schema", "s")]
    steps: list[Step] = []
    if solution.name != "x-2":
        steps.append(make("Solution/x", name="x-2"))
    if version.name != "v-2":
        train = make("SolutionVersion/x", ["create Solution/x"], op=Op.TRAIN, name="v-2")
        steps.append(replace(train, record=record("SolutionVersion/x", name="v-2", bindings=_SOLUTION)))
    if campaign.inputs != {"version": "v-2"}:
        steps.append(
            Step(
                "deploy",
                Op.DEPLOY,
                campaign.address,
                "update_campaign",
                {"campaignArn": campaign.arn, "solutionVersionArn": {"$arn": "SolutionVersion/x"}},
                ("train SolutionVersion/x",),
                record=record("Campaign/c", inputs={"version": "v-2"}),
            )
        )
    old = [solution.arn] if solution.name != "x-2" else [deposed.arn for deposed in state.deposed()]
    steps += [remove("Solution/x", ["deploy"], at=target, deposed=True) for target in old]
    if tracker := rows.get(Address("EventTracker", "t")):
        steps.append(remove("EventTracker/t", at=tracker.arn))
    if not rows[Address("DatasetGroup", "g")].tags:
        steps.append(_label("DatasetGroup/g"))
    if not schema.protect:
        steps.append(Step("note", Op.RECORD, schema.address, None, {}, record=record("Schema/s", protect=True)))
    if imported := rows.get(Address("DatasetImport", "i")):
        steps.append(Step("forget", Op.FORGET, imported.address, None, {}, arn=imported.arn))
    return _plan(state, steps)


def third(state: SqliteState) -> Plan:
    """Takes everything away."""
    rows = state.arns()
    steps: list[Step] = []
    for text in DELETED:
        if Address.parse(text) in rows:
            needs = [step.id for step in steps]
            steps.append(remove(text, needs, at=rows[Address.parse(text)]))
    for address, row in rows.items():
        if not KINDS[address.kind].deletable:
            steps.append(Step(f"forget {address}", Op.FORGET, address, None, {}, arn=row))
    return _plan(state, steps)


STAGES: dict[str, tuple[Planner, Sequence[Planner]]] = {
    "create": (first, ()),
    "change": (second, (first,)),
    "destroy": (third, (first, second)),
}


@pytest.mark.parametrize("parallelism", [1, 4])
@pytest.mark.parametrize("stage", STAGES)
def test_every_point(tmp_path: Path, bench: Bench, stage: str, parallelism: int) -> None:
    plan, before = STAGES[stage]
    for earlier in before:
        assert bench.apply(earlier(bench.state)).outcome is Outcome.DONE
    bench.state.close()
    bench.service.looks = 1
    last, seen = 0, set()
    while True:
        last += 1
        path = tmp_path / f"{last}.db"
        shutil.copy(bench.path, path)
        service = bench.service.twin()
        life = Life(last)
        killed = _run(bench, path, service, plan, life, parallelism=parallelism)
        seen |= set(life.points[-1:])
        _run(bench, path, service, plan, Life(), parallelism=parallelism)
        _check(path, service, plan, f"killed at {life.points[-1:]}, point {last}")
        path.unlink()
        if not killed:
            break
    assert last > 20
    assert {"before commit", "after commit"} <= seen


@pytest.mark.parametrize("stage", STAGES)
def test_killed_again_and_again(tmp_path: Path, bench: Bench, stage: str) -> None:
    """Every run is killed a little later than the one before; all of them work on the same state."""
    plan, before = STAGES[stage]
    for earlier in before:
        bench.apply(earlier(bench.state))
    bench.state.close()
    bench.service.looks = 1
    last = 1
    while _run(bench, bench.path, bench.service, plan, Life(last), parallelism=2):
        last += 1
    _check(bench.path, bench.service, plan, f"after {last} runs")


def _run(
    bench: Bench,
    path: Path,
    service: FakeService,
    plan: Planner,
    life: Life,
    *,
    parallelism: int,
) -> bool:
    """One process; whether it was killed."""
    state = open_mortal(path, life)
    hasty(state)
    try:
        ended = bench.apply(
            plan(state), state=state, client=MortalClient(service, life), parallelism=parallelism
        )
    except Killed:
        return True
    finally:
        state.close()
    assert ended.outcome is Outcome.DONE, ended.failed
    return False


def _check(path: Path, service: FakeService, plan: Planner, when: str) -> None:
    life = Life()
    state = open_mortal(path, life)
    again = plan(state)
    rows = {row.arn for row in state.resources().values()} | {deposed.arn for deposed in state.deposed()}
    # What the service can't delete may outlive what state knows of it.
    live = {thing.arn for thing in service.things.values() if thing.kind.deletable}
    assert again.steps == (), when
    assert live == {a for a in rows if "SolutionVersion" not in a and "DatasetImport" not in a}, when
    assert rows <= service.live(), when
    assert {name: count for name, count in service.made.items() if count > 1} == {}, when
    assert state.intents() == [], when
    state.close()


_SOLUTION = {"solutionArn": {"$arn": "Solution/x"}}


def _label(address: str) -> Step:
    params = {"resourceArn": arn(address), "tags": [{"tagKey": "a", "tagValue": "b"}]}
    return Step(
        "tag", Op.TAG, Address.parse(address), "tag_resource", params, record=record(address, tags={"a": "b"})
    )


def _plan(state: SqliteState, steps: list[Step]) -> Plan:
    """The steps, needing nothing that was done before."""
    ids = {step.id for step in steps}
    kept = [replace(step, needs=tuple(need for need in step.needs if need in ids)) for step in steps]
    return plan_of(*kept, state=state)
