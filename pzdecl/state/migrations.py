"""The tables of a state file, from one format to the next. Format N is what the first N migrations make.

A released migration is never edited: a change of the tables is a new one at the end, and `FORMAT` counts up.
Importing this module loads sqlite-utils, which is slow; only what creates or upgrades a file does it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlite_utils.migrations import Migrations

if TYPE_CHECKING:
    from sqlite_utils.db import Database

migrations = Migrations("pzdecl.state")


def first(db: Database) -> None:
    """What is managed, what replacements left, the journal, failures, history, and the lock."""
    for statement in _FIRST.split(";"):
        db.execute(statement)


_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value NOT NULL) WITHOUT ROWID;
CREATE TABLE resources (
    address TEXT PRIMARY KEY, name TEXT NOT NULL, arn TEXT NOT NULL,
    inputs TEXT NOT NULL, bindings TEXT NOT NULL, tags TEXT NOT NULL,
    spec_fingerprint TEXT NOT NULL, data_fingerprint TEXT NOT NULL,
    parents_fingerprint TEXT NOT NULL, metadata_fingerprint TEXT NOT NULL,
    attributes TEXT NOT NULL, data TEXT, dependencies TEXT NOT NULL,
    protect INTEGER NOT NULL, on_delete TEXT NOT NULL, source TEXT
);
CREATE TABLE deposed (
    arn TEXT PRIMARY KEY, address TEXT NOT NULL, name TEXT NOT NULL, dependencies TEXT NOT NULL
);
CREATE TABLE runs (
    id TEXT PRIMARY KEY, command TEXT NOT NULL, who TEXT NOT NULL, started REAL NOT NULL, ended REAL,
    outcome TEXT, counts TEXT NOT NULL, plan TEXT
);
CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL, op TEXT NOT NULL, address TEXT NOT NULL,
    name TEXT, arn TEXT, status TEXT NOT NULL, began REAL NOT NULL, ended REAL, message TEXT,
    PRIMARY KEY (run, step)
);
CREATE INDEX steps_open ON steps (address) WHERE status = 'open';
CREATE TABLE failures (
    address TEXT NOT NULL, op TEXT NOT NULL, name TEXT, arn TEXT, message TEXT NOT NULL, failed REAL NOT NULL
);
CREATE INDEX failures_address ON failures (address);
CREATE TABLE lock (
    one INTEGER PRIMARY KEY CHECK (one = 1), token TEXT NOT NULL, who TEXT NOT NULL, host TEXT NOT NULL,
    place TEXT NOT NULL, pid INTEGER NOT NULL, process_started TEXT, command TEXT NOT NULL,
    since REAL NOT NULL, heartbeat REAL NOT NULL
)
"""

migrations(name="0001_first")(first)
