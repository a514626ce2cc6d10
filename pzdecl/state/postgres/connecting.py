"""A connection to PostgreSQL, and its errors in words for its owner."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pzdecl.errors import MissingExtra
from pzdecl.state.errors import StateDamaged, StateUnwritable, Where

if TYPE_CHECKING:
    from psycopg import Connection

_DEFAULTS = {
    "connect_timeout": "10",
    # Trainings take hours: without a sign of life now and then, firewalls forget the connection.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "6",
    "application_name": "pzdecl",
}


def connect(url: str | None, schema: str, *, read_only: bool) -> tuple[Connection[tuple[Any, ...]], str]:
    """A connection in autocommit mode whose tables are those of `schema`, and what to call the place.

    Commits are durable whatever the database's own setting is. Raises MissingExtra, StateUnwritable.
    """
    try:
        import psycopg
        from psycopg import conninfo, sql
    except ImportError as error:
        raise MissingExtra("psycopg", "postgres") from error
    try:
        given = {key: value for key, value in conninfo.conninfo_to_dict(url or "").items() if value is not None}
    except psycopg.ProgrammingError:  # its text may show the password
        raise StateUnwritable(
            "the state's database can't be reached: state.url in pzdecl.yaml is no address of a database",
            hint="write it as postgresql://USER@HOST:PORT/DATABASE",
        ) from None
    where = _called(given, schema)
    with translated(where):
        connection = psycopg.connect(**{**_DEFAULTS, **given}, autocommit=True)  # type: ignore[arg-type]
        try:
            info = connection.info
            where = f"postgresql://{info.host}:{info.port}/{info.dbname}, schema {schema},"
            connection.execute(
                sql.SQL(
                    "SET search_path TO {}; SET synchronous_commit TO on; "
                    "SET default_transaction_read_only TO {}; SET idle_in_transaction_session_timeout TO 0"
                ).format(sql.Identifier(schema), sql.Literal("on" if read_only else "off"))
            )
        except BaseException:
            connection.close()
            raise
    return connection, where


def _called(given: dict[str, Any], schema: str) -> str:
    host, name = given.get("host", "(default)"), given.get("dbname", "(default)")
    return f"postgresql://{host}/{name}, schema {schema},"


@contextmanager
def translated(where: Where) -> Iterator[None]:
    """Turns psycopg's errors into those of a state."""
    import psycopg
    from psycopg import errors

    try:
        yield
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.DataError) as error:
        raise StateDamaged(where, _first_line(error)) from error
    except psycopg.Error as error:
        raise StateUnwritable(
            f"the state {where} can't be used: {_first_line(error)}", hint=_remedy(error)
        ) from (error)


def _first_line(error: Exception) -> str:
    """What libpq or the server says, in one line."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__


def _remedy(error: Exception) -> str:
    from psycopg import errors

    match error:
        case errors.InsufficientPrivilege():
            return (
                "its role needs CREATE on the database, or a schema of its own with USAGE and CREATE: "
                "GRANT CREATE ON DATABASE ... TO ..."
            )
        case errors.ReadOnlySqlTransaction():
            return "this server only reads (a standby?): name the primary in state.url"
        case errors.DiskFull() | errors.OutOfMemory():
            return "make room on the server and run the same command again: what was done is recorded"
        case errors.UniqueViolation() | errors.DuplicateTable():
            return "is the schema another program's? name one of its own with state.schema"
    return (
        "check state.url, the network and the server; PGPASSWORD or ~/.pgpass gives a password. What was done "
        "is recorded: run the same command again to go on"
    )
