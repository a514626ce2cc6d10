"""Files that are missing, young, old, new, foreign, broken or read-only."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from pzdecl.state import StateDamaged, StateTooNew, StateUnwritable, open_state
from tests.state.doctor import Upgrade
from tests.state.rows import begin, put, row


def test_a_missing_file_reads_as_empty_and_stays_missing(path: Path) -> None:
    with open_state(path, create=False) as state:
        assert (state.lineage, state.serial) == ("", 0)
        assert state.resources() == {}
        assert state.arns() == {}
        assert state.deposed() == []
        assert state.intents() == []
        assert state.failures() == {}
        assert state.runs() == []
        assert state.lock_info() is None
        assert state.unlock() is None
        with pytest.raises(StateUnwritable, match="isn't open for writing"), state.lock(command="x"):
            pass
    assert not path.parent.exists()


def test_a_new_state_has_a_lineage_of_its_own(tmp_path: Path) -> None:
    with open_state(tmp_path / "a", create=True) as a, open_state(tmp_path / "b", create=True) as b:
        assert a.lineage != b.lineage
        assert len(a.lineage) == 36
        with open_state(tmp_path / "a", create=True) as again:
            assert again.lineage == a.lineage


def test_nothing_but_the_file_stays_behind(path: Path) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        put(state, begin(state), row("Schema/s"))
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


def test_what_a_process_left_that_died_at_a_birth_goes_after_a_while(path: Path) -> None:
    path.parent.mkdir(parents=True)
    old, young = (path.with_name(f"{path.name}.new-{name}") for name in ("old", "young"))
    for draft in (old, young):
        draft.write_text("half a state")
    os.utime(old, (0, 0))
    open_state(path, create=False).close()
    assert old.exists()
    open_state(path, create=True).close()
    assert not old.exists()
    assert young.exists(), "its process may still be at it"


def test_reading_cannot_write(path: Path) -> None:
    open_state(path, create=True).close()
    with (
        open_state(path, create=False) as state,
        pytest.raises(StateUnwritable),
        state.lock(command="x"),
    ):
        pass


def test_many_processes_at_a_birth_agree_on_one_lineage(path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from pzdecl.state import open_state; "
        "print(open_state(Path(sys.argv[1]), create=True).lineage)"
    )
    born = [
        subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert len({process.communicate()[0] for process in born}) == 1
    assert [process.returncode for process in born] == [0, 0, 0]
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("content", "what"),
    [(b"", "empty"), (b"{}", "not a database"), (b"SQLite format 3\0" + b"\xff" * 4080, "damaged")],
    ids=["empty", "foreign", "broken"],
)
@pytest.mark.parametrize("create", [True, False])
def test_damage_is_told_and_nothing_is_written(path: Path, content: bytes, what: str, create: bool) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StateDamaged, match=what) as told:
        open_state(path, create=create)
    assert str(path) in told.value.message
    assert told.value.hint is not None
    assert "backup" in told.value.hint
    assert path.read_bytes() == content


def test_another_sqlite_file_is_not_taken_for_a_state(path: Path) -> None:
    path.parent.mkdir()
    sqlite3.connect(path).execute("CREATE TABLE t (x)").connection.close()
    with pytest.raises(StateDamaged, match="not a state file of pzdecl"):
        open_state(path, create=True)


def test_pages_that_break_later_are_told_too(path: Path) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        run = begin(state)
        for number in range(200):
            put(state, run, row(f"Schema/s{number}"))
    content = bytearray(path.read_bytes())
    for page in range(4096 * 3, len(content) - 4096, 4096):
        content[page : page + 64] = b"\xee" * 64
    path.write_bytes(content)
    with pytest.raises(StateDamaged, match=r"default\.db"), open_state(path, create=False) as state:
        state.resources()


def test_a_newer_format_asks_for_a_newer_version(path: Path) -> None:
    open_state(path, create=True).close()
    _set_format(path, 7)
    with pytest.raises(StateTooNew, match=r"format 7.*up to 1") as told:
        open_state(path, create=False)
    assert "upgrade" in str(told.value.hint)


def test_an_upgrade_keeps_a_backup(path: Path, upgrade: Upgrade) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        put(state, begin(state), row("Schema/s"))
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
    with open_state(path, create=True) as state:
        assert len(state.resources()) == 1
        assert state.select("SELECT colour FROM resources") == [(None,)]
    backup = path.with_name("default.db.backup-format-1")
    assert sqlite3.connect(backup).execute("PRAGMA user_version").fetchone() == (1,)
    assert len(sqlite3.connect(backup).execute("SELECT * FROM resources").fetchall()) == 1


def test_a_failed_upgrade_puts_the_file_back(path: Path, upgrade: Upgrade) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        put(state, begin(state), row("Schema/s"))
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT", "ALTER TABLE absent ADD COLUMN x")
    with pytest.raises(StateUnwritable, match="from format 1 to 3: no such table: absent"):
        open_state(path, create=True)
    raw = sqlite3.connect(path)
    assert raw.execute("PRAGMA user_version").fetchone() == (1,)
    assert "colour" not in raw.execute("SELECT sql FROM sqlite_master WHERE name = 'resources'").fetchone()[0]
    assert raw.execute("SELECT count(*) FROM resources").fetchone() == (1,)


def test_reading_an_older_format_upgrades_nothing_on_disk(path: Path, upgrade: Upgrade) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        put(state, begin(state), row("Schema/s"))
    before = path.read_bytes()
    upgrade("ALTER TABLE resources ADD COLUMN colour TEXT")
    with open_state(path, create=False) as state:
        assert state.select("SELECT colour FROM resources") == [(None,)]
    assert path.read_bytes() == before
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]


@pytest.mark.skipif(sys.platform == "win32", reason="permissions work differently there")
def test_a_read_only_folder_can_be_read(path: Path) -> None:
    with open_state(path, create=True) as state, state.lock(command="x"):
        put(state, begin(state), row("Schema/s"))
    path.chmod(0o444)
    path.parent.chmod(0o555)
    try:
        with open_state(path, create=False) as state:
            assert len(state.resources()) == 1
    finally:
        path.parent.chmod(0o755)


@pytest.mark.skipif(sys.platform == "win32" or os.getuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written(path: Path) -> None:
    path.parent.mkdir()
    path.parent.chmod(0o555)
    try:
        with pytest.raises(StateUnwritable, match="can't be created: Permission denied"):
            open_state(path, create=True)
    finally:
        path.parent.chmod(0o755)


def test_why_it_cannot_be_created_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateUnwritable, match="can't be created: File name too long"):
        open_state(tmp_path / ("x" * 250), create=True)


def test_a_file_where_the_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("")
    with pytest.raises(StateUnwritable, match="can't be created"):
        open_state(tmp_path / "state" / "default.db", create=True)


def _set_format(path: Path, number: int) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
