"""What is peculiar to a state in PostgreSQL: sessions, rights, schemas, durability."""

from __future__ import annotations

import time
import uuid
from dataclasses import replace

import pytest

from pzdecl.errors import StateLocked
from pzdecl.manifests.model import StateSettings
from pzdecl.state import StateDamaged, StateTooNew, StateUnwritable, files, open_state
from pzdecl.state.postgres import PostgresState, tables
from tests.state.conftest import settings
from tests.state.doctor import Upgrade, edit_lock, sql
from tests.state.rows import begin, put, row


@pytest.fixture
def place(request: pytest.FixtureRequest) -> StateSettings:
    return settings("postgres", request)


def fill(place: StateSettings) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply"):
        put(state, begin(state), row("Schema/s"))


def test_both_kinds_of_tables_have_as_many_formats() -> None:
    assert len(tables.MIGRATIONS) == files.FORMAT


def test_schemas_keep_states_apart(place: StateSettings) -> None:
    other = replace(place, schema=f"{place.schema} b")
    fill(place)
    with open_state(other, create=False) as state:
        assert (state.lineage, state.resources(), state.lock_info()) == ("", {}, None)
        assert state.unlock() is None
    fill(other)
    with open_state(place, create=False) as one, open_state(other, create=False) as two:
        assert one.lineage != two.lineage
        assert one.resources() == two.resources()


def test_commits_wait_for_the_disk_whatever_the_database_says(place: StateSettings) -> None:
    sql(place, "ALTER ROLE pzdecl SET synchronous_commit TO off")
    try:
        with open_state(place, create=True) as state:
            assert state.select("SHOW synchronous_commit") == [("on",)]
    finally:
        sql(place, "ALTER ROLE pzdecl RESET synchronous_commit")


def test_a_transaction_is_one_round_trip(place: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    import psycopg

    trips: list[object] = []
    pipeline = psycopg.Connection.pipeline
    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        monkeypatch.setattr(psycopg.Connection, "pipeline", lambda self: trips.append(1) or pipeline(self))
        with state.transaction():
            for number in range(50):
                put(state, run, row(f"Schema/s{number}"))
        assert len(trips) == 1
        assert len(state.resources()) == 50


def test_a_session_that_ended_elsewhere_gives_the_lock_away(place: StateSettings) -> None:
    """A runner that was killed on another machine is in nobody's way; one that lives is."""
    with open_state(place, create=True) as gone, open_state(place, create=True) as state:
        assert gone._take(uuid.uuid4().hex, "apply") is None
        edit_lock(place, host="elsewhere", heartbeat=time.time() - 3600)
        with pytest.raises(StateLocked), state.lock(command="apply"):
            pass
        gone.close()
        edit_lock(place, heartbeat=time.time())
        with pytest.raises(StateLocked), state.lock(command="apply"):
            pass
        edit_lock(place, heartbeat=time.time() - 3600)
        with state.lock(command="apply"):
            assert state.lock_info() is not None


def test_a_connection_that_breaks_is_told_and_what_was_done_is_there(place: StateSettings) -> None:
    def broken(state: PostgresState) -> None:
        with state.lock(command="apply"):
            run = begin(state)
            put(state, run, row("Schema/s"))
            assert state._connection
            sql(place, "SELECT pg_terminate_backend(%s)", state._connection.info.backend_pid)
            put(state, run, row("Schema/t"))

    with open_state(place, create=True) as state:
        assert isinstance(state, PostgresState)
        with pytest.raises(StateUnwritable) as told:
            broken(state)
        assert "run the same command again" in str(told.value.hint)
    edit_lock(place, process_started="of a process that ended")
    with open_state(place, create=True) as again, again.lock(command="apply"):
        assert [address.name for address in again.resources()] == ["s"]


def test_text_with_a_sign_that_it_cannot_hold(place: StateSettings) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        state.fail(run, "x", "a\0b 100% ?")
        put(state, run, row("Schema/s", source="100%?"))
        assert [one.source for one in state.resources().values()] == ["100%?"]


@pytest.mark.parametrize("url", ["postgresql://u:hunter2@127.0.0.1:9/x", "host=/nowhere password=hunter2"])
def test_a_server_that_does_not_answer(url: str) -> None:
    with pytest.raises(StateUnwritable, match="can't be used") as told:
        open_state(StateSettings("postgres", url=url, schema="s"), create=False)
    assert "hunter2" not in f"{told.value.message}{told.value.hint}"
    assert "state.url" in str(told.value.hint)


@pytest.mark.parametrize("url", ["hunter2", "postgresql://u:hunter2@[::1", "mysql://u:hunter2@db/x"])
def test_an_address_that_is_none(url: str) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(StateUnwritable, match="no address of a database") as told:
        open_state(StateSettings("postgres", url=url, schema="s"), create=True)
    assert "hunter2" not in f"{told.value.message}{told.value.hint}"
    assert "hunter2" not in repr(StateSettings("postgres", url=url))


def test_a_role_without_rights(place: StateSettings) -> None:
    role = f"guest_{uuid.uuid4().hex[:8]}"
    sql(place, f"CREATE ROLE {role} LOGIN")
    guest = replace(place, url=str(place.url).replace("pzdecl@", f"{role}@"))
    with pytest.raises(StateUnwritable, match="permission denied") as told:
        open_state(guest, create=True)
    assert "GRANT CREATE" in str(told.value.hint)
    sql(place, f'CREATE SCHEMA "{place.schema}" AUTHORIZATION {role}')
    fill(guest)


def test_reading_cannot_write(place: StateSettings) -> None:
    fill(place)
    with (
        open_state(place, create=False) as state,
        pytest.raises(StateUnwritable, match="read-only"),
        state.lock(command="x"),
    ):
        pass


def test_another_programs_schema_is_not_taken_for_a_state(place: StateSettings) -> None:
    sql(place, f'CREATE SCHEMA "{place.schema}"; CREATE TABLE "{place.schema}".meta (key TEXT, value TEXT)')
    for create in (True, False):
        with pytest.raises(StateDamaged, match="not that of a state"):
            open_state(place, create=create)


def test_a_newer_format_asks_for_a_newer_version(place: StateSettings) -> None:
    fill(place)
    sql(place, "UPDATE meta SET value = '7' WHERE key = 'format'")
    with pytest.raises(StateTooNew, match=r"format 7.*up to 1"):
        open_state(place, create=False)


def test_an_upgrade_keeps_a_backup(place: StateSettings, upgrade: Upgrade) -> None:
    fill(place)
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
    with open_state(place, create=False) as state:
        assert state.select("SELECT colour FROM resources") == [(None,)]
        assert state.lock_info() is None
    assert sql(place, "SELECT value FROM meta WHERE key = 'format'") == [("1",)]
    with open_state(place, create=True) as state:
        assert state.select("SELECT colour FROM resources") == [(None,)]
    backup = f"{place.schema}.backup-format-1"
    assert sql(place, f'SELECT count(*) FROM "{backup}".resources') == [(1,)]
    fill(place)


def test_a_failed_upgrade_changes_nothing(place: StateSettings, upgrade: Upgrade) -> None:
    fill(place)
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT", "ALTER TABLE absent ADD COLUMN x TEXT")
    with pytest.raises(StateUnwritable, match=r"from format 1 to 3: .*absent"):
        open_state(place, create=True)
    assert sql(place, "SELECT value FROM meta WHERE key = 'format'") == [("1",)]
    columns = "SELECT 1 FROM information_schema.columns WHERE table_schema = %s AND column_name = 'colour'"
    assert sql(place, columns, place.schema) == []
    backups = "SELECT 1 FROM pg_namespace WHERE nspname = %s"
    assert sql(place, backups, f"{place.schema}.backup-format-1") == []


def test_nothing_is_upgraded_while_a_run_is_at_it(place: StateSettings, upgrade: Upgrade) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply --auto-approve"):
        upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
        with pytest.raises(StateLocked, match="apply --auto-approve"):
            open_state(place, create=True)
    with open_state(place, create=True) as state:
        assert state.select("SELECT colour FROM resources") == []


def test_who_waited_while_it_was_upgraded_does_not_write(place: StateSettings) -> None:
    fill(place)
    with open_state(place, create=True) as waiting:
        sql(place, "UPDATE meta SET value = '7' WHERE key = 'format'")
        with pytest.raises(StateTooNew, match="has format 7"), waiting.lock(command="apply"):
            pass
        assert waiting.lock_info() is None
