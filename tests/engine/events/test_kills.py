"""SIGKILL under a load of PutEvents: what was acknowledged is there, and nothing is there twice."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from pzdecl.engine.events import log
from tests.engine.events.conftest import NOW, Shop
from tests.engine.events.programs import BATCH
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
FEW = 4


def _killed(shop: Shop, run: int, seconds: float) -> list[list[str]]:
    """The batches that were acknowledged before the process was killed, so long after the first few."""
    command = [sys.executable, "-m", "tests.engine.events.programs", str(shop.engine.folder)]
    with subprocess.Popen(
        [*command, shop.tracking_id, str(run)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        first = [process.stdout.readline() for _ in range(FEW)]
        time.sleep(seconds)
        process.send_signal(signal.SIGKILL)
        lines = [*first, *process.stdout.readlines()]
        process.wait(timeout=PATIENCE)
    return [line.split() for line in lines if line.endswith("\n")]


@pytest.mark.parametrize("times", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_acknowledged_events_outlive_sigkill(shop: Shop, times: int) -> None:
    draw = random.Random(5)
    acknowledged: list[str] = []
    for run in range(times):
        batches = _killed(shop, run, draw.uniform(0.0, 0.3))
        assert all(len(batch) == BATCH for batch in batches)
        acknowledged += [one for batch in batches for one in batch]
        # A client that got no answer sends its last batch again.
        again = [{"eventId": one, "itemId": one, "sentAt": NOW} for one in batches[-1]]
        shop.put(*again, user=None)
    with shop.engine._context.store.read() as reader:
        rows = list(log.everything(reader, shop.interactions))
        assert reader.query("PRAGMA integrity_check") == [("ok",)]
    kept = Counter(event.event for _, event in rows)
    assert len(acknowledged) >= FEW * BATCH * times
    assert set(acknowledged) <= set(kept)
    assert max(kept.values()) == 1
    # All of a request or nothing of it.
    requests = Counter(str(event).rpartition("-")[0] for event in kept)
    assert set(requests.values()) == {BATCH}
