"""SIGKILL of `pzdecl serve` under a load of PutEvents: what clients were told is there, nothing is twice."""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from pzdecl.engine.events import log
from tests.engine.events.conftest import NOW, Shop
from tests.waiting import PATIENCE

pytest.importorskip("starlette")
CLIENTS = 6
BATCH = 5


@contextmanager
def serving(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A server of the engine in a folder, and its address; killed at the end at the latest."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PZDECL_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "pzdecl", "serve", "--engine", folder, "--port", "0", "--access-log", "off"],
        cwd=folder.parent,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout
        yield process, str(urlsplit(process.stdout.readline().strip()).netloc)
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


class Client(threading.Thread):
    """Puts batch after batch until the connection breaks. Events that nobody acknowledged are sent first."""

    def __init__(self, address: str, shop: Shop, name: str, again: list[str]) -> None:
        super().__init__()
        self.acknowledged: list[str] = []
        self.pending = again
        self.began = threading.Event()
        self._address = address
        self._tracking_id = shop.tracking_id
        self._label = name

    def run(self) -> None:
        connection = http.client.HTTPConnection(self._address, timeout=PATIENCE)
        turn = 0
        try:
            while True:
                self.pending = self.pending or [f"{self._label}-{turn}-{place}" for place in range(BATCH)]
                turn += 1
                self._put(connection, self.pending)
                self.acknowledged += self.pending
                self.pending = []
                self.began.set()
        except (http.client.HTTPException, OSError):
            pass  # the server was killed: the last batch is sent again to the next one
        finally:
            self.began.set()
            connection.close()

    def _put(self, connection: http.client.HTTPConnection, ids: list[str]) -> None:
        told = [{"eventId": i, "eventType": "e", "itemId": i, "sentAt": NOW} for i in ids]
        body = {
            "trackingId": self._tracking_id,
            "sessionId": self._label,
            "userId": self._label,
            "eventList": told,
        }
        connection.request("POST", "/events", json.dumps(body), {"Content-Type": "application/json"})
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_what_clients_were_told_outlives_sigkill(shop: Shop, times: int) -> None:
    draw = random.Random(7)
    acknowledged: list[str] = []
    pending: list[list[str]] = [[] for _ in range(CLIENTS)]
    for run in range(times):
        with serving(shop.engine.folder) as (process, address):
            clients = [Client(address, shop, f"{run}-{n}", pending[n]) for n in range(CLIENTS)]
            for client in clients:
                client.start()
            for client in clients:
                assert client.began.wait(300)
            time.sleep(draw.uniform(0.0, 0.4))
            process.send_signal(signal.SIGKILL)
            for client in clients:
                client.join(300)
                assert not client.is_alive()
        for client in clients:
            acknowledged += client.acknowledged
        pending = [client.pending for client in clients]
    assert len(acknowledged) >= times * CLIENTS * BATCH
    with shop.engine._context.store.read() as reader:
        assert reader.query("PRAGMA integrity_check") == [("ok",)]
        rows = list(log.everything(reader, shop.interactions))
    kept = Counter(event.event for _, event in rows)
    assert set(acknowledged) <= set(kept), "an event that was acknowledged is lost"
    assert max(kept.values()) == 1, "an event is there twice"
    assert set(kept) <= {*acknowledged, *(one for batch in pending for one in batch)}
    requests = Counter(str(event).rpartition("-")[0] for event in kept)
    assert set(requests.values()) == {BATCH}, "a part of a request"
