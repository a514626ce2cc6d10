"""The tables of a state in PostgreSQL, from one format to the next; the formats are those of the state file.

A released migration is never edited: a change of the tables is a new one at the end, beside its twin in
`pzdecl/state/migrations.py`. `rowid` counts rows in the order in which they came, as it does in SQLite. Text is
sorted byte by byte (`COLLATE "C"`), whatever the database's own order is.
"""

from __future__ import annotations

_FIRST = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE resources (
    address TEXT COLLATE "C" PRIMARY KEY, name TEXT NOT NULL, arn TEXT NOT NULL,
    inputs TEXT NOT NULL, bindings TEXT NOT NULL, tags TEXT NOT NULL,
    spec_fingerprint TEXT NOT NULL, data_fingerprint TEXT NOT NULL,
    parents_fingerprint TEXT NOT NULL, metadata_fingerprint TEXT NOT NULL,
    attributes TEXT NOT NULL, data TEXT, dependencies TEXT NOT NULL,
    protect INTEGER NOT NULL, on_delete TEXT NOT NULL, source TEXT
);
CREATE TABLE deposed (
    arn TEXT COLLATE "C" PRIMARY KEY, address TEXT COLLATE "C" NOT NULL, name TEXT NOT NULL,
    dependencies TEXT NOT NULL
);
CREATE TABLE runs (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY, id TEXT PRIMARY KEY, command TEXT NOT NULL, who TEXT NOT NULL,
    started DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION, outcome TEXT, counts TEXT NOT NULL, plan TEXT
);
CREATE TABLE steps (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY, run TEXT NOT NULL REFERENCES runs (id), step TEXT NOT NULL,
    op TEXT NOT NULL, address TEXT NOT NULL, name TEXT, arn TEXT, status TEXT NOT NULL,
    began DOUBLE PRECISION NOT NULL, ended DOUBLE PRECISION, message TEXT,
    PRIMARY KEY (run, step)
);
CREATE INDEX steps_open ON steps (address) WHERE status = 'open';
CREATE TABLE failures (
    rowid BIGINT GENERATED ALWAYS AS IDENTITY, address TEXT COLLATE "C" NOT NULL, op TEXT NOT NULL, name TEXT,
    arn TEXT, message TEXT NOT NULL, failed DOUBLE PRECISION NOT NULL
);
CREATE INDEX failures_address ON failures (address);
CREATE TABLE lock (
    one INTEGER PRIMARY KEY CHECK (one = 1), token TEXT NOT NULL, who TEXT NOT NULL, host TEXT NOT NULL,
    place TEXT NOT NULL, pid INTEGER NOT NULL, process_started TEXT, command TEXT NOT NULL,
    since DOUBLE PRECISION NOT NULL, heartbeat DOUBLE PRECISION NOT NULL
)
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)
"""Format N is what the first N of them make."""

TABLES = ("meta", "resources", "deposed", "runs", "steps", "failures")
"""All that a backup copies: everything but the lock."""
