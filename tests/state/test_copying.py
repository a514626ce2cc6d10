"""A whole state pulled from, and pushed into, whatever it is kept in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pzdecl.errors import PzdeclError, Refused
from pzdecl.kinds.address import Address
from pzdecl.manifests.model import StateSettings
from pzdecl.state import SqliteState, State, StateDamaged, copying, open_state
from pzdecl.state.model import Failure
from pzdecl.state.sealing import Sealer
from tests.state.rows import begin, intent, put, row

KEY = Sealer((b"k" * 32,))


@pytest.fixture
def other(tmp_path: Path) -> Iterator[SqliteState]:
    """A full state in a file of its own, locked."""
    with open_state(tmp_path / "other.db", create=True) as opened, opened.lock(command="test"):
        fill(opened)
        yield opened


def fill(state: State) -> None:
    put(state, begin(state, plan="p"), row("Campaign/c", "arn:old"))
    put(state, begin(state, plan="p"), row("Campaign/c", "arn:new", dependencies=(Address("Solution", "x"),)))
    first = begin(state, plan="p")
    put(state, first, row("Schema/s", source="a.yaml:3"))
    state.intend([intent(first, "Solution/x"), intent(first, "Filter/f", name="f-1")])
    failure = Failure(Address("Filter", "f"), "create", "f-1", "arn:f-1", "no capacity")
    state.fail(first, "create Filter/f", "no capacity", failure)
    state.end_run(first, outcome="partial", counts={"create": 2})


def everything(state: State) -> object:
    told = (state.resources(), state.deposed(), state.intents(), state.failures(), state.runs())
    return (*told, state.done_steps("p"), state.lineage, state.serial)


def test_what_is_pulled_is_a_state_file_with_everything(state: State, tmp_path: Path) -> None:
    fill(state)
    path = tmp_path / "pulled.db"
    path.write_bytes(copying.content(state))
    with open_state(path, create=True) as pulled:
        assert everything(pulled) == everything(state)
        assert pulled.lock_info() is None
        with pulled.lock(command="apply"):
            put(pulled, begin(pulled), row("Schema/t"))


def test_what_is_pushed_is_there_with_its_history(
    place: StateSettings, state: State, other: SqliteState
) -> None:
    pushed = copying.replace(state, copying.content(other), "other.db")
    assert (pushed.lineage, pushed.serial, pushed.resources) == (other.lineage, other.serial + 1, 2)
    with open_state(place, create=False) as reader:
        assert reader.resources() == other.resources()
        assert reader.deposed() == other.deposed()
        assert reader.intents() == other.intents()
        assert [run.command for run in reader.runs()] == ["state push", "apply", "apply", "apply"]
        assert (reader.lineage, reader.serial) == (other.lineage, other.serial + 1)
    put(state, begin(state), row("Schema/more"))


def test_pulling_and_pushing_again_is_allowed(state: State) -> None:
    fill(state)
    before = state.resources()
    assert copying.replace(state, copying.content(state), "same.db").serial == state.serial
    assert state.resources() == before


def test_another_lineage_is_refused(state: State, other: SqliteState) -> None:
    put(state, begin(state), row("Schema/mine"))
    before = everything(state)
    with pytest.raises(Refused, match="another state: its lineage is") as told:
        copying.replace(state, copying.content(other), "other.db")
    assert told.value.exit_status == 4
    assert "--force" in str(told.value.hint)
    assert everything(state) == before
    copying.replace(state, copying.content(other), "other.db", force=True)
    assert state.lineage == other.lineage
    assert Address("Schema", "mine") not in state.resources()


def test_an_older_file_is_refused(state: State) -> None:
    put(state, begin(state), row("Schema/a"))
    old = copying.content(state)
    put(state, begin(state), row("Schema/b"))
    with pytest.raises(Refused, match="older than the state: its serial is 1, here it is 2"):
        copying.replace(state, old, "old.db")
    assert copying.replace(state, old, "old.db", force=True).serial == 3
    assert [address.name for address in state.resources()] == ["a"]


def test_what_was_begun_since_is_not_forgotten(state: State) -> None:
    put(state, begin(state), row("Schema/a"))
    old = copying.content(state)
    state.intend([intent(begin(state), "Campaign/c")])
    with pytest.raises(Refused, match=r"earlier run of Campaign/c is not finished"):
        copying.replace(state, old, "old.db")
    assert [one.address.name for one in state.intents()] == ["c"]


@pytest.mark.parametrize("content", [b"", b"{}", b"SQLite format 3\0" + b"\xff" * 4080])
def test_what_is_no_state_is_not_pushed(state: State, content: bytes) -> None:
    put(state, begin(state), row("Schema/a"))
    with pytest.raises(StateDamaged, match=r"junk\.db"):
        copying.replace(state, content, "junk.db", force=True)
    assert len(state.resources()) == 1


def test_a_push_that_breaks_off_changes_nothing(
    place: StateSettings, state: State, other: SqliteState, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(state, begin(state), row("Schema/mine"))
    monkeypatch.setattr(type(state), "end_run", lambda *_, **__: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        copying.replace(state, copying.content(other), "other.db", force=True)
    with open_state(place, create=False) as reader:
        assert [address.name for address in reader.resources()] == ["mine"]
        assert reader.lineage == state.lineage != other.lineage


def test_nothing_can_be_pulled_where_nothing_is(place: StateSettings) -> None:
    with open_state(place, create=False) as state, pytest.raises(PzdeclError, match="no state yet"):
        copying.content(state)


def test_a_file_is_read_with_its_log_and_with_its_key(other: SqliteState, tmp_path: Path) -> None:
    assert (tmp_path / "other.db-wal").stat().st_size
    plain = copying.read_file(tmp_path / "other.db", Sealer())
    sealed = tmp_path / "sealed"
    sealed.write_bytes(KEY.seal(plain, copying.SEALED))
    assert b"Campaign" not in sealed.read_bytes()
    assert copying.read_file(sealed, KEY) == plain
    with pytest.raises(PzdeclError, match="no key was given"):
        copying.read_file(sealed, Sealer())
    with pytest.raises(PzdeclError, match="can't be read"):
        copying.read_file(tmp_path / "absent", Sealer())


def test_what_was_there_is_kept_for_its_owner_alone(state: State, other: SqliteState, tmp_path: Path) -> None:
    folder, file = tmp_path / "backups", copying.content(other)
    assert copying.replace(state, file, "other.db", backups=folder).backup is None, "nothing was there"
    put(state, begin(state), row("Schema/a"))
    before = state.resources()
    with pytest.raises(Refused):
        copying.replace(state, file, "other.db", backups=folder)
    assert not folder.exists()
    path = copying.replace(state, file, "other.db", force=True, backups=folder, label="dev").backup
    assert path
    assert path.name.startswith("dev-")
    assert path.stat().st_mode & 0o777 == 0o600
    with open_state(path, create=False) as kept:
        assert kept.resources() == before
