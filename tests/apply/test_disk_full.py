"""The disk fills while a run writes its state: what was done is kept, and the next run goes on from there."""

from __future__ import annotations

import sqlite3

import pytest

from pzdecl.apply import Outcome
from pzdecl.state.errors import StateUnwritable
from tests.apply.plans import Bench, make

CHAIN = [make(f"Schema/s{n}", [f"create Schema/s{n - 1}"] if n else []) for n in range(120)]


def pages(bench: Bench, spare: int | None) -> None:
    """Lets the state file grow by so many pages and no further, as a disk does; None: as far as it wants."""
    connection = bench.state._connection
    assert isinstance(connection, sqlite3.Connection)
    (now,) = connection.execute("PRAGMA page_count").fetchone()
    connection.execute(f"PRAGMA max_page_count = {2**30 if spare is None else now + spare}")


@pytest.mark.parametrize("spare", [0, 1, 5])
def test_a_full_disk_costs_nothing_but_another_run(bench: Bench, spare: int) -> None:
    plan = bench.plan(*CHAIN)
    pages(bench, spare)
    with pytest.raises(StateUnwritable) as caught:
        bench.apply(plan)
    assert "disk is full" in caught.value.message
    assert caught.value.hint == "free some disk space and run the same command again: what was done is recorded"
    assert bench.state.lock_info() is None
    done = len(bench.state.resources())
    assert 0 < done <= len(bench.service.made) < len(CHAIN)

    pages(bench, None)
    assert bench.apply(plan).outcome is Outcome.DONE
    assert set(bench.service.made.values()) == {1}
    assert bench.managed() == bench.service.live()
    assert bench.state.intents() == []
