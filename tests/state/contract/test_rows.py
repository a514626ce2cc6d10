"""What a state promises, whatever it is kept in: rows, journal, failures, history."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pzdecl.errors import PzdeclError, StateLocked
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import StateSettings
from pzdecl.state import State, open_state
from pzdecl.state.model import Failure
from tests.state.rows import begin, intent, put, row

CAMPAIGN = Address("Campaign", "c")


def test_a_row_comes_back_as_it_went(state: State, place: StateSettings) -> None:
    given = row(
        "Campaign/c",
        attributes={"trackingId": "t"},
        data={"DatasetImport/i": {"sha256": "0", "rows": 3}},
        dependencies=(Address("Solution", "x"),),
        protect=True,
        on_delete="retain",
        source="campaigns.yaml:3",
    )
    put(state, begin(state), given)
    with open_state(place, create=False) as reader:
        assert reader.resources() == {CAMPAIGN: given}
        assert reader.resource(CAMPAIGN) == given
        assert reader.arns() == {CAMPAIGN: "arn:Campaign/c"}
    assert state.resource(Address("Campaign", "other")) is None


def test_a_move_reaches_every_row_that_speaks_of_it_and_no_other(state: State) -> None:
    """What needs it, what was filled by it, what refers to it by name; not what is called alike."""
    old, new = Address("Solution", "a_b"), Address("Solution", "z")
    group = row("DatasetGroup/a_b")
    alike = row("Campaign/alike", inputs={"solution": "axb"}, dependencies=(Address("Solution", "axb"),))
    run = begin(state)
    for one in (
        row("Solution/a_b", inputs={"datasetGroup": "a_b"}, dependencies=(group.address,)),
        row("Campaign/c", inputs={"solution": "a_b"}, dependencies=(old,)),
        row("SolutionVersion/v", data={"Solution/a_b": {"sha256": "0"}, "DatasetImport/i": {"sha256": "1"}}),
        row("Solution/axb"),
        group,
        alike,
    ):
        put(state, run, one)
    state.move(run, "move", old, new)
    rows = state.resources()
    assert old not in rows
    assert rows[new].inputs == {"datasetGroup": "a_b"}
    assert (rows[CAMPAIGN].inputs, rows[CAMPAIGN].dependencies) == ({"solution": "z"}, (new,))
    assert set(rows[Address("SolutionVersion", "v")].data or ()) == {"Solution/z", "DatasetImport/i"}
    assert (rows[group.address], rows[alike.address]) == (group, alike)
    with pytest.raises(PzdeclError, match="is in the state already"):
        state.move(run, "move", Address("Solution", "axb"), new)


def test_a_move_reaches_what_replacements_left(state: State) -> None:
    """Its own and that of others which needed it."""
    old, new = Address("DatasetGroup", "a_b"), Address("DatasetGroup", "z")
    run = begin(state)
    for one in (row("DatasetGroup/a_b"), row("Solution/s", dependencies=(old,)), row("DatasetGroup/axb")):
        put(state, run, one)
        put(state, begin(state), replace(one, arn=f"{one.arn}-new"))
    state.move(run, "move", old, new)
    left = {one.arn: (one.address, one.dependencies) for one in state.deposed()}
    assert left == {
        "arn:DatasetGroup/a_b": (new, ()),
        "arn:Solution/s": (Address("Solution", "s"), (new,)),
        "arn:DatasetGroup/axb": (Address("DatasetGroup", "axb"), ()),
    }


def test_rows_are_sorted_by_address(state: State) -> None:
    run = begin(state)
    for address in ("Solution/b", "Campaign/z", "Solution/a"):
        put(state, run, row(address))
    assert [str(address) for address in state.resources()] == ["Campaign/z", "Solution/a", "Solution/b"]


def test_an_intent_stays_open_until_its_step_is_closed(state: State) -> None:
    run = begin(state)
    begun = [intent(run, f"Campaign/c{n}") for n in range(5)]
    state.intend(begun)
    assert state.intents() == begun
    state.set_arn(run, begun[0].step, "arn:0")
    state.record(run, begun[1].step, row("Campaign/c1"), deletable=True)
    state.complete(run, begun[2].step)
    state.fail(run, begun[3].step, "no")
    state.withdraw(run, [begun[4].step])
    assert state.intents() == [replace(begun[0], arn="arn:0")]


def test_an_intent_passes_to_the_run_that_takes_it_up(state: State) -> None:
    first = begin(state)
    state.intend([intent(first, "Campaign/c"), intent(first, "Campaign/other")])
    second = begin(state)
    state.intend([intent(second, "Campaign/c")])
    assert [(i.run, i.address.name) for i in state.intents()] == [(first, "other"), (second, "c")]


def test_what_was_begun_stays_known_until_its_deletion_is_done(state: State) -> None:
    first = begin(state)
    state.intend([intent(first, "Campaign/c", op="create")])
    second = begin(state)
    deletion = replace(intent(second, "Campaign/c", op="delete"), step="delete:Campaign/c", arn="arn:c")
    state.intend([deletion])
    assert [i.op for i in state.intents()] == ["create", "delete"]
    begin(state)
    assert [i.op for i in state.intents()] == ["create"]
    third = begin(state)
    state.intend([replace(deletion, run=third)])
    state.remove(third, deletion.step, deletion.address, "arn:c")
    assert state.intents() == []


def test_only_what_makes_something_is_still_open_after_a_kill(state: State) -> None:
    first = begin(state)
    state.intend([intent(first, "Campaign/c", op=op) for op in ("create", "update", "delete", "train")])
    begin(state)
    assert [i.op for i in state.intents()] == ["create", "train"]


def test_a_new_arn_deposes_the_old_one(state: State) -> None:
    run = begin(state)
    put(state, run, row("Campaign/c", "arn:old", dependencies=(Address("Solution", "x"),)))
    run = begin(state)
    put(state, run, row("Campaign/c", "arn:new", name="c-1"))
    (deposed,) = state.deposed()
    assert (deposed.arn, deposed.name, deposed.dependencies) == ("arn:old", "c", (Address("Solution", "x"),))
    state.remove(run, "delete", CAMPAIGN, "arn:old")
    assert state.deposed() == []
    assert state.arns() == {CAMPAIGN: "arn:new"}


def test_what_cannot_be_deleted_is_not_deposed(state: State) -> None:
    run = begin(state)
    put(state, run, row("SolutionVersion/x", "arn:1"), deletable=False)
    put(state, begin(state), row("SolutionVersion/x", "arn:2"), deletable=False)
    assert state.deposed() == []


def test_writing_a_row_again_deposes_nothing(state: State) -> None:
    put(state, begin(state), row("Campaign/c"))
    put(state, begin(state), row("Campaign/c", tags={}))
    assert state.deposed() == []
    assert state.resources()[CAMPAIGN].tags == {}


def test_what_was_deposed_can_come_back(state: State) -> None:
    for arn in ("arn:1", "arn:2", "arn:1"):
        put(state, begin(state), row("Campaign/c", arn))
    assert [deposed.arn for deposed in state.deposed()] == ["arn:2"]


def test_removing_by_arn_leaves_another_row(state: State) -> None:
    run = begin(state)
    put(state, run, row("Campaign/c", "arn:new"))
    state.remove(run, "delete", CAMPAIGN, "arn:old")
    assert list(state.resources()) == [CAMPAIGN]
    state.remove(run, "forget", CAMPAIGN, None)
    assert state.resources() == {}


def test_removing_closes_what_was_begun_there(state: State) -> None:
    state.intend([intent(begin(state), "Campaign/c", arn="arn:c")])
    run = begin(state)
    state.remove(run, "delete", CAMPAIGN, "arn:c")
    assert state.intents() == []


def test_failures_last_until_the_address_is_ready(state: State) -> None:
    run = begin(state)
    failure = Failure(CAMPAIGN, "create", "c-1", "arn:c-1", "no capacity")
    state.intend([intent(run, "Campaign/c", name="c-1")])
    state.fail(run, "create Campaign/c", "no capacity", failure)
    assert state.failures() == {CAMPAIGN: [failure]}
    assert state.intents() == []
    put(state, begin(state), row("Campaign/c", "arn:c-2", name="c-2"))
    assert state.failures() == {}
    assert [deposed.arn for deposed in state.deposed()] == ["arn:c-1"]


def test_a_deleted_failure_is_forgotten(state: State) -> None:
    run = begin(state)
    state.intend([intent(run, "Campaign/c")])
    state.fail(run, "create Campaign/c", "no", Failure(CAMPAIGN, "create", "c", "arn:c", "no"))
    state.remove(run, "delete", CAMPAIGN, "arn:c")
    assert state.failures() == {}


def test_a_transaction_is_all_or_nothing(state: State, place: StateSettings) -> None:
    run = begin(state)

    def fail_half_way() -> None:
        with state.transaction():
            put(state, run, row("Campaign/c"))
            with state.transaction():
                put(state, run, row("Campaign/d"))
            raise KeyError("half way")

    with pytest.raises(KeyError):
        fail_half_way()
    with open_state(place, create=False) as reader:
        assert reader.resources() == {}
        assert reader.intents() == []
    put(state, run, row("Campaign/c"))
    assert list(state.resources()) == [CAMPAIGN]


def test_others_see_a_transaction_only_when_it_ends(state: State, place: StateSettings) -> None:
    run = begin(state)
    with state.transaction():
        put(state, run, row("Campaign/c"))
        with open_state(place, create=False) as reader:
            assert reader.resources() == {}
    with open_state(place, create=False) as reader:
        assert list(reader.resources()) == [CAMPAIGN]


def test_the_serial_grows_once_a_run_that_changes_something(state: State) -> None:
    assert state.serial == 0
    run = begin(state)
    assert state.serial == 0
    for name in "abc":
        put(state, run, row(f"Campaign/{name}"))
    assert state.serial == 1
    put(state, begin(state), row("Campaign/a"))
    assert state.serial == 2


def test_history(state: State) -> None:
    first = begin(state, plan="p1")
    second = begin(state, plan="p2")
    state.end_run(second, outcome="done", counts={"create": 2})
    newest, oldest = state.runs()
    assert (newest.id, newest.outcome, newest.counts, newest.plan) == (second, "done", {"create": 2}, "p2")
    assert newest.ended is not None
    assert (oldest.id, oldest.outcome, oldest.ended) == (first, "killed", None)
    assert "@" in oldest.who
    assert [run.id for run in state.runs(limit=1)] == [second]


def test_done_steps_of_a_plan_that_was_cut_short(state: State) -> None:
    run = begin(state, plan="p")
    put(state, run, row("Campaign/c"))
    state.end_run(run, outcome="interrupted", counts={})
    again = begin(state, plan="p")
    put(state, again, row("Campaign/d"))
    assert state.done_steps("p") == {"create Campaign/c", "create Campaign/d"}
    assert state.done_steps("q") == frozenset()
    state.end_run(again, outcome="done", counts={})
    assert state.done_steps("p") == frozenset(), "a plan is applied once"


def test_done_steps_count_for_nothing_after_another_plan(state: State) -> None:
    run = begin(state, plan="p")
    put(state, run, row("Campaign/c"))
    begin(state, plan="q")
    assert state.done_steps("p") == frozenset()


def test_writing_needs_the_lock(place: StateSettings) -> None:
    with open_state(place, create=True) as state, pytest.raises(StateLocked):
        begin(state)


def test_old_steps_leave_the_journal_and_open_ones_stay(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pzdecl.state.store._KEPT_RUNS", 2)
    first = begin(state, plan="p")
    state.intend([intent(first, "Campaign/open")])
    put(state, first, row("Campaign/c"))
    for _ in range(3):
        begin(state, plan="p")
    assert state.done_steps("p") == frozenset()
    assert [i.address.name for i in state.intents()] == ["open"]
    assert len(state.runs()) == 4
