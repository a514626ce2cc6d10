"""Many clients at once, and all that changes meanwhile: nothing but the API's own errors comes out."""

from __future__ import annotations

import logging
import os
import random
import re
import sys
import threading
import traceback
from collections import Counter
from pathlib import Path

import pytest

from pzdecl.engine.errors import ServiceError, UnavailableException
from pzdecl.engine.store import store
from pzdecl.engine.store.store import EngineFolderError
from tests.engine.api.acts import ACTS
from tests.engine.api.crowd import World

THREADS = 8
ROUNDS = int(os.environ.get("PZDECL_CROWD_ROUNDS", "250"))
"""What each client does."""
SWITCH = 0.0001
"""Seconds between threads' turns, of Python's 0.005: more of them come between each other."""
EXPECTED = re.compile(
    "filter does not exist|filter named .* already exists|returns no metadata|does not serve|"
    "can't be (updated|started|stopped|deleted)"
)
"""What clients that come in each other's way are told. A ValueError of numpy's is none of these."""


class Crowd:
    """Clients that draw what they do; what was answered is counted, what must not come out is kept."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.seed = seed
        self.closed = threading.Event()
        self.answers: Counter[str] = Counter()
        self.refusals: set[str] = set()
        self.bugs: list[str] = []

    def run(self, rounds: int) -> list[threading.Thread]:
        threads = [threading.Thread(target=self._client, args=(n, rounds)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        return threads

    def _client(self, number: int, rounds: int) -> None:
        draw = random.Random(f"{self.seed} {number}")
        acts = draw.choices(list(ACTS), list(ACTS.values()), k=rounds)
        for turn, act in enumerate(acts):
            try:
                act(self.world, draw, f"n{number}-{rounds}-{turn}")
                self.answers[f"{act.__name__} answered"] += 1
            except UnavailableException as error:
                self.bugs.append(f"{act.__name__}: {error}\n{traceback.format_exc()}")
            except ServiceError as error:
                self.answers[f"{act.__name__} {error.code}"] += 1
                self.refusals.add(re.sub(r"\d+", "0", error.message))
            except EngineFolderError as error:
                if not self.closed.is_set() or "is closed" not in str(error):
                    self.bugs.append(traceback.format_exc())
                return
            except Exception:
                self.bugs.append(f"{act.__name__}:\n{traceback.format_exc()}")


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_a_crowd_meets_nothing_but_the_apis_errors(
    seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(store, "SYNCHRONOUS", "OFF")
    died: list[str] = []
    monkeypatch.setattr(
        threading, "excepthook", lambda given: died.append(f"{given.thread}: {given.exc_value!r}")
    )
    world = World(tmp_path, seed)
    assert world.troubles() == []
    switching = sys.getswitchinterval()
    try:
        sys.setswitchinterval(SWITCH)
        crowd = Crowd(world, seed)
        with caplog.at_level(logging.WARNING):
            for thread in crowd.run(ROUNDS):
                thread.join()
            world.drain()
        assert not crowd.bugs, "\n".join(crowd.bugs[:3])
        strange = [one for one in crowd.refusals if not EXPECTED.search(one)]
        assert not strange, strange
        assert world.troubles() == []
        assert [one.getMessage() for one in caplog.records] == []
        for act in ACTS:
            assert crowd.answers[f"{act.__name__} answered"], act
        late = crowd.run(10 * ROUNDS)
        crowd.closed.set()
        world.engine.close()
        for thread in late:
            thread.join()
        assert not crowd.bugs, "\n".join(crowd.bugs[:3])
    finally:
        sys.setswitchinterval(switching)
        world.engine.close()
    assert not died
