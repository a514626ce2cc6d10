"""After a data deletion job nothing of a user is left, on disk or in what is kept ready."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.jobs import erasing, queue
from pzdecl.engine.jobs.control import JobCancelled
from pzdecl.engine.jobs.sweep import sweep
from pzdecl.engine.store import store
from pzdecl.engine.store.shown import Shown
from pzdecl.engine.store.store import Store
from pzdecl.process import this_process
from tests.contract.clients import (
    ROLE,
    InProcess,
    avro,
    dataset,
    erased,
    field,
    group,
    imported,
    schema,
    settled,
    solution,
    trained,
    write_interactions,
)

USER, SESSION = "somebody-who-goes", "a-session-of-that-user"
USERS = avro("Users", field("USER_ID", "string"), field("AGE", "int"))


class Shop:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.engine = Engine(folder / "engine")
        self.service = InProcess(self.engine)
        self.engine.start_worker(scheduled=False)
        self.group = group(self.service)
        data = dataset(self.service, self.group, schema(self.service))
        self.events = data
        path = write_interactions(folder / "data.csv")
        path.write_text(path.read_text() + "".join(f"{USER},i{n},{1_700_000_000 + n}\n" for n in range(5)))
        imported(self.service, data, path)
        path.unlink()
        self.users = dataset(self.service, self.group, schema(self.service, "u", USERS), "Users")
        self.put_users(USER, "last")
        tracker = self.service.call("create_event_tracker", name="t", datasetGroupArn=self.group)
        self.tracking = tracker["trackingId"]
        self.put(SESSION)
        self.put(SESSION, USER)
        self.put("another", "u1")

    def put(self, session: str, user: str | None = None) -> None:
        event = {"eventType": "click", "itemId": "i1", "sentAt": 1_700_000_100}
        of = {"userId": user} if user else {}
        self.service.call("put_events", trackingId=self.tracking, sessionId=session, eventList=[event], **of)

    def put_users(self, *ids: str) -> None:
        rows = [{"userId": id, "properties": json.dumps({"age": 7})} for id in ids]
        self.service.call("put_users", datasetArn=self.users, users=rows)

    def erase(self, name: str = "gone") -> dict[str, Any]:
        path = self.folder / f"{name}.csv"
        path.write_text(f"USER_ID\n{USER}\n")
        return erased(self.service, self.group, path, name)

    def files_with(self, text: str) -> list[str]:
        """The files of the engine in which a text stands; Parquet files are read for it."""
        import pyarrow.parquet as pq

        found = []
        for path in sorted((self.folder / "engine").rglob("*")):
            if path.is_file():
                told = str(pq.read_table(path).to_pydict()) if path.suffix == ".parquet" else ""
                if text.encode() in path.read_bytes() or text in told:
                    found.append(path.name)
        return found


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    found = Shop(tmp_path)
    yield found
    found.engine.close()


def shown(user: str) -> Shown:
    return Shown(f"RID-{user}", 1.0, "campaign", "version", user, ("i1",), (0.5,), (True,))


def test_nothing_of_a_user_is_left(shop: Shop) -> None:
    log = shop.engine._context.shown
    for user in (USER, SESSION, "u1"):
        log.append(shown(user))
    assert {"engine.db", "shown.db"} <= {name.removesuffix("-wal") for name in shop.files_with(USER)}
    found = shop.erase()
    assert (found["status"], found["numDeleted"]) == ("COMPLETED", 5 + 2 + 1), found
    assert [one.user for one in shop.engine.shown()] == ["u1"]
    assert shop.files_with(USER) == []
    assert shop.files_with(SESSION) == []
    arn = shop.service.call(
        "create_dataset_export_job",
        jobName="all",
        datasetArn=shop.events,
        ingestionMode="ALL",
        roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": str(shop.folder / "out")}},
    )["datasetExportJobArn"]
    settled(shop.service, "describe_dataset_export_job", "datasetExportJob", datasetExportJobArn=arn)
    written = (shop.folder / "out" / "all.csv").read_text()
    assert "u1," in written
    assert USER not in written


def test_it_is_completed_when_all_is_gone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not before, however slow the disk is; and rows are counted once where it dies on its last way."""
    checkpoint, told = Store.checkpoint, []

    def dying_once(of: Store) -> None:
        [job] = shop.service.call("list_data_deletion_jobs")["dataDeletionJobs"]
        told.append(job["status"])
        if len(told) == 1:
            raise JobCancelled
        checkpoint(of)

    monkeypatch.setattr(Store, "checkpoint", dying_once)
    found = shop.erase()
    assert told == ["IN_PROGRESS", "IN_PROGRESS"]
    assert (found["status"], found["numDeleted"]) == ("COMPLETED", 5 + 2 + 1), found
    assert shop.files_with(USER) == []


def test_what_an_attempt_replaced_that_was_killed_is_gone_with_the_next(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    remove, killed = erasing.remove, []

    def dying_once(paths: Sequence[Path]) -> None:
        if not killed:
            killed.extend(paths)
            raise JobCancelled
        remove(paths)

    monkeypatch.setattr(erasing, "remove", dying_once)
    assert shop.erase()["numDeleted"] == 5 + 2 + 1
    assert killed
    assert shop.files_with(USER) == []


def test_filters_forget_a_user_at_once(shop: Shop) -> None:
    """Rows that are put are taken in with some patience; those of users who are gone are not kept so long."""
    context = shop.engine._context

    def known() -> bool:
        table = context.sources.table(context.store, shop.group, "USERS")
        return table is not None and table.ids.find(USER) is not None

    assert known()
    shop.erase()
    assert not known()
    shop.put_users("later")
    assert not known()


def test_what_is_put_next_does_not_hide_that_users_went(shop: Shop) -> None:
    """Whether something is due to be trained anew is told by a group's content: numbers are given again."""
    from pzdecl.engine.events.parts import content

    def held() -> dict[str, Any]:
        with shop.engine._context.store.read() as reader:
            return content(reader, shop.group)

    shop.put_users(USER)
    before = held()
    shop.erase()
    shop.put_users("later")
    after = held()
    assert after["puts"] == before["puts"]
    assert after["erased"] > before.get("erased", 0)
    shop.erase("again")
    assert held()["erased"] > after["erased"]


def test_a_loaded_campaign_no_longer_knows_what_a_user_did(shop: Shop) -> None:
    from pzdecl.engine.events.recent import new_events

    arn = solution(shop.service, shop.group, recipe="aws-popularity-count")
    version = trained(shop.service, arn)["solutionVersionArn"]
    context = shop.engine._context
    model = context.models.get(version)
    shop.put("later", USER)
    shop.put("another", "u1")
    with context.store.read() as reader:
        resource = reader.get(version)
    assert resource is not None

    class Asked:
        """A model of a recipe that looks at users."""

        class answers:
            needs = "user"

        event = model.event

    def recent(user: str) -> int:
        return len(new_events(context.store, resource, Asked, user))

    assert (recent(USER), recent("u1")) == (1, 1)
    shop.erase()
    assert (recent(USER), recent("later"), recent("u1")) == (0, 0, 1)


def test_a_training_that_is_at_work_reads_on(shop: Shop) -> None:
    """What it reads is replaced, and goes when it ends."""
    context, me = shop.engine._context, this_process()
    [part] = (shop.folder / "engine" / "datasets").rglob("*.parquet")
    with context.store.write() as tx:
        tx.enqueue("a training", "train", shop.group)
        tx.connection.execute(
            "UPDATE jobs SET state = 'running', token = 't', host = ?, pid = ?, started = ?, heartbeat = ? "
            "WHERE arn = 'a training'",
            (f"{me.host} {me.place}", me.pid, me.started, time.time()),
        )
    assert shop.erase()["status"] == "COMPLETED"
    assert part.exists()
    with context.store.write() as tx:
        tx.connection.execute("UPDATE jobs SET state = 'finished' WHERE arn = 'a training'")
    sweep(context)
    assert not part.exists()


def test_a_deletion_waits_for_exports_that_were_asked_for_before(shop: Shop) -> None:
    shop.engine.stop()
    store = shop.engine._context.store
    with store.write() as tx:
        for kind in ("export", "erase", "export"):
            tx.enqueue(f"{kind} of the group", kind, shop.group)
    assert queue.claim(store, ("erase",)) is None
    first = queue.claim(store, ("export",))
    assert first is not None
    assert queue.claim(store, ("export",)) is None, "the other one waits for the deletion"
    assert queue.claim(store, ("erase",)) is None
    with store.write() as tx:
        queue.finish(tx, first)
    erasure = queue.claim(store, ("erase",))
    assert erasure is not None
    with store.write() as tx:
        queue.finish(tx, erasure)
    assert queue.claim(store, ("export",)) is not None
