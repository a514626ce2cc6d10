"""Changing behind pzdecl's back what a state is kept in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

import pytest

from pzdecl.manifests.model import StateSettings
from pzdecl.state import files


def edit_lock(place: StateSettings, **values: Any) -> None:
    """Other values in the lock's row."""
    assignments = ", ".join(f"{column} = ?" for column in values)
    match place.type:
        case "file":
            assert place.path
            with closing(sqlite3.connect(place.path)) as connection, connection:
                connection.execute(f"UPDATE lock SET {assignments}", tuple(values.values()))
        case "postgres":
            sql(place, f"UPDATE lock SET {assignments.replace('?', '%s')}", *values.values())
        case "s3":
            from pzdecl.state.s3.bucket import Bucket
            from pzdecl.state.s3.state import look, swap

            bucket = Bucket(place)
            found = look(bucket)
            assert found
            assert found[0].lock
            swap(bucket, replace(found[0], lock={**found[0].lock, **values}), found[1])
            bucket.close()


def sql(place: StateSettings, statement: str, *parameters: Any) -> list[Any]:
    """Runs a statement in the state's schema."""
    import psycopg
    from psycopg.sql import Identifier

    assert place.url
    assert place.schema
    with psycopg.connect(place.url, autocommit=True) as connection:
        connection.execute(b"SET search_path TO " + Identifier(place.schema).as_bytes(connection))
        cursor = connection.execute(statement.encode(), parameters)
        return cursor.fetchall() if cursor.description else []


class Upgrade:
    """Migrations of a pzdecl to come."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from pzdecl.state import migrations

        self._later = type(migrations.migrations)("pzdecl.state")
        self._later._migrations = list(migrations.migrations._migrations)
        self._patch = monkeypatch
        monkeypatch.setattr(migrations, "migrations", self._later)

    def __call__(self, *statements: str) -> None:
        """From now on the newest format is what these make of it, a format each."""
        from pzdecl.state.postgres import tables

        for number, statement in enumerate(statements, files.FORMAT + 1):
            self._later(name=f"{number:04}")(lambda db, statement=statement: db.execute(statement))
        self._patch.setattr(tables, "MIGRATIONS", (*tables.MIGRATIONS, *statements))
        self._patch.setattr(files, "FORMAT", files.FORMAT + len(statements))
