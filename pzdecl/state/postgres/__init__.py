"""State in PostgreSQL: a schema for each environment, with the tables of the state file."""

from __future__ import annotations

from pzdecl.state.postgres.opening import open_postgres
from pzdecl.state.postgres.state import PostgresState

__all__ = ["PostgresState", "open_postgres"]
