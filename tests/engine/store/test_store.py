"""Opening folders that are engines, that are not yet, and that never will be."""

from __future__ import annotations

import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlite_utils import Database, Migrations

from pzdecl.engine import Engine
from pzdecl.engine.errors import ResourceAlreadyExistsException
from pzdecl.engine.store import migrations
from pzdecl.engine.store.rows import Resource
from pzdecl.engine.store.store import EngineFolderError, Store
from tests.waiting import PATIENCE


def test_reading_creates_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "engine"
    with Engine(folder) as engine:
        assert engine.call("list_solutions", {}) == {"solutions": []}
        assert not engine.has_jobs()
        assert not folder.parent.exists()
        engine.call("create_dataset_group", {"name": "g"})
        assert len(engine.call("list_dataset_groups", {})["datasetGroups"]) == 1
    assert (folder / "engine.db").exists()
    assert not list(folder.glob("*.tmp"))


def test_an_engine_that_another_process_makes_just_now_is_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes to be between a look at its database and one at what else is in its folder."""
    with Store(tmp_path).write():
        (tmp_path / "staging").mkdir()
    with monkeypatch.context() as patch:
        patch.setattr(Store, "exists", lambda _: False)
        found = Store(tmp_path)
    with found.read() as reader:
        assert reader.arns("schema") == set()


def test_the_database_is_durable_and_migrated(tmp_path: Path) -> None:
    with Store(tmp_path).write() as tx:
        assert tx.query("PRAGMA journal_mode") == [("wal",)]
        assert tx.query("PRAGMA synchronous") == [(2,)]
        assert tx.query("PRAGMA user_version") == [(migrations.FORMAT,)]
        assert [name for (name,) in tx.query("SELECT name FROM _sqlite_migrations")] == [
            migration.__name__ for migration in migrations.ALL
        ]


def test_an_older_database_is_upgraded_by_whoever_opens_it_first(tmp_path: Path) -> None:
    old = sqlite3.connect(tmp_path / "engine.db", isolation_level=None)
    migrations.m001_baseline(old)
    Migrations("pzdecl-engine").ensure_migrations_table(Database(old))
    old.execute(
        "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) "
        "VALUES ('pzdecl-engine', 'm001_baseline', '')"
    )
    old.execute("INSERT INTO jobs (arn, kind, scope, created) VALUES ('arn:j', 'train', 's', 0)")
    old.execute(f"PRAGMA application_id = {migrations.APPLICATION_ID}")
    old.execute("PRAGMA user_version = 1")
    old.close()
    with ThreadPoolExecutor(4) as pool:
        engines = list(pool.map(lambda _: Engine(tmp_path), range(4)))
    with Store(tmp_path).read() as reader:
        assert reader.query("SELECT arn, deaths FROM jobs") == [("arn:j", 0)]
    for engine in engines:
        engine.close()


def test_tables_in_memory_are_those_on_disk(tmp_path: Path) -> None:
    sql = "SELECT name, sql FROM sqlite_master WHERE name NOT LIKE '%sqlite%' ORDER BY name"
    with Store(tmp_path / "none").read() as empty, Store(tmp_path / "some").write() as tx:
        assert [row for row in tx.query(sql) if "migrations" not in row[0]] == empty.query(sql)


def test_folders_that_are_something_else(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    other = tmp_path / "other"
    other.mkdir()
    (other / "notes.txt").write_text("x")
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "engine.db").write_bytes(b"not a database, but long enough to be looked at" * 30)
    foreign = tmp_path / "foreign"
    foreign.mkdir()
    sqlite3.connect(foreign / "engine.db").execute("CREATE TABLE t (a)")
    for folder, words in (
        (file, "is a file"),
        (other, "holds notes.txt"),
        (broken, "can't be read"),
        (foreign, "is not an engine's database"),
    ):
        with pytest.raises(EngineFolderError, match=words) as caught:
            Engine(folder)
        assert caught.value.hint


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    with Engine(tmp_path) as engine:
        engine.call("create_dataset_group", {"name": "g"})
    connection = sqlite3.connect(tmp_path / "engine.db")
    connection.execute(f"PRAGMA user_version = {migrations.FORMAT + 1}")
    connection.close()
    with pytest.raises(EngineFolderError, match=f"has format {migrations.FORMAT + 1}"):
        Engine(tmp_path)


def test_a_failed_transaction_leaves_nothing(tmp_path: Path) -> None:
    store = Store(tmp_path)

    def insert_and_fail() -> None:
        with store.write() as tx:
            tx.insert(Resource("arn:a", "schema", "a", None, {}), {"k": "v"})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        insert_and_fail()
    with store.read() as reader:
        assert reader.get("arn:a") is None
        assert reader.tags("arn:a") == {}


def test_many_threads_and_engines_create_at_once(tmp_path: Path) -> None:
    engines = [Engine(tmp_path / "engine") for _ in range(3)]
    start = threading.Barrier(9, timeout=PATIENCE)

    def create(number: int) -> int:
        start.wait()
        made = 0
        for index in range(20):
            try:
                engines[number % 3].call("create_dataset_group", {"name": f"g{index}-{number // 3}"})
                made += 1
            except ResourceAlreadyExistsException:
                pass
        return made

    with ThreadPoolExecutor(9) as pool:
        made = sum(pool.map(create, range(9)))
    assert made == 60
    assert len(engines[0].call("list_dataset_groups", {})["datasetGroups"]) == 60
    for engine in engines:
        engine.close()
    with pytest.raises(EngineFolderError, match="closed"):
        engines[0].call("list_dataset_groups", {})


def test_a_block_is_committed_though_the_next_thread_never_comes(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store._waiting += 1  # as if a thread were interrupted on its way in, and had not been counted out yet
    with store.write() as tx:
        tx.insert(Resource("arn:a", "schema", "a", None, {}))
    with store.read() as reader:
        assert reader.get("arn:a")


def test_where_sqlite_gave_up_a_transaction_every_block_of_it_is_told_and_the_next_is_written(
    tmp_path: Path,
) -> None:
    store = Store(tmp_path)
    with store.write() as tx:
        tx.put_tags("first", {"k": "v"})
    connection = store._writer
    assert connection is not None
    [(pages,)] = connection.execute("PRAGMA page_count")
    connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    told: list[BaseException] = []

    def share_the_commit() -> None:
        try:
            with store.write() as tx:
                tx.put_tags("shared", {"k": "v"})
                other.start()
                while not store._waiting:
                    time.sleep(0.001)
        except EngineFolderError as error:
            told.append(error)

    def fill() -> None:
        try:
            with store.write() as tx:
                for number in range(200):
                    tx.put_tags(f"filling {number}", {"k": "x" * 1000})
                tx.connection.execute("ROLLBACK")  # what SQLite does by itself where it can't go on
                tx.connection.execute("SELECT * FROM absent")
        except EngineFolderError as error:
            told.append(error)

    other = threading.Thread(target=fill)
    share_the_commit()
    other.join()
    assert len(told) == 2
    with store.write() as tx:
        tx.put_tags("later", {"k": "v"})
    with store.read() as reader:
        kept = {arn for (arn,) in reader.query("SELECT arn FROM tags")}
    assert kept == {"first", "later"}
    store.close()


def test_a_connection_on_which_reading_failed_is_not_used_again(tmp_path: Path) -> None:
    store = Store(tmp_path)
    with store.write() as tx:
        tx.put_tags("a", {"k": "v"})
    with pytest.raises(EngineFolderError, match="can't be read"), store.read() as reader:
        reader.query("COMMIT")  # so that ending the transaction fails
    for _ in range(2):
        with store.read() as reader:
            assert reader.tags("a") == {"k": "v"}
    store.close()
