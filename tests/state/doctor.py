"""Changing behind pzdecl's back what a state is kept in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from typing import Any

from pzdecl.manifests.model import StateSettings


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
