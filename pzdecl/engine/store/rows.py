"""Reading and writing rows, within one transaction. Plain SQL: these are the engine's hot paths."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_COLUMNS = "arn, type, name, parent, status, created, updated, body"


@dataclass(slots=True)
class Resource:
    """One resource of the API.

    `type` is the word of its ARN ("solution"; a version is a "solution-version"), `parent` the ARN by which
    lists are filtered. `created` and `updated` are epoch seconds. `body` holds the API's other fields as a
    description shows them; keys that begin with an underscore are the engine's own and are never shown.
    """

    arn: str
    type: str
    name: str
    parent: str | None
    body: dict[str, Any]
    status: str = "ACTIVE"
    created: float = field(default_factory=lambda: round(time.time(), 3))
    updated: float = 0.0

    def __post_init__(self) -> None:
        self.updated = self.updated or self.created


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a dataset; `path` is relative to the engine's folder, `job` the import job's name."""

    path: str
    rows: int
    bytes: int
    job: str


class Reader:
    """One consistent look at the database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def get(self, arn: str) -> Resource | None:
        """The resource with an ARN."""
        row = self._connection.execute(f"SELECT {_COLUMNS} FROM resources WHERE arn = ?", (arn,)).fetchone()
        return _resource(row) if row else None

    def named(self, type: str, name: str) -> Resource | None:
        """The resource of a type with a name."""
        row = self._connection.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE type = ? AND name = ?", (type, name)
        ).fetchone()
        return _resource(row) if row else None

    def children(self, type: str, parent: str) -> list[Resource]:
        """Every resource of a type under a parent, oldest first."""
        rows = self._connection.execute(
            f"SELECT {_COLUMNS} FROM resources WHERE type = ? AND parent = ? ORDER BY seq", (type, parent)
        )
        return [_resource(row) for row in rows]

    def first_child(self, types: Sequence[str], parent: str) -> str | None:
        """The ARN of one resource of these types under a parent, or None."""
        for type in types:
            row = self._connection.execute(
                "SELECT arn FROM resources WHERE type = ? AND parent = ? LIMIT 1", (type, parent)
            ).fetchone()
            if row:
                return str(row[0])
        return None

    def page(self, type: str, parent: str | None, after: int, limit: int) -> tuple[list[Resource], int | None]:
        """Up to `limit` resources numbered above `after`, and the number to go on from, if any."""
        where, values = "type = ? AND seq > ?", [type, after]
        if parent is not None:
            where, values = "type = ? AND seq > ? AND parent = ?", [type, after, parent]
        rows = self._connection.execute(
            f"SELECT {_COLUMNS}, seq FROM resources WHERE {where} ORDER BY seq LIMIT ?", (*values, limit + 1)
        ).fetchall()
        more = rows[limit - 1][-1] if len(rows) > limit else None
        return [_resource(row[:-1]) for row in rows[:limit]], more

    def datasets_with_schema(self, schema_arn: str) -> list[str]:
        """The ARNs of the datasets that use a schema."""
        rows = self._connection.execute(
            "SELECT arn FROM resources WHERE type = 'dataset' AND json_extract(body, '$.schemaArn') = ?",
            (schema_arn,),
        )
        return [row[0] for row in rows]

    def campaign_moving_to(self, prefix: str) -> str | None:
        """The ARN of a campaign whose unfinished update names a version that begins with `prefix`."""
        row = self._connection.execute(
            "SELECT resources.arn FROM jobs JOIN resources USING (arn) "
            "WHERE state <> 'finished' AND kind = 'deploy' "
            "AND instr(json_extract(body, '$.latestCampaignUpdate.solutionVersionArn'), ?) = 1 LIMIT 1",
            (prefix,),
        ).fetchone()
        return str(row[0]) if row else None

    def tags(self, arn: str) -> dict[str, str]:
        """A resource's tags, sorted by key."""
        return dict(self._connection.execute("SELECT key, value FROM tags WHERE arn = ? ORDER BY key", (arn,)))

    def parts(self, dataset_arn: str) -> list[Part]:
        """A dataset's files in the order in which they were imported."""
        rows = self._connection.execute(
            "SELECT path, rows, bytes, job FROM parts WHERE dataset = ? ORDER BY id", (dataset_arn,)
        )
        return [Part(*row) for row in rows]

    def all_part_paths(self) -> set[str]:
        """The paths of every dataset's parts."""
        return {row[0] for row in self._connection.execute("SELECT path FROM parts")}

    def arns(self, type: str) -> set[str]:
        """The ARNs of all resources of a type."""
        return {row[0] for row in self._connection.execute("SELECT arn FROM resources WHERE type = ?", (type,))}

    def busy(self, scope: str, kinds: Sequence[str]) -> str | None:
        """The ARN of a resource with an unfinished job of one of these kinds in a scope, or None."""
        row = self._connection.execute(
            "SELECT arn FROM jobs WHERE scope = ? AND state <> 'finished' AND kind IN "
            f"({', '.join('?' * len(kinds))}) LIMIT 1",
            (scope, *kinds),
        ).fetchone()
        return str(row[0]) if row else None

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Rows of a statement that another module of the engine owns."""
        return self._connection.execute(sql, values).fetchall()

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The same one by one, for results that are not to be in memory as a whole."""
        yield from self._connection.execute(sql, values)

    def unfinished(self) -> list[tuple[int, str, str]]:
        """`(id, arn, kind)` of every job that is queued or running, oldest first."""
        rows = self._connection.execute("SELECT id, arn, kind FROM jobs WHERE state <> 'finished' ORDER BY id")
        return [(row[0], row[1], row[2]) for row in rows]

    def progress(self, arn: str) -> dict[str, Any] | None:
        """What the newest job of a resource last told."""
        row = self._connection.execute(
            "SELECT progress FROM jobs WHERE arn = ? ORDER BY id DESC LIMIT 1", (arn,)
        ).fetchone()
        return json.loads(row[0]) if row and row[0] else None


class Writer(Reader):
    """A transaction that writes."""

    @property
    def connection(self) -> sqlite3.Connection:
        """For the job queue's own statements."""
        return self._connection

    def insert(self, resource: Resource, tags: Mapping[str, str] | None = None) -> None:
        """Raises sqlite3.IntegrityError where the ARN, or the name within the type, is taken."""
        self._connection.execute(
            f"INSERT INTO resources ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                resource.arn,
                resource.type,
                resource.name,
                resource.parent,
                resource.status,
                resource.created,
                resource.updated,
                _dump(resource.body),
            ),
        )
        if tags:
            self.put_tags(resource.arn, tags)

    def save(self, resource: Resource, *, touch: bool = True) -> None:
        """Writes status, parent and body, and sets `updated` to now.

        touch  False leaves `updated` as it is: what changed is the engine's own
        """
        if touch:
            resource.updated = round(time.time(), 3)
        self._connection.execute(
            "UPDATE resources SET status = ?, parent = ?, updated = ?, body = ? WHERE arn = ?",
            (resource.status, resource.parent, resource.updated, _dump(resource.body), resource.arn),
        )

    def delete(self, arn: str) -> None:
        """Removes a resource with its tags, jobs, updates, and all that a dataset holds besides its files."""
        self._connection.execute("DELETE FROM resources WHERE arn = ?", (arn,))
        self._connection.execute("DELETE FROM tags WHERE arn = ?", (arn,))
        self._connection.execute("DELETE FROM jobs WHERE arn = ?", (arn,))
        for table in ("parts", "events", "puts"):
            self._connection.execute(f"DELETE FROM {table} WHERE dataset = ?", (arn,))
        self._connection.execute("DELETE FROM updates WHERE version = ?", (arn,))

    def put_tags(self, arn: str, tags: Mapping[str, str]) -> None:
        """Adds tags, or gives them new values."""
        self._connection.executemany(
            "INSERT INTO tags (arn, key, value) VALUES (?, ?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            [(arn, key, value) for key, value in tags.items()],
        )

    def remove_tags(self, arn: str, keys: Sequence[str]) -> None:
        """Removes those of the keys that are there."""
        self._connection.executemany("DELETE FROM tags WHERE arn = ? AND key = ?", [(arn, key) for key in keys])

    def enqueue(self, arn: str, kind: str, scope: str) -> None:
        """Adds a job for a resource. `scope` is the dataset group's ARN: its imports are kept in order."""
        self._connection.execute(
            "INSERT INTO jobs (arn, kind, scope, created) VALUES (?, ?, ?, ?)", (arn, kind, scope, time.time())
        )

    def stop_job(self, arn: str) -> bool:
        """Takes a waiting job out of the queue (True), or asks a running one to stop (False)."""
        waiting = self._connection.execute(
            "UPDATE jobs SET state = 'finished', stop = 1 WHERE arn = ? AND state = 'queued'", (arn,)
        )
        if waiting.rowcount:
            return True
        self._connection.execute("UPDATE jobs SET stop = 1 WHERE arn = ? AND state = 'running'", (arn,))
        return False

    def replace_parts(self, dataset_arn: str, parts: Sequence[Part], *, append: bool = False) -> None:
        """Makes `parts` a dataset's content, or adds them to it."""
        if not append:
            self._connection.execute("DELETE FROM parts WHERE dataset = ?", (dataset_arn,))
        self._connection.executemany(
            "INSERT INTO parts (dataset, job, path, rows, bytes) VALUES (?, ?, ?, ?, ?)",
            [(dataset_arn, part.job, part.path, part.rows, part.bytes) for part in parts],
        )


def _resource(row: tuple[Any, ...]) -> Resource:
    arn, type, name, parent, status, created, updated, body = row
    return Resource(arn, type, name, parent, json.loads(body), status, created, updated)


def _dump(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
