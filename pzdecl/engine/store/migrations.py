"""The shape of `engine.db`, as sqlite-utils migrations.

`PRAGMA user_version` repeats how many migrations a file has had, so that opening an up-to-date file needs
neither sqlite-utils nor a look at its tables.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from pzdecl.imports import without

APPLICATION_ID = 0x505A4445
"""Written into the file's header ("PZDE"): tells an engine's database from any other SQLite file."""


def m001_baseline(db: Any) -> None:
    """Resources with their tags, the job queue, and the Parquet parts that make up a dataset."""
    for statement in (
        """CREATE TABLE resources (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            name TEXT NOT NULL,
            parent TEXT,
            status TEXT NOT NULL,
            created REAL NOT NULL,
            updated REAL NOT NULL,
            body TEXT NOT NULL,
            UNIQUE (type, name))""",
        "CREATE INDEX resources_by_parent ON resources (type, parent, seq)",
        """CREATE INDEX datasets_by_schema ON resources (json_extract(body, '$.schemaArn'))
            WHERE type = 'dataset'""",
        """CREATE TABLE tags (
            arn TEXT NOT NULL,
            key TEXT NOT NULL,
            value TEXT NOT NULL,
            PRIMARY KEY (arn, key)) WITHOUT ROWID""",
        """CREATE TABLE jobs (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            arn TEXT NOT NULL,
            kind TEXT NOT NULL,
            scope TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'queued',
            token TEXT,
            host TEXT,
            pid INTEGER,
            started TEXT,
            heartbeat REAL,
            attempts INTEGER NOT NULL DEFAULT 0,
            stop INTEGER NOT NULL DEFAULT 0,
            progress TEXT,
            error TEXT,
            created REAL NOT NULL)""",
        "CREATE INDEX jobs_by_arn ON jobs (arn)",
        "CREATE INDEX jobs_unfinished ON jobs (scope, kind) WHERE state <> 'finished'",
        """CREATE TABLE parts (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            dataset TEXT NOT NULL,
            job TEXT NOT NULL,
            path TEXT NOT NULL UNIQUE,
            rows INTEGER NOT NULL,
            bytes INTEGER NOT NULL)""",
        "CREATE INDEX parts_by_dataset ON parts (dataset, id)",
    ):
        db.execute(statement)


def m002_deaths(db: Any) -> None:
    """Of a job: when it was claimed, seconds of earlier attempts, deaths, and how far it ever was."""
    for column in (
        "claimed REAL",
        "worked REAL NOT NULL DEFAULT 0",
        "deaths INTEGER NOT NULL DEFAULT 0",
        "reached REAL NOT NULL DEFAULT 0",
    ):
        db.execute(f"ALTER TABLE jobs ADD COLUMN {column}")


def m003_events(db: Any) -> None:
    """What comes in one by one: events, rows of items and users; and models' updates between trainings."""
    for statement in (
        """CREATE TABLE events (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            known INTEGER NOT NULL,
            dataset TEXT NOT NULL,
            owner TEXT NOT NULL,
            user TEXT,
            session TEXT NOT NULL,
            event TEXT,
            received REAL NOT NULL,
            item TEXT NOT NULL,
            at INTEGER NOT NULL,
            type TEXT NOT NULL,
            value REAL,
            recommendation TEXT,
            impression TEXT,
            source TEXT,
            columns TEXT)""",
        "CREATE UNIQUE INDEX events_once ON events (dataset, event) WHERE event IS NOT NULL",
        "CREATE INDEX events_by_owner ON events (dataset, owner, known)",
        "CREATE INDEX events_by_session ON events (dataset, session, id) WHERE user IS NOT NULL",
        "CREATE INDEX events_by_dataset ON events (dataset, id)",
        """CREATE TABLE puts (
            dataset TEXT NOT NULL,
            id TEXT NOT NULL,
            seq INTEGER NOT NULL,
            at REAL NOT NULL,
            covered INTEGER NOT NULL DEFAULT 0,
            columns TEXT NOT NULL,
            PRIMARY KEY (dataset, id)) WITHOUT ROWID""",
        "CREATE INDEX puts_by_number ON puts (dataset, seq)",
        """CREATE TABLE updates (
            version TEXT PRIMARY KEY,
            at REAL NOT NULL,
            data TEXT NOT NULL,
            file TEXT) WITHOUT ROWID""",
        """CREATE INDEX trackers_by_id ON resources (json_extract(body, '$.trackingId'))
            WHERE type = 'event-tracker'""",
    ):
        db.execute(statement)


def m004_action_interactions(db: Any) -> None:
    """Datasets of action interactions are found by their tracking ids."""
    db.execute(
        """CREATE INDEX datasets_by_tracking_id ON resources (json_extract(body, '$.trackingId'))
            WHERE type = 'dataset'"""
    )


ALL: tuple[Callable[[Any], None], ...] = (m001_baseline, m002_deaths, m003_events, m004_action_interactions)

FORMAT = len(ALL)
"""The newest format that this code knows."""


def apply(connection: sqlite3.Connection) -> None:
    """Brings a database to `FORMAT` in one transaction; migrations that it has had are left out."""
    with without("pandas", "numpy"):
        from sqlite_utils import Database, Migrations

    migrations = Migrations("pzdecl-engine")
    for migration in ALL:
        migrations()(migration)
    connection.execute("BEGIN IMMEDIATE")  # two processes that upgrade at once do it one after the other
    try:
        migrations.apply(Database(connection))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute(f"PRAGMA user_version = {FORMAT}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def in_memory() -> sqlite3.Connection:
    """An empty database with all tables: what reading sees where no engine has been created yet."""
    connection = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    for migration in ALL:
        migration(connection)
    return connection
