"""A dataset group with a tracker, whose schemas have columns of every kind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine import Engine
from pzdecl.engine.store import store
from tests.contract.clients import InProcess, avro, dataset, field, group, schema

NOW = 1_700_000_000


INTERACTIONS = avro(
    "Interactions",
    field("USER_ID", "string"),
    field("ITEM_ID", "string"),
    field("TIMESTAMP", "long"),
    field("EVENT_TYPE", "string"),
    field("EVENT_VALUE", "null", "float"),
    field("DEVICE", "null", "string"),
    field("NUM_RATINGS", "null", "int"),
)
ITEMS = avro(
    "Items",
    field("ITEM_ID", "string"),
    field("GENRES", "null", "string", categorical=True),
    field("PRICE", "float"),
    field("IN_STOCK", "null", "boolean"),
    field("CREATION_TIMESTAMP", "null", "long"),
)
USERS = avro("Users", field("USER_ID", "string"), field("AGE", "null", "int"))


class Shop:
    """An engine with a group of three datasets and a tracker; its clock stands still."""

    def __init__(self, folder: Path) -> None:
        self.now = float(NOW)
        self.engine = Engine(folder / "engine", clock=lambda: self.now)
        self.service = InProcess(self.engine)
        self.group = group(self.service)
        self.datasets = {
            kind: dataset(self.service, self.group, schema(self.service, kind, fields), kind)
            for kind, fields in (("Interactions", INTERACTIONS), ("Items", ITEMS), ("Users", USERS))
        }
        self.interactions = self.datasets["Interactions"]
        made = self.service.call("create_event_tracker", name="web", datasetGroupArn=self.group)
        self.tracking_id = str(made["trackingId"])

    def request(self, *events: dict[str, Any], user: str | None = "ann", session: str = "s1") -> dict[str, Any]:
        """The parameters of PutEvents; what an event leaves out is filled in."""
        filled = [{"eventType": "watch", "itemId": "i1", "sentAt": NOW, **event} for event in events]
        who = {} if user is None else {"userId": user}
        return {"trackingId": self.tracking_id, "sessionId": session, "eventList": filled, **who}

    def put(self, *events: dict[str, Any], user: str | None = "ann", session: str = "s1") -> None:
        self.service.call("put_events", **self.request(*events, user=user, session=session))

    def refused(self, *events: dict[str, Any]) -> str:
        """The message of an InvalidInputException."""
        code, message = self.service.refused("put_events", **self.request(*events))
        assert code == "InvalidInputException"
        return message

    def rows(self, kind: str = "INTERACTIONS") -> list[dict[str, Any]]:
        """What was put, as the next export would have it."""
        import pyarrow.parquet as pq

        from pzdecl.engine.events.parts import write_part

        path = self.engine.folder / "read.parquet"
        with self.engine._context.store.read() as reader:
            found = reader.get(self.datasets[kind.capitalize()])
            assert found
            if not write_part(reader, found, path):
                return []
        rows: list[dict[str, Any]] = pq.read_table(path).to_pylist()
        path.unlink()
        return [{key: value for key, value in row.items() if value is not None} for row in rows]


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    """Nothing here is about power failures, so nothing waits for the disk."""
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    made = Shop(tmp_path)
    yield made
    made.engine.close()


def text(**values: Any) -> str:
    """`properties` of an event."""
    return json.dumps(values)
