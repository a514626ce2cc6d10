"""What is peculiar to a state in S3: conditional writes, lost answers, snapshots, encryption."""

from __future__ import annotations

import base64
import json
import secrets
import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from pzdecl.errors import PzdeclError, StateLocked
from pzdecl.manifests.model import StateSettings
from pzdecl.state import State, StateDamaged, StateTooNew, StateUnwritable, open_state
from pzdecl.state.s3.bucket import Bucket, Conflict
from pzdecl.state.s3.head import NAME
from pzdecl.state.s3.state import S3State, look, swap
from tests.state.conftest import settings
from tests.state.doctor import Upgrade
from tests.state.rows import begin, intent, put, row

KEYS = [base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2)]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> StateSettings:
    return settings("s3", request)


@pytest.fixture
def objects(place: StateSettings) -> Iterator[Any]:
    """What is below the key: a function that gives names and contents."""
    import boto3

    client = boto3.client("s3", endpoint_url=place.endpoint)

    def found() -> dict[str, bytes]:
        listed = client.list_objects_v2(Bucket=place.bucket, Prefix=f"{place.key}/").get("Contents", [])
        names = [one["Key"] for one in listed]
        return {
            name.removeprefix(f"{place.key}/"): client.get_object(Bucket=place.bucket, Key=name)["Body"].read()
            for name in names
        }

    yield found
    client.close()


def fill(place: StateSettings, count: int, first: int = 0) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        for number in range(first, first + count):
            put(state, run, row(f"Schema/s{number}", tags={"t": secrets.token_hex(1000)}))


def names(place: StateSettings) -> list[str]:
    with open_state(place, create=False) as state:
        return [address.name for address in state.resources()]


def test_a_transaction_is_durable_when_it_ends(place: StateSettings, objects: Any) -> None:
    state = open_state(place, create=True)
    state._token = "t"
    assert state._take("t", "apply") is None
    run = begin(state)
    state.intend([intent(run, f"Campaign/c{number}") for number in range(600)])
    for number in range(5):
        put(state, run, row(f"Schema/s{number}", tags={"t": secrets.token_hex(30_000)}))
    state.close()  # as a kill would: nothing is tidied up
    assert len([name for name in objects() if name.startswith("journal/")]) > 1
    assert len(names(place)) == 5
    with open_state(place, create=False) as reader:
        assert len(reader.intents()) == 600


def test_a_run_leaves_one_snapshot_and_a_head(place: StateSettings, objects: Any) -> None:
    fill(place, 15)
    assert sorted(name.partition("/")[0] for name in objects()) == [NAME, "snapshots"]
    fill(place, 1, first=15)
    assert sorted(name.partition("/")[0] for name in objects()) == [NAME, "snapshots"]
    assert len(names(place)) == 16


def test_an_answer_that_was_lost_is_looked_up(place: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The write arrives, its answer does not: the run is told, and nothing is lost or written twice."""
    put_object = Bucket.put

    def deaf(self: Bucket, name: str, content: bytes, *, seen: str | None) -> str:
        put_object(self, name, content, seen=seen)
        raise StateUnwritable("no answer")

    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        monkeypatch.setattr(Bucket, "put", deaf)
        with pytest.raises(StateUnwritable, match="no answer"):
            state.intend([intent(run, "Campaign/c")])
        assert state.intents() == []
        monkeypatch.undo()
        put(state, run, row("Schema/s"))
        assert [one.address.name for one in state.intents()] == ["c"]
    with open_state(place, create=False) as reader:
        assert [one.address.name for one in reader.intents()] == ["c"]
        assert len(reader.resources()) == 1


def test_a_repeated_request_meets_its_own_first_attempt(
    place: StateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_object = Bucket.put

    def twice(self: Bucket, name: str, content: bytes, *, seen: str | None) -> str:
        put_object(self, name, content, seen=seen)
        return put_object(self, name, content, seen=seen)

    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        with monkeypatch.context() as patch:
            patch.setattr(Bucket, "put", twice)
            put(state, run, row("Schema/s"))
        put(state, run, row("Schema/t"))
    assert names(place) == ["s", "t"]


def test_what_somebody_else_wrote_is_never_overwritten(place: StateSettings) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        bucket = Bucket(place)
        found = look(bucket)
        assert found
        swap(bucket, found[0], found[1])
        bucket.close()
        with pytest.raises(StateUnwritable, match="others write to it"):
            put(state, run, row("Schema/mine"))
    assert names(place) == []


def test_a_zombie_is_shut_out(place: StateSettings) -> None:
    zombie = open_state(place, create=True)
    zombie._token = "z"
    assert zombie._take("z", "apply") is None
    run = begin(zombie)
    with open_state(place, create=True) as state:
        state.unlock()
        with state.lock(command="apply"):
            put(state, begin(state), row("Schema/mine"))
    with pytest.raises(StateLocked, match="lost its lock"):
        put(zombie, run, row("Schema/zombie"))
    zombie.close()
    assert names(place) == ["mine"]


def test_a_store_without_conditions_is_refused(
    place: StateSettings, objects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_object = Bucket.put

    def careless(self: Bucket, name: str, content: bytes, *, seen: str | None) -> str:
        self.delete(name)
        return put_object(self, name, content, seen=None)

    monkeypatch.setattr(Bucket, "put", careless)
    with pytest.raises(StateUnwritable, match="ignores the conditions of writes"):
        open_state(place, create=True)
    assert objects() == {}


def test_nobody_reads_an_encrypted_state_without_the_key(
    place: StateSettings, objects: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    sealed = replace(place, key_env="STATE_KEY")
    monkeypatch.setenv("STATE_KEY", KEYS[0])
    fill(sealed, 3)
    state = open_state(sealed, create=True)
    state._token = "t"
    assert state._take("t", "apply") is None
    put(state, begin(state), row("Schema/s3"))
    state.close()
    assert len(names(sealed)) == 4
    for name, content in objects().items():
        assert b"Schema" not in content, name
        if name.startswith("snapshots/"):
            with pytest.raises(zlib.error):
                zlib.decompress(content)
    with pytest.raises(PzdeclError, match="is encrypted, and no key was given"):
        names(place)
    monkeypatch.setenv("STATE_KEY", KEYS[1])
    with pytest.raises(PzdeclError, match="can't be decrypted"):
        names(sealed)


def test_a_key_is_taken_up_and_changed_by_the_next_run(
    place: StateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cryptography")
    fill(place, 1)
    sealed = replace(place, key_env="STATE_KEY")
    for number, keys in enumerate((KEYS[0], f"{KEYS[1]}\n{KEYS[0]}"), 1):
        monkeypatch.setenv("STATE_KEY", keys)
        fill(sealed, 1, first=number)
    monkeypatch.setenv("STATE_KEY", KEYS[1])
    assert names(sealed) == ["s0", "s1", "s2"]
    with pytest.raises(PzdeclError, match="is encrypted"):
        names(place)


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"pzdecl": "state", "layout": 1}', b"\xff"])
def test_a_broken_head_is_told(place: StateSettings, content: bytes) -> None:
    bucket = Bucket(place)
    bucket.put(NAME, content, seen=None)
    for create in (True, False):
        with pytest.raises(StateDamaged, match=r"s3://.*no head of a state"):
            open_state(place, create=create)
    assert bucket.get(NAME) is not None
    bucket.close()


def test_missing_and_broken_objects_are_told(place: StateSettings) -> None:
    fill(place, 1)
    bucket = Bucket(place)
    found = look(bucket)
    assert found
    swap(bucket, replace(found[0], tail=(*found[0].tail, "AAAA")), found[1])
    with pytest.raises(StateDamaged, match="a transaction of its journal"):
        names(place)
    bucket.delete(found[0].snapshot)
    with pytest.raises(StateDamaged, match="objects that its head names are gone"):
        names(place)
    bucket.put(found[0].snapshot, b"junk", seen=None)
    with pytest.raises(StateDamaged, match="snapshot can't be read"):
        names(place)
    bucket.close()


@pytest.mark.parametrize(
    "statement",
    ["ATTACH 'x.db' AS x", "PRAGMA journal_mode = WAL", "DROP TABLE steps", "SELECT load_extension('x')"],
)
def test_a_journal_changes_rows_and_nothing_else(place: StateSettings, statement: str) -> None:
    fill(place, 1)
    bucket = Bucket(place)
    found = look(bucket)
    assert found
    entry = base64.b64encode(zlib.compress(json.dumps([[statement, []]]).encode())).decode()
    swap(bucket, replace(found[0], tail=(*found[0].tail, entry)), found[1])
    bucket.close()
    with pytest.raises(StateDamaged, match=r"not authorized|prohibited"):
        names(place)


def test_a_newer_layout_or_format_asks_for_a_newer_version(place: StateSettings) -> None:
    fill(place, 1)
    bucket = Bucket(place)
    for change in ({"format": 9}, {"layout": 9}):
        found = look(bucket)
        assert found
        seen = swap(bucket, replace(found[0], **change), found[1])  # type: ignore[arg-type]
        with pytest.raises(StateTooNew, match="has format 9"):
            names(place)
        bucket.put(NAME, found[0].to_bytes(), seen=seen[1])
    bucket.close()


def test_an_upgrade_keeps_what_was(place: StateSettings, objects: Any, upgrade: Upgrade) -> None:
    fill(place, 2)
    before = objects()
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
    with open_state(place, create=False) as state:
        assert state.select("SELECT colour FROM resources") == [(None,), (None,)]
    assert objects() == before
    with open_state(place, create=True) as state:
        assert state.select("SELECT colour FROM resources") == [(None,), (None,)]
    after = objects()
    assert json.loads(after["backups/format-1.json"])["snapshot"] in after
    assert json.loads(after[NAME])["format"] == 2
    fill(place, 1, first=2)
    assert len(names(place)) == 3


def test_a_failed_upgrade_changes_nothing(place: StateSettings, objects: Any, upgrade: Upgrade) -> None:
    fill(place, 2)
    before = objects()
    upgrade("ALTER TABLE absent ADD COLUMN x")
    with pytest.raises(StateUnwritable, match="from format 1 to 2: no such table: absent"):
        open_state(place, create=True)
    assert objects() == before


def test_a_bucket_that_is_not_there(place: StateSettings) -> None:
    with pytest.raises(StateUnwritable, match="NoSuchBucket") as told:
        open_state(replace(place, bucket="absent-bucket"), create=True)
    assert "state.bucket" in str(told.value.hint)


def test_nobody_answers(place: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pzdecl.state.s3.bucket._ATTEMPTS", 1)
    with pytest.raises(StateUnwritable, match="can't be reached") as told:
        open_state(replace(place, endpoint="http://127.0.0.1:9"), create=False)
    assert "state.region" in str(told.value.hint)
    with pytest.raises(StateUnwritable, match="can't be reached"):
        open_state(replace(place, profile="no-such-profile"), create=False)


def test_reading_cannot_write(place: StateSettings) -> None:
    fill(place, 1)
    with (
        open_state(place, create=False) as state,
        pytest.raises(StateUnwritable, match="isn't open for writing"),
        state.lock(command="x"),
    ):
        pass
    assert isinstance(state, S3State)


def test_a_heart_beats_on_after_an_answer_that_was_lost(
    place: StateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a long training would look abandoned after one bad moment of the network."""
    with open_state(place, create=True) as state, state.lock(command="apply"):
        assert isinstance(state, S3State)
        run, token = begin(state), str(state._token)
        monkeypatch.setattr("pzdecl.state.lock.HEARTBEAT", 0)
        with monkeypatch.context() as patch:
            patch.setattr(Bucket, "put", lambda *_, **__: (_ for _ in ()).throw(StateUnwritable("no answer")))
            with pytest.raises(StateUnwritable):
                state._beat(token)
        before = state.lock_info()
        state._beat(token)
        after = state.lock_info()
        assert before
        assert after
        assert after.heartbeat > before.heartbeat
        put(state, run, row("Schema/s"))
    assert names(place) == ["s"]


def test_nothing_is_upgraded_while_a_run_is_at_it(place: StateSettings, upgrade: Upgrade) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply --auto-approve"):
        upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
        with pytest.raises(StateLocked, match="apply --auto-approve"):
            open_state(place, create=True)


def test_what_arrived_after_all_is_not_cleared_away(
    place: StateSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A write arrives, its answer is lost, the lock is freed, and the repeated write meets another head."""
    put_object = Bucket.put

    def overtaken(self: Bucket, name: str, content: bytes, *, seen: str | None) -> str:
        etag = put_object(self, name, content, seen=seen)
        if name != NAME:
            return etag
        monkeypatch.undo()
        with open_state(place, create=False) as other:
            assert other.unlock() is not None
        raise Conflict

    def write(state: State) -> None:
        with state.lock(command="apply"):
            run = begin(state)
            monkeypatch.setattr(Bucket, "put", overtaken)
            with state.transaction():  # so large that it takes an object of its own
                put(state, run, row("Schema/s", tags={"t": secrets.token_hex(70_000)}))

    with open_state(place, create=True) as state, pytest.raises(StateLocked, match="lost its lock"):
        write(state)
    assert names(place) == ["s"]


def test_who_waited_while_it_was_upgraded_does_not_write(place: StateSettings) -> None:
    fill(place, 1)
    with open_state(place, create=True) as waiting:
        bucket = Bucket(place)
        found = look(bucket)
        assert found
        swap(bucket, replace(found[0], format=9), found[1])
        with pytest.raises(StateTooNew, match="has format 9"), waiting.lock(command="apply"):
            pass
        found = look(bucket)
        assert found
        assert found[0].lock is None
        bucket.close()
