"""The lock, held by real processes."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pzdecl.errors import StateLocked
from pzdecl.manifests.model import StateSettings
from pzdecl.state import State, lock, open_state
from pzdecl.state.model import LockInfo
from tests.state.doctor import edit_lock
from tests.state.holder import holder
from tests.state.rows import begin, put, row
from tests.waiting import PATIENCE, until


@contextmanager
def held(place: StateSettings) -> Iterator[None]:
    """Somebody holds the lock."""
    with open_state(place, create=True) as other, other.lock(command="apply"):
        yield


def test_the_second_is_told_who_holds_it_since_when(place: StateSettings) -> None:
    with holder(place) as process, open_state(place, create=True) as state:
        with pytest.raises(StateLocked) as told, state.lock(command="apply"):
            pass
        info = state.lock_info()
    assert info is not None
    assert told.value.exit_status == 6
    message = told.value.message
    assert f"{info.who}@{socket.gethostname()}" in message
    assert f"pid {process.pid}" in message
    assert "apply --auto-approve" in message
    assert f"{info.since.astimezone():%Y-%m-%d %H:%M}" in message
    assert "seconds ago" in message or "second ago" in message
    assert "--lock-timeout" in str(told.value.hint)


def test_waiting_for_it(place: StateSettings) -> None:
    with (
        holder(place, 0.3),
        open_state(place, create=True) as state,
        state.lock(command="apply", timeout=PATIENCE),
    ):
        info = state.lock_info()
        assert info is not None
        assert info.pid == os.getpid()


def test_waiting_ends(place: StateSettings) -> None:
    with held(place), open_state(place, create=True) as state:
        began = time.monotonic()
        with pytest.raises(StateLocked), state.lock(command="apply", timeout=0.2):
            pass
        assert time.monotonic() - began >= 0.2


def test_a_killed_holder_is_not_in_the_way(place: StateSettings) -> None:
    with holder(place) as process, open_state(place, create=True) as state:
        alive = state.lock_info()
        assert alive is not None
        assert not alive.gone
        process.send_signal(signal.SIGKILL)
        process.wait()
        info = state.lock_info()
        assert info is not None
        assert info.pid == process.pid
        assert info.gone
        with state.lock(command="apply"):
            begin(state)


def test_it_is_free_afterwards_and_after_an_error(place: StateSettings) -> None:
    with open_state(place, create=True) as state:
        with pytest.raises(KeyError), state.lock(command="apply"):
            raise KeyError
        assert state.lock_info() is None


def test_nested_use_takes_it_once(place: StateSettings) -> None:
    with open_state(place, create=True) as state, state.lock(command="apply"):
        outer = state.lock_info()
        with state.lock(command="inner"):
            assert state.lock_info() == outer
        assert state.lock_info() == outer


def test_two_in_one_process_exclude_each_other(place: StateSettings) -> None:
    with (
        open_state(place, create=True) as one,
        open_state(place, create=True) as two,
        one.lock(command="apply"),
        pytest.raises(StateLocked),
        two.lock(command="apply"),
    ):
        pass


def test_exactly_one_of_many_gets_it(place: StateSettings) -> None:
    """Threads with a connection of their own, all at the same instant."""
    open_state(place, create=True).close()
    ready, got, done = threading.Barrier(8, timeout=PATIENCE), [], threading.Barrier(8, timeout=PATIENCE)

    def take() -> None:
        with open_state(place, create=True) as state:
            ready.wait()
            try:
                with state.lock(command="apply"):
                    got.append(state)
                    done.wait()
            except StateLocked:
                done.wait()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 1


def test_unlocking_fences_off_the_former_holder(place: StateSettings) -> None:
    with open_state(place, create=True) as mine, mine.lock(command="apply"):
        run = begin(mine)
        with open_state(place, create=True) as other:
            freed = other.unlock()
            assert freed is not None
            assert freed.pid == os.getpid()
            with pytest.raises(StateLocked, match="lost its lock"):
                put(mine, run, row("Schema/s"))
            with other.lock(command="apply"):
                with pytest.raises(StateLocked, match="holds it now"):
                    put(mine, run, row("Schema/s"))
                assert other.resources() == {}
                held = other.lock_info()
                assert held is not None


def test_letting_go_after_losing_it_does_not_free_it_for_the_other(place: StateSettings) -> None:
    with open_state(place, create=True) as mine, open_state(place, create=True) as other:
        with mine.lock(command="apply"):
            other.unlock()
            assert other._take(uuid.uuid4().hex, "apply") is None
        with open_state(place, create=False) as reader:
            assert reader.lock_info() is not None


def test_unlocking_a_state_that_was_opened_for_reading(place: StateSettings) -> None:
    with open_state(place, create=True) as mine:
        assert mine._take(uuid.uuid4().hex, "apply") is None
        with open_state(place, create=False) as reader:
            taken = reader.unlock()
            assert taken is not None
            assert taken.command == "apply"
            assert reader.lock_info() is None


def test_unlocking_what_is_free(place: StateSettings) -> None:
    with open_state(place, create=True) as state:
        assert state.unlock() is None


def test_the_heart_beats(place: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.02)
    with open_state(place, create=True) as state, state.lock(command="apply"):
        before = state.lock_info()
        assert before is not None

        def look() -> LockInfo | None:
            with open_state(place, create=False) as reader:
                return reader.lock_info()

        after = until(look, lambda seen: seen != before)
    assert after is not None
    assert after.heartbeat > before.heartbeat
    assert after.since == before.since


def test_a_run_writes_on_while_its_heart_beats(place: StateSettings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.02)
    with open_state(place, create=True) as state, state.lock(command="apply"):
        run = begin(state)
        for number in range(30):
            put(state, run, row(f"Schema/s{number}"))
    with open_state(place, create=False) as reader:
        assert len(reader.resources()) == 30


def test_a_silent_holder_elsewhere_is_not_broken_but_unlock_is_offered(place: StateSettings) -> None:
    with open_state(place, create=True) as holding:
        assert holding._take(uuid.uuid4().hex, "apply") is None
        edit_lock(place, host="elsewhere", since=time.time() - 7200, heartbeat=time.time() - 3600)
        with (
            open_state(place, create=True) as state,
            pytest.raises(StateLocked) as told,
            state.lock(command="apply"),
        ):
            pass
    assert "2 hours ago" in told.value.message
    assert "last sign of life was 1 hour ago" in told.value.message
    assert "pzdecl state unlock" in str(told.value.hint)


def test_a_reused_pid_is_not_the_holder(place: StateSettings) -> None:
    with open_state(place, create=True) as state:
        assert state._take(uuid.uuid4().hex, "apply") is None
        edit_lock(place, process_started="1")
        with open_state(place, create=True) as other, other.lock(command="apply"):
            assert other.lock_info() is not None


def test_reading_needs_no_lock(place: StateSettings) -> None:
    with held(place), open_state(place, create=False) as state:
        assert isinstance(state, State)
        assert state.resources() == {}
