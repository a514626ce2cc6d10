"""The head of a state in S3: one JSON object that everything else hangs on."""

from __future__ import annotations

import base64
import json
import sqlite3
import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from pzdecl.state.errors import StateDamaged, StateTooNew
from pzdecl.state.lock import Holder
from pzdecl.state.sealing import Sealer

NAME = "head.json"
LAYOUT = 1
TAIL = 64 * 1024
"""Bytes of transactions that the head itself may hold."""
Statement = tuple[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class Head:
    """What the state is.

    id        a UUID given at birth, which all that is encrypted is bound to
    write     a UUID of each writing of the head: tells whether a write whose answer was lost has arrived
    format    that of the snapshot's tables and of the transactions
    tail      the newest transactions, packed; before them come those of the `segments`
    key_id    which key the snapshot was sealed with, None if with none
    lock      the row of the lock, by column
    """

    id: str
    format: int
    snapshot: str
    key_id: str | None
    segments: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()
    lock: Mapping[str, Any] | None = None
    write: str = ""
    layout: int = LAYOUT

    @property
    def holder(self) -> Holder | None:
        """Who holds the lock."""
        return None if self.lock is None else Holder.of(self.lock)

    @property
    def data(self) -> tuple[Any, ...]:
        """All that decides what the rows are: equal where only the lock differs."""
        return self.snapshot, self.segments, self.tail

    def signed(self) -> Head:
        """With a new `write`."""
        return replace(self, write=uuid.uuid4().hex)

    def to_bytes(self) -> bytes:
        """As the object's content."""
        return json.dumps({"pzdecl": "state", **asdict(self)}, indent=1).encode()

    @classmethod
    def read(cls, content: bytes, where: str) -> Head:
        """The reverse. Raises StateDamaged, StateTooNew."""
        try:
            told = json.loads(content)
            if told.pop("pzdecl") != "state":
                raise KeyError("pzdecl")
            if told["layout"] > LAYOUT:
                raise StateTooNew(where, told["layout"], LAYOUT)
            head = cls(**{**told, "segments": tuple(told["segments"]), "tail": tuple(told["tail"])})
            head.holder  # noqa: B018 - tells whether the lock's row is whole
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise StateDamaged(where, f"{NAME} is no head of a state") from error
        return head


def pack(statements: Iterable[Statement], sealer: Sealer, state: str) -> str:
    """A transaction as text: JSON, compressed, sealed."""
    plain = json.dumps([[sql, list(parameters)] for sql, parameters in statements]).encode()
    return base64.b64encode(sealer.seal(zlib.compress(plain), f"{state} journal")).decode()


def replay(
    connection: sqlite3.Connection, packed: Iterable[str], sealer: Sealer, head: Head, where: str
) -> None:
    """Runs transactions again on the snapshot that they followed. Raises StateDamaged, PzdeclError.

    Nothing but changes of rows is run, whatever stands in the bucket.
    """
    connection.set_authorizer(_only_rows)
    try:
        for text in packed:
            plain = sealer.open(base64.b64decode(text), f"{head.id} journal", f"the state {where}")
            connection.execute("BEGIN")
            for sql, parameters in json.loads(zlib.decompress(plain)):
                connection.execute(sql, parameters)
            connection.execute("COMMIT")
    except (ValueError, TypeError, zlib.error, sqlite3.Error) as error:
        raise StateDamaged(where, f"a transaction of its journal can't be read ({error})") from error
    finally:
        connection.set_authorizer(None)


_ROWS = frozenset(
    {
        sqlite3.SQLITE_INSERT,
        sqlite3.SQLITE_UPDATE,
        sqlite3.SQLITE_DELETE,
        sqlite3.SQLITE_READ,
        sqlite3.SQLITE_SELECT,
        sqlite3.SQLITE_TRANSACTION,
        sqlite3.SQLITE_RECURSIVE,
    }
)


def _only_rows(action: int, first: str | None, second: str | None, *_: str | None) -> int:
    if action == sqlite3.SQLITE_FUNCTION:
        return sqlite3.SQLITE_OK if (second or "").lower() == "coalesce" else sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK if action in _ROWS and first != "sqlite_master" else sqlite3.SQLITE_DENY
