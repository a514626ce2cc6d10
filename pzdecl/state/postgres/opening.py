"""Opening a state in PostgreSQL: born whole, checked for its format, upgraded with a way back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from pzdecl.state import files, lock
from pzdecl.state.errors import StateDamaged, StateTooNew, StateUnwritable
from pzdecl.state.postgres import tables
from pzdecl.state.postgres.connecting import connect, translated
from pzdecl.state.postgres.state import PostgresState
from pzdecl.state.store import State

if TYPE_CHECKING:
    from psycopg import Connection

_BIRTHS = 0x505A4443
"""The advisory lock that births and upgrades take in turn, beside a hash of the schema's name."""


def open_postgres(url: str | None, schema: str, *, create: bool) -> State:
    """Opens the state in a schema. See `pzdecl.state.open_state`."""
    connection, where = connect(url, schema, read_only=not create)
    try:
        with translated(where):
            found = _format(connection, where)
            if create and (found is None or found < files.FORMAT):
                found = _furnish(connection, schema, where)
        if found is None:
            connection.close()
            return PostgresState(None, where)
        if found < files.FORMAT:
            return _older(connection, where, found)
    except BaseException:
        connection.close()
        raise
    return PostgresState(connection, where)


def _format(connection: Connection[tuple[Any, ...]], where: str) -> int | None:
    """The format of the state there; None if there is none yet. Raises StateDamaged, StateTooNew."""
    row = connection.execute("SELECT to_regclass('meta') IS NOT NULL").fetchone()
    if row is None or not row[0]:
        return None
    row = connection.execute("SELECT value FROM meta WHERE key = 'format'").fetchone()
    if row is None:
        raise StateDamaged(where, "its table meta is not that of a state of pzdecl")
    if int(row[0]) > files.FORMAT:
        raise StateTooNew(where, int(row[0]), files.FORMAT)
    return int(row[0])


def _furnish(connection: Connection[tuple[Any, ...]], schema: str, where: str) -> int:
    """Makes or upgrades the tables in one transaction: all of it happens, or nothing.

    Before an upgrade the tables are copied into the schema `<schema>.backup-format-<N>`, which stays.
    """
    import psycopg
    from psycopg import sql

    found: int | None = None
    try:
        with connection.transaction():
            connection.execute("SELECT pg_advisory_xact_lock(%s::int, hashtext(%s))", (_BIRTHS, schema))
            found = _format(connection, where)
            if found is None:
                _make_schema(connection, schema)
            elif found < files.FORMAT:
                held = PostgresState(connection, where).holder()
                if held is not None and not held.process.is_gone():
                    raise lock.locked(where, held.info)
                backup = sql.Identifier(f"{schema[:40]}.backup-format-{found}")
                connection.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(backup))
                connection.execute(sql.SQL("CREATE SCHEMA {}").format(backup))
                for table in map(sql.Identifier, tables.TABLES):
                    connection.execute(
                        sql.SQL("CREATE TABLE {}.{} AS SELECT * FROM {}").format(backup, table, table)
                    )
            for migration in tables.MIGRATIONS[found or 0 : files.FORMAT]:
                connection.execute(migration.encode())
            if found is None:
                values = [("lineage", str(uuid.uuid4())), ("serial", "0"), ("format", str(files.FORMAT))]
                connection.cursor().executemany("INSERT INTO meta (key, value) VALUES (%s, %s)", values)
            else:
                connection.execute("UPDATE meta SET value = %s WHERE key = 'format'", (str(files.FORMAT),))
    except psycopg.Error as error:
        if found is None:
            raise
        raise StateUnwritable(
            f"the state {where} can't be upgraded from format {found} to {files.FORMAT}: {error}",
            hint="it was left as it was: go on with the version of pzdecl that wrote it",
        ) from error
    return files.FORMAT


def _make_schema(connection: Connection[tuple[Any, ...]], schema: str) -> None:
    """The schema, where it isn't there: making it needs a right that using it does not."""
    from psycopg import sql

    if connection.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", (schema,)).fetchone() is None:
        connection.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))


def _older(connection: Connection[tuple[Any, ...]], where: str, found: int) -> State:
    """An older format for reading: a copy in memory, brought up to date there."""
    from pzdecl.state.copying import copied

    return copied(PostgresState(connection, where), found)
