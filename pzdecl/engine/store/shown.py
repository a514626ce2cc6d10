"""A log of the lists that were explored, with each item's chance to be in its list.

Without these chances nobody can tell later what the policy, or another one, is worth: see
`pzdecl.engine.serving.offpolicy`. Lists of pure relevance are not logged. The newest KEPT are kept, in a SQLite
file beside `engine.db`, where a recommendation never waits for a training that writes. Losing the last lines in
a power failure is no harm, so nothing waits for the disk.
"""

from __future__ import annotations

import contextlib
import json
import logging
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

FILE = "shown.db"
KEPT = 50_000
"""Lists; at 25 items each about 100 MB."""
BUSY_SECONDS = 1.0
PATIENCE = 30.0
"""Seconds that forgetting waits for another process, where a list would rather not be logged."""
CLEARED = 500
"""Every so many lists, those that are too many are deleted."""
_TABLE = """CREATE TABLE IF NOT EXISTS shown (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    recommendation TEXT NOT NULL UNIQUE,
    at REAL NOT NULL,
    campaign TEXT NOT NULL,
    version TEXT NOT NULL,
    user TEXT,
    items TEXT NOT NULL)"""


class Shown(NamedTuple):
    """One list, best first.

    recommendation  the recommendationId that the answer had
    at              seconds
    campaign        ARNs of the campaign and of the solution version that answered
    version
    user            the userId that was asked for
    items           ids
    propensities    the chance of each item to be in this list
    explored        which items are there by exploration
    """

    recommendation: str
    at: float
    campaign: str
    version: str
    user: str | None
    items: tuple[str, ...]
    propensities: tuple[float, ...]
    explored: tuple[bool, ...]


class ShownLog:
    """Appends and reads, for any number of threads and processes. The file is made by the first list."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None

    def append(self, shown: Shown) -> None:
        """Writes a list down. Where that fails (disk full, say), a warning is logged; no answer is lost."""
        columns = list(map(list, zip(shown.items, shown.propensities, shown.explored, strict=True)))
        row = (*shown[:5], json.dumps(columns))
        try:
            with self._lock, self._opened() as connection:
                added = connection.execute(
                    "INSERT INTO shown (recommendation, at, campaign, version, user, items) "
                    "VALUES (?, ?, ?, ?, ?, ?)",
                    row,
                ).lastrowid
                if added and added % CLEARED == 0:
                    connection.execute("DELETE FROM shown WHERE id <= ?", (added - KEPT,))
        except sqlite3.Error as error:
            logging.getLogger(__name__).warning("what was shown can't be logged in %s: %s", self.path, error)

    def find(self, recommendation: str) -> Shown | None:
        """The list with a recommendationId, if it was explored and is still kept.

        Where that can't be read, a warning is logged: an event that came of the list is worth more than it.
        """
        try:
            return next(self._read("WHERE recommendation = ?", (recommendation,)), None)
        except sqlite3.Error as error:
            logging.getLogger(__name__).warning("what was shown can't be read in %s: %s", self.path, error)
            return None

    def read(self, campaign: str | None = None) -> Iterator[Shown]:
        """All lists that are kept, of one campaign or of all, the oldest first."""
        return self._read("WHERE campaign = ? OR ? IS NULL ORDER BY id", (campaign, campaign))

    def forget(self, users: Iterable[str]) -> None:
        """Removes the lists of some users, of all campaigns. Raises sqlite3.Error where that can't be written.

        What is removed is overwritten, in the log that lies beside the file, too.
        """
        if not self.path.exists():
            return
        with self._lock:
            gone = set(users)
            with self._opened() as connection:
                connection.execute(f"PRAGMA busy_timeout = {round(PATIENCE * 1000)}")
                listed = connection.execute("SELECT id, user FROM shown WHERE user IS NOT NULL")
                ids = [(id,) for id, user in listed if user in gone]
                connection.executemany("DELETE FROM shown WHERE id = ?", ids)
            connection.execute(f"PRAGMA busy_timeout = {round(BUSY_SECONDS * 1000)}")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def close(self) -> None:
        """Closes the file; another list opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _read(self, condition: str, values: tuple[str | None, ...]) -> Iterator[Shown]:
        if not self.path.exists():
            return
        with contextlib.closing(sqlite3.connect(self.path, timeout=BUSY_SECONDS)) as connection:
            made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'shown'").fetchone()
            if made is None:  # the very first list is just being written down
                return
            query = f"SELECT recommendation, at, campaign, version, user, items FROM shown {condition}"
            for recommendation, at, by, version, user, items in connection.execute(query, values):
                ids, chances, explored = zip(*json.loads(items), strict=True)
                yield Shown(recommendation, at, by, version, user, ids, chances, explored)

    @contextlib.contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """A transaction on the file's one connection for writing."""
        if self._connection is None:
            connection = sqlite3.connect(self.path, timeout=BUSY_SECONDS, check_same_thread=False)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(_TABLE)
            self._connection = connection
        with self._connection:
            yield self._connection
