"""What a run does with each kind of step, as the service and state see it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pzdecl.apply import Event, EventType, Outcome
from pzdecl.engine.errors import (
    InvalidInputException,
    LimitExceededException,
    ResourceInUseException,
    ResourceNotFoundException,
    UnavailableException,
)
from pzdecl.kinds import KINDS
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Op, Step
from pzdecl.state.model import Intent
from tests.apply.plans import QUICK, Bench, arn, make, record, remove
from tests.apply.service import FakeService, refusing


def test_creates_in_order_and_records(bench: Bench) -> None:
    ended = bench.run(
        make("Schema/s"),
        make("DatasetGroup/g"),
        make("EventTracker/t", ["create DatasetGroup/g"], params={"group": {"$arn": "DatasetGroup/g"}}),
    )
    assert ended.outcome is Outcome.DONE
    assert ended.counts == {"create": 3}
    assert bench.managed() == bench.service.live()
    tracker = bench.state.resources()[Address("EventTracker", "t")]
    assert tracker.arn == bench.service.named("t").arn
    assert tracker.attributes == {"trackingId": "id-of-t"}
    assert bench.service.named("t").params["group"] == arn("DatasetGroup/g")
    assert bench.state.intents() == []


def test_rows_take_arns_of_what_the_run_made(bench: Bench) -> None:
    bench.run(
        make("SolutionVersion/x", op=Op.TRAIN),
        make(
            "Campaign/c",
            ["train SolutionVersion/x"],
            params={"solutionVersionArn": {"$arn": "SolutionVersion/x"}},
            bindings={"solutionVersionArn": {"$arn": "SolutionVersion/x"}},
        ),
    )
    version = bench.service.named("x").arn
    assert bench.state.resources()[Address("Campaign", "c")].bindings == {"solutionVersionArn": version}


def test_waits_for_what_is_busy(bench: Bench) -> None:
    bench.service.looks = 4
    ended = bench.run(make("DatasetGroup/g"), make("Dataset/d", ["create DatasetGroup/g"]))
    assert ended.outcome is Outcome.DONE
    progress = [e for e in bench.events if e.type is EventType.STEP_PROGRESS]
    assert len(progress) >= 4
    assert progress[0].status == "CREATE PENDING"
    assert progress[0].progress is not None


def test_updates_wait_for_the_update(bench: Bench) -> None:
    bench.run(make("Campaign/c"))
    bench.service.looks = 3
    update = _update("Campaign/c", minProvisionedTPS=2)
    ended = bench.run(update)
    assert ended.counts == {"update": 1}
    assert bench.service.named("c").update == "ACTIVE"


def test_a_failed_update_tells_why_and_keeps_the_row(bench: Bench) -> None:
    bench.run(make("Campaign/c"))
    before = bench.state.resources()
    bench.service.doomed.add("c")
    ended = bench.run(_update("Campaign/c", minProvisionedTPS=2))
    assert ended.outcome is Outcome.PARTIAL
    assert ended.failed[0].message == "no capacity"
    assert bench.state.resources() == before
    assert bench.state.failures() == {}


def test_deleting_waits_until_it_is_gone(bench: Bench) -> None:
    bench.run(make("DatasetGroup/g"), make("Dataset/d"))
    bench.service.looks = 3
    ended = bench.run(remove("Dataset/d"), remove("DatasetGroup/g", [f"delete {arn('Dataset/d')}"]))
    assert ended.counts == {"delete": 2}
    assert bench.service.live() == set()
    assert bench.state.resources() == {}
    assert bench.service.order[-2:] == [("delete", "d"), ("delete", "g")]


def test_deleting_what_is_gone_is_done(bench: Bench) -> None:
    bench.run(make("DatasetGroup/g"))
    bench.service.things.clear()
    assert bench.run(remove("DatasetGroup/g")).outcome is Outcome.DONE
    assert bench.state.resources() == {}


def test_replacing_deposes_the_old_until_it_is_deleted(bench: Bench) -> None:
    bench.run(make("Campaign/c"))
    fresh = make("Campaign/c", name="c-12345678")
    old = remove("Campaign/c", [fresh.id], deposed=True)
    bench.service.refuse = refusing("Campaign/c", InvalidInputException("no"))
    ended = bench.run(fresh, old)
    assert ended.outcome is Outcome.PARTIAL
    assert [(d.arn, d.name) for d in bench.state.deposed()] == [(arn("Campaign/c"), "c")]
    assert bench.state.resources()[Address("Campaign", "c")].name == "c-12345678"
    bench.service.refuse = lambda operation, params: None
    assert bench.run(replace(old, needs=())).outcome is Outcome.DONE
    assert bench.state.deposed() == []
    assert bench.managed() == bench.service.live() == {arn("Campaign/c-12345678")}


def test_a_former_version_is_not_deposed(bench: Bench) -> None:
    bench.run(make("SolutionVersion/x", op=Op.TRAIN, name="x-1"))
    bench.run(make("SolutionVersion/x", op=Op.TRAIN, name="x-2"))
    assert bench.state.deposed() == []


def test_what_went_missing_is_not_left_to_be_deleted(bench: Bench) -> None:
    """It comes back under another ARN; the old one is nowhere, so no later plan shows it."""
    bench.run(make("EventTracker/t"))
    bench.service.things.clear()
    bench.run(make("EventTracker/t"))
    assert bench.state.deposed() == []
    assert bench.managed() == bench.service.live()


def test_a_former_resource_that_the_plan_leaves_is_kept_for_a_later_one(bench: Bench) -> None:
    bench.run(make("Solution/x"))
    bench.run(make("Solution/x", name="x-2"))
    assert [d.arn for d in bench.state.deposed()] == [arn("Solution/x")]
    assert bench.managed() == bench.service.live()


def test_recording_and_forgetting_send_nothing(bench: Bench) -> None:
    bench.run(make("Schema/s"), make("Schema/other"))
    calls = bench.service.calls.total()
    address = Address("Schema", "s")
    relabel = Step("r", Op.RECORD, address, None, {}, record=record("Schema/s", protect=True))
    forget = Step("f", Op.FORGET, Address("Schema", "other"), None, {})
    ended = bench.run(relabel, forget)
    assert ended.counts == {"forget": 1, "update": 1}
    assert bench.service.calls.total() == calls
    assert bench.state.resources()[address].protect
    assert list(bench.state.resources()) == [address]


def test_labels_are_set_without_looking(bench: Bench) -> None:
    bench.run(make("DatasetGroup/g"))
    looks = bench.service.calls["describe_dataset_group"]
    params = {"resourceArn": arn("DatasetGroup/g"), "tags": [{"tagKey": "team", "tagValue": "a"}]}
    label = Step("t", Op.TAG, Address("DatasetGroup", "g"), "tag_resource", params)
    assert bench.run(label).outcome is Outcome.DONE
    assert bench.service.named("g").tags == {"team": "a"}
    assert bench.service.calls["describe_dataset_group"] == looks


def test_rows_are_written_as_the_plan_says(bench: Bench) -> None:
    bench.run(make("EventTracker/t"))
    bench.run(
        Step(
            "r",
            Op.RECORD,
            Address("EventTracker", "t"),
            None,
            {},
            record=record("EventTracker/t", tags={"a": "b"}, attributes={"trackingId": "id-of-t"}),
        )
    )
    row = bench.state.resources()[Address("EventTracker", "t")]
    assert row.attributes == {"trackingId": "id-of-t"}
    assert row.tags == {"a": "b"}


def test_placeholders(bench: Bench) -> None:
    bench.secrets["Campaign/c", "password"] = "hunter2"
    bench.run(
        make(
            "Campaign/c",
            params={"file": {"$path": "data/users.csv"}, "secret": [{"$sensitive": "password"}]},
            inputs={"secret": {"$sensitive": "password"}},
        )
    )
    params = bench.service.named("c").params
    assert params["file"] == str(bench.folder.resolve() / "data/users.csv")
    assert params["secret"] == ["hunter2"]
    assert bench.state.resources()[Address("Campaign", "c")].inputs == {"secret": {"$sensitive": "password"}}
    bench.state.close()
    assert b"hunter2" not in bench.path.read_bytes()


def test_an_unknown_arn_is_a_clear_failure(bench: Bench) -> None:
    ended = bench.run(make("Campaign/c", params={"x": {"$arn": "SolutionVersion/none"}}))
    assert (
        ended.failed[0].message == "Campaign/c needs the ARN of SolutionVersion/none, which does not exist yet"
    )


def test_a_failed_creation_is_remembered_until_the_address_is_ready(bench: Bench) -> None:
    bench.service.doomed.add("i-1")
    ended = bench.run(make("DatasetImport/i", op=Op.IMPORT, name="i-1"))
    assert ended.outcome is Outcome.PARTIAL
    assert ended.failed[0].message == "the data is bad"
    address = Address("DatasetImport", "i")
    ((failure,),) = bench.state.failures().values()
    assert (failure.address, failure.op, failure.name) == (address, "import", "i-1")
    assert bench.state.intents() == []
    bench.run(make("DatasetImport/i", op=Op.IMPORT, name="i-2"))
    assert bench.state.failures() == {}
    assert bench.state.deposed() == []  # a job can't be deleted


def test_what_failed_under_another_name_is_left_for_deletion(bench: Bench) -> None:
    bench.service.doomed.add("c")
    bench.run(make("Campaign/c"))
    bench.run(make("Campaign/c", name="c-2"))
    assert [d.arn for d in bench.state.deposed()] == [arn("Campaign/c")]
    assert bench.managed() == bench.service.live()


def test_in_use_is_tried_again(bench: Bench) -> None:
    bench.run(make("DatasetGroup/g"))
    bench.service.refuse = refusing("g", ResourceInUseException("datasets are there"), times=3)
    assert bench.run(remove("DatasetGroup/g")).outcome is Outcome.DONE
    assert bench.service.calls["delete_dataset_group"] == 4


def test_in_use_for_too_long_fails_with_the_reason(bench: Bench) -> None:
    bench.run(make("DatasetGroup/g"))
    bench.service.refuse = refusing("g", ResourceInUseException("datasets are there"))
    ended = bench.run(remove("DatasetGroup/g"))
    assert "datasets are there" in ended.failed[0].message


def test_a_busy_thing_is_deleted_when_it_is_done(bench: Bench) -> None:
    """However long it takes: being at work is no reason to give up."""
    bench.run(make("DatasetGroup/g"))
    thing = bench.service.named("g")
    thing.status, thing.looks = "CREATE PENDING", 100

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "delete_dataset_group" and thing.status == "CREATE PENDING":
            raise ResourceInUseException("it is being created")

    bench.service.refuse = refuse
    assert bench.run(remove("DatasetGroup/g")).outcome is Outcome.DONE


def test_a_quota_on_busy_things_is_waited_for(bench: Bench) -> None:
    bench.service.looks = 2

    def refuse(operation: str, params: dict[str, Any]) -> None:
        busy = [t for t in bench.service.things.values() if t.status != "ACTIVE"]
        if operation == "create_dataset_import_job" and len(busy) >= 2:
            raise LimitExceededException("More than 2 resources with PENDING or IN_PROGRESS status.")

    bench.service.refuse = refuse
    ended = bench.run(*(make(f"DatasetImport/i{n}", op=Op.IMPORT) for n in range(7)))
    assert ended.counts == {"import": 7}


def test_a_real_quota_fails(bench: Bench) -> None:
    bench.service.refuse = refusing("g", LimitExceededException("no more groups"))
    assert "no more groups" in bench.run(make("DatasetGroup/g")).failed[0].message


def test_something_foreign_of_the_same_name_is_not_taken(bench: Bench) -> None:
    bench.service.call("create_dataset_group", name="g")
    ended = bench.run(make("DatasetGroup/g"))
    assert "not made by this project" in ended.failed[0].message
    assert bench.state.resources() == {}
    assert bench.run(make("DatasetGroup/g")).outcome is Outcome.PARTIAL, "nor by the next run"


class Lossy(FakeService):
    """Carries out the first request to create anything, and its answer is lost. `unseen` tells for how many
    lists and descriptions after that the thing is not to be seen.
    """

    def __init__(self, unseen: int = 0) -> None:
        super().__init__()
        self.unseen = unseen
        self.lost: set[str] = set()

    def call(self, operation: str, /, **params: Any) -> dict[str, Any]:
        answer = super().call(operation, **params)
        if operation.startswith("create_") and operation not in self.lost:
            self.lost.add(operation)
            raise UnavailableException("connection reset")
        if self.lost and self.unseen and operation.startswith(("describe_", "list_")):
            self.unseen -= 1
            if operation.startswith("describe_"):
                raise ResourceNotFoundException("not yet")
            return {key: [] for key in answer}
        return answer


def _making(address: str) -> Step:
    kind = KINDS[Address.parse(address).kind]
    bindings = {"datasetGroupArn": arn("DatasetGroup/g"), "solutionArn": arn("Solution/s")}
    return make(address, op=Op.TRAIN if kind.name == "SolutionVersion" else Op.CREATE, bindings=bindings)


@pytest.mark.parametrize("kind", [kind.name for kind in KINDS.values()])
@pytest.mark.parametrize("unseen", [0, 3])
def test_what_was_made_and_not_answered_is_taken_up(bench: Bench, kind: str, unseen: int) -> None:
    bench.service = Lossy(unseen)
    ended = bench.run(_making(f"{kind}/x"), pace=replace(QUICK, patience=30, lag=5))
    assert ended.outcome is Outcome.DONE
    assert bench.service.made["x"] == 1, "it is not made a second time"
    assert bench.managed() == bench.service.live()
    assert bench.state.intents() == []


@pytest.mark.parametrize(("unknown", "outcome"), [(3, Outcome.DONE), (10**9, Outcome.PARTIAL)])
def test_what_was_just_made_may_not_be_known_everywhere(bench: Bench, unknown: int, outcome: Outcome) -> None:
    bench.service.refuse = refusing("d", ResourceNotFoundException("no such group"), times=unknown)
    ended = bench.run(make("DatasetGroup/g"), make("Dataset/d", ["create DatasetGroup/g"]))
    assert ended.outcome is outcome
    assert [failure.message for failure in ended.failed] == (
        [] if outcome is Outcome.DONE else ["ResourceNotFoundException: no such group"]
    )


def test_what_needs_nothing_of_this_run_is_refused_at_once(bench: Bench) -> None:
    bench.service.refuse = refusing("d", ResourceNotFoundException("no such group"))
    assert bench.run(make("Dataset/d")).outcome is Outcome.PARTIAL
    assert bench.service.calls["create_dataset"] == 1


def test_what_never_arrived_is_sent_again(bench: Bench) -> None:
    bench.service.refuse = refusing("x", UnavailableException("connection reset"), times=2)
    ended = bench.run(_making("EventTracker/x"), _making("Schema/x"))
    assert ended.outcome is Outcome.DONE
    assert bench.service.made["x"] == 2


@pytest.mark.parametrize("error", [UnavailableException("cut off"), UnavailableException("x", lasting=True)])
def test_what_nobody_knows_in_the_end_is_left_for_the_next_run(
    bench: Bench, error: UnavailableException
) -> None:
    bench.service.refuse = refusing("x", error)
    ended = bench.run(_making("EventTracker/x"))
    assert ended.failed[0].message == error.message
    assert [intent.name for intent in bench.state.intents()] == ["x"]


def test_what_is_refused_leaves_nothing_to_look_for(bench: Bench) -> None:
    """Denied, throttled to the end, nobody there: nothing came of the request, and nothing is in doubt."""
    bench.service.refuse = refusing("x", UnavailableException("AccessDenied: no", refused=True))
    ended = bench.run(_making("Schema/x"))
    assert "AccessDenied" in ended.failed[0].message
    assert bench.state.intents() == []


def test_what_cannot_be_looked_for_stays_in_doubt(bench: Bench) -> None:
    """Credentials that expire between the request and the look say nothing of what came of the request."""
    bench.service = Lossy()
    bench.service.refuse = lambda operation, params: (
        _raise(UnavailableException("ExpiredToken", lasting=True, refused=True))
        if operation.startswith("list_")
        else None
    )
    bench.run(_making("EventTracker/x"))
    assert [intent.name for intent in bench.state.intents()] == ["x"]
    bench.service.refuse = lambda operation, params: None
    assert bench.run(_making("EventTracker/x")).outcome is Outcome.DONE
    assert bench.service.made["x"] == 1


def _raise(error: Exception) -> None:
    raise error


def test_looking_survives_a_silent_service(bench: Bench) -> None:
    bench.service.looks = 2
    silent = [3]

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "describe_solution_version" and silent[0]:
            silent[0] -= 1
            raise UnavailableException("timed out")

    bench.service.refuse = refuse
    assert bench.run(make("SolutionVersion/x", op=Op.TRAIN)).outcome is Outcome.DONE


def test_silence_for_too_long_is_a_failure_that_can_be_resumed(bench: Bench) -> None:
    bench.service.looks = 1

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "describe_solution_version":
            raise UnavailableException("timed out")

    bench.service.refuse = refuse
    assert bench.run(make("SolutionVersion/x", op=Op.TRAIN)).outcome is Outcome.PARTIAL
    bench.service.refuse = lambda operation, params: None
    assert bench.run(make("SolutionVersion/x", op=Op.TRAIN)).outcome is Outcome.DONE
    assert bench.service.made["x"] == 1


def test_what_does_not_pass_by_itself_is_not_waited_for(bench: Bench) -> None:
    """A full disk: told with the first answer, and gone on with by the next run."""
    bench.service.looks = 1
    asked = []

    def refuse(operation: str, params: dict[str, Any]) -> None:
        if operation == "describe_solution_version":
            asked.append(params)
            raise UnavailableException("the disk is full", lasting=True)

    bench.service.refuse = refuse
    ended = bench.run(make("SolutionVersion/x", op=Op.TRAIN))
    assert (ended.outcome, len(asked)) == (Outcome.PARTIAL, 1)
    assert "the disk is full" in ended.failed[0].message
    bench.service.refuse = lambda operation, params: None
    assert bench.run(make("SolutionVersion/x", op=Op.TRAIN)).outcome is Outcome.DONE
    assert bench.service.made["x"] == 1


def test_never_more_calls_at_once_than_asked_for(bench: Bench) -> None:
    bench.run(*(make(f"Schema/s{n}") for n in range(40)), parallelism=3)
    assert 1 <= bench.service.busiest <= 3


def test_a_wait_holds_no_slot(bench: Bench) -> None:
    """With one slot, what is quick passes what is slow."""
    bench.service.looks = 0
    slow = make("SolutionVersion/x", op=Op.TRAIN)
    bench.service.refuse = lambda operation, params: _slow_down(bench, operation)
    quick = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(5)]
    bench.run(slow, *quick, parallelism=1)
    assert bench.told("apply_complete")[-1] == "SolutionVersion/x"


def test_a_broken_listener_stops_softly_and_is_raised(bench: Bench) -> None:
    def listener(event: Event) -> None:
        if event.type is EventType.STEP_COMPLETE:
            raise BrokenPipeError("nobody reads")

    chain = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(50)]
    with pytest.raises(BrokenPipeError):
        bench.run(*chain, listener=listener)
    assert bench.managed() == bench.service.live()
    assert bench.state.runs()[0].outcome == "interrupted"


def test_history(bench: Bench) -> None:
    ended = bench.run(make("Schema/s"), command="apply --auto-approve")
    (line,) = bench.state.runs()
    assert line.id == ended.id
    assert line.command == "apply --auto-approve"
    assert (line.outcome, line.counts) == ("done", {"create": 1})
    assert line.ended is not None
    assert line.ended >= line.started
    assert line.plan is not None
    assert len(line.plan) == 64


def test_an_empty_plan_leaves_no_trace(bench: Bench) -> None:
    assert bench.run().outcome is Outcome.DONE
    assert bench.state.runs() == []


def _update(address: str, **params: Any) -> Step:
    return Step(
        id=f"update {address}",
        op=Op.UPDATE,
        address=Address.parse(address),
        operation="update_campaign",
        params={"campaignArn": {"$arn": address}, **params},
        record=record(address, inputs=params),
    )


def _slow_down(bench: Bench, operation: str) -> None:
    if operation == "create_solution_version":
        bench.service.looks = 20
    elif operation.startswith("create_"):
        bench.service.looks = 0


@pytest.mark.parametrize(
    ("address", "arn"), [("DatasetGroup/g", arn("DatasetGroup/g")), ("EventTracker/t", None)]
)
def test_what_was_begun_and_came_to_nothing_is_forgotten_even_by_a_plan_without_steps(
    bench: Bench, address: str, arn: str | None
) -> None:
    with bench.state.lock(command="apply"):
        run = bench.state.begin_run(command="apply", plan=None)
        name = address.partition("/")[2]
        bench.state.intend([Intent(Address.parse(address), f"create {address}", "create", name, arn, run)])
    assert bench.run().outcome is Outcome.DONE
    assert bench.state.intents() == []
    assert bench.run().id == "", "now there is nothing to do"


def test_nobody_waits_for_the_state_while_leftovers_are_looked_for(bench: Bench) -> None:
    """Each look may take a service minutes; a heartbeat must get through meanwhile."""
    held = []

    def look(operation: str, params: dict[str, Any]) -> None:
        assert bench.state._connection is not None
        held.append(bench.state._connection.in_transaction)

    with bench.state.lock(command="apply"):
        run = bench.state.begin_run(command="apply", plan=None)
        for name in ("a", "b", "c"):
            address = Address("DatasetGroup", name)
            where = arn(f"DatasetGroup/{name}")
            bench.state.intend([Intent(address, f"create {address}", "create", name, where, run)])
    bench.service.refuse = look
    assert bench.run().outcome is Outcome.DONE
    assert held == [False] * 3
    assert bench.state.intents() == []
