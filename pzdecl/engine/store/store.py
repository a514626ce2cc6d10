"""Opening `engine.db` and handing out transactions, to any number of threads and processes."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

from pzdecl.engine.store import migrations
from pzdecl.engine.store.rows import Reader, Writer
from pzdecl.errors import PzdeclError

BUSY_SECONDS = 30.0
"""How long a transaction waits for another process that is writing."""


SYNCHRONOUS = "FULL"
"""Every commit reaches the disk before it counts. Tests that survive no power failure may set it lower."""

PATIENCE = 0.1
"""Seconds after which a thread looks whether its block still waits to be committed."""

BATCH_MAX = 64
"""Blocks in one commit at most, so that the first of them does not wait for ever."""


class EngineFolderError(PzdeclError):
    """The folder can't be used as an engine's: it is something else, or newer than this program."""


class _Batch:
    """Blocks of several threads that are committed together."""

    def __init__(self) -> None:
        self.size = 0
        self.done = threading.Event()
        self.error: sqlite3.DatabaseError | None = None


class Store:
    """The engine's folder. Nothing is made before the first `write()`; until then reading sees nothing.

    Reading takes a connection from a pool, so readers never wait for a writer (WAL). Writing goes through one
    connection under a lock: SQLite has one writer at a time anyway, and threads of one process queue up here
    without polling. `synchronous=FULL` makes every commit durable before `write()` returns.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "engine.db"
        self._pool: list[sqlite3.Connection] = []
        self._pool_lock = threading.Lock()
        self._write_lock = threading.Lock()
        self._writer: sqlite3.Connection | None = None
        self._counter_lock = threading.Lock()
        self._waiting = 0
        self._batch: _Batch | None = None
        self._closed = False
        self._check_folder()
        if self.exists():
            with self.read():
                pass

    def exists(self) -> bool:
        """Whether an engine has been created in the folder."""
        return self.path.exists()

    @contextlib.contextmanager
    def read(self) -> Iterator[Reader]:
        """One consistent view. Creates nothing where there is no engine yet."""
        connection, pooled = self._take()
        try:
            connection.execute("BEGIN")
            try:
                yield Reader(connection)
            finally:
                connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            pooled = False  # it may still be in its transaction, which whoever takes it next can't begin
            raise self._unusable(error) from error
        finally:
            self._give(connection, pooled)

    @contextlib.contextmanager
    def write(self) -> Iterator[Writer]:
        """A transaction that is durable when the block has ended, or rolled back on an exception.

        Threads that wait while another one is writing join its commit: whoever finds nobody waiting commits for
        all, and each returns only after that. Every block is a savepoint of its own. Raises EngineFolderError
        where the database can't be written.
        """
        with self._entered():
            if self._writer is None:
                self._writer = self._open_for_writing()
            connection = self._writer
            batch = self._batch = self._batch or self._begin(connection)
            connection.execute("SAVEPOINT block")
            try:
                yield Writer(connection)
            except BaseException as error:
                if isinstance(error, sqlite3.DatabaseError) and not connection.in_transaction:
                    self._lost(batch, error)
                else:
                    connection.execute("ROLLBACK TO block")
                if isinstance(error, sqlite3.OperationalError):
                    raise self._unusable(error) from error
                raise
            finally:
                if self._batch is batch:
                    connection.execute("RELEASE block")
                    batch.size += 1
                    if not self._waiting or batch.size >= BATCH_MAX:
                        self._commit(connection, batch)
        while not batch.done.wait(PATIENCE):
            with self._entered():  # whoever was to commit for this thread never came: interrupted, say
                if self._batch is batch:
                    self._commit(connection, batch)
        if batch.error is not None:
            raise self._unusable(batch.error) from batch.error

    @contextlib.contextmanager
    def _entered(self) -> Iterator[None]:
        """The writer's lock, counting those who wait for it."""
        with self._counter_lock:
            self._waiting += 1
        try:
            self._write_lock.acquire()
        finally:
            with self._counter_lock:
                self._waiting -= 1
        try:
            yield
        finally:
            self._write_lock.release()

    def _begin(self, connection: sqlite3.Connection) -> _Batch:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        return _Batch()

    def _commit(self, connection: sqlite3.Connection, batch: _Batch) -> None:
        self._batch = None
        try:
            connection.execute("COMMIT")
        except sqlite3.DatabaseError as error:
            batch.error = error
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        finally:
            batch.done.set()

    def _lost(self, batch: _Batch, error: sqlite3.DatabaseError) -> None:
        """SQLite rolled back by itself (a full disk, say): none of the batch's blocks was written."""
        self._batch = None
        batch.error = error
        batch.done.set()

    def checkpoint(self) -> None:
        """Moves what was written from the log into the database and empties the log, unless somebody reads it.

        Deleted rows are overwritten in the database by the transaction; the log still holds them until then.
        """
        with self._entered():
            if self._writer is None:
                return
            if self._batch is not None:
                self._commit(self._writer, self._batch)
            self._writer.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
            try:
                self._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            except sqlite3.DatabaseError as error:
                raise self._unusable(error) from error
            finally:
                self._writer.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")

    def close(self) -> None:
        """Closes all connections; every later use is refused."""
        with self._write_lock, self._pool_lock:
            self._closed = True
            if self._writer is not None:
                if self._batch is not None:
                    self._commit(self._writer, self._batch)
                self._writer.close()
                self._writer = None
            for connection in self._pool:
                connection.close()
            self._pool.clear()

    def _take(self) -> tuple[sqlite3.Connection, bool]:
        if self._closed:
            raise EngineFolderError(f"the engine in {self.folder} is closed")
        with self._pool_lock:
            if self._pool:
                return self._pool.pop(), True
        return (self._connect(), True) if self.exists() else (migrations.in_memory(), False)

    def _give(self, connection: sqlite3.Connection, pooled: bool) -> None:
        with self._pool_lock:
            if pooled and not self._closed:
                self._pool.append(connection)
                return
        connection.close()

    def _open_for_writing(self) -> sqlite3.Connection:
        if self._closed:
            raise EngineFolderError(f"the engine in {self.folder} is closed")
        if not self.exists():
            self._create()
        return self._connect()

    def _connect(self) -> sqlite3.Connection:
        try:
            connection = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            application = connection.execute("PRAGMA application_id").fetchone()[0]
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        if application != migrations.APPLICATION_ID:
            connection.close()
            raise EngineFolderError(
                f"{self.path} is not an engine's database",
                hint="name another folder for the engine, or move this file away",
            )
        if version > migrations.FORMAT:
            connection.close()
            raise EngineFolderError(
                f"{self.path} has format {version}; this pzdecl knows formats up to {migrations.FORMAT}",
                hint="use the newer pzdecl that wrote it, or name another folder for the engine",
            )
        if version < migrations.FORMAT:
            migrations.apply(connection)
        connection.execute(f"PRAGMA synchronous = {SYNCHRONOUS}")
        connection.execute("PRAGMA cache_size = -8000")
        connection.execute("PRAGMA secure_delete = ON")  # users' data that is deleted is overwritten
        return connection

    def _create(self) -> None:
        """Makes the database under another name and links it into place: no half-made one is seen."""
        self.folder.mkdir(parents=True, exist_ok=True)
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        draft = self.folder / f"engine.{uuid.uuid4().hex}.tmp"
        connection = sqlite3.connect(draft, isolation_level=None)
        try:
            # Nobody sees the draft: one flush at the end is as safe as one a statement, and quicker.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            migrations.apply(connection)
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
        with draft.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            os.link(draft, self.path)
        except FileExistsError:
            pass  # another process was first: its database is as good as ours
        except OSError:  # a file system without hard links
            if not self.exists():
                os.rename(draft, self.path)
        draft.unlink(missing_ok=True)

    def _check_folder(self) -> None:
        if not self.folder.exists() or self.exists():
            return
        if not self.folder.is_dir():
            raise EngineFolderError(
                f"{self.folder} is a file, not an engine's folder", hint="name another folder for the engine"
            )
        names = sorted(entry.name for entry in self.folder.iterdir())
        if self.path.name in names:
            return  # another process has made it just now
        others = [name for name in names if name != ".gitignore" and not name.startswith("engine.")]
        if others:
            shown = ", ".join(others[:3]) + (", …" if len(others) > 3 else "")
            raise EngineFolderError(
                f"{self.folder} is not an engine's folder: it has no engine.db and holds {shown}",
                hint="name an empty folder, or one that does not exist yet",
            )

    def _unusable(self, error: sqlite3.DatabaseError) -> Exception:
        if "locked" in str(error) or "busy" in str(error):
            return EngineFolderError(
                f"{self.path} has been locked by another process for {BUSY_SECONDS:.0f} s",
                hint="wait for the other pzdecl process to finish, then run this again",
            )
        if isinstance(error, sqlite3.IntegrityError):
            return error
        if any(sign in str(error) for sign in ("full", "I/O", "readonly", "unable to open")):
            return EngineFolderError(
                f"{self.path} can't be written: {error}",
                hint="free some disk space, or make the folder writable, then run the same command again",
            )
        return EngineFolderError(
            f"{self.path} can't be read: {error}",
            hint="restore it from a backup, or remove the engine's folder",
        )
