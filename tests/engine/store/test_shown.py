"""The log of lists that were explored."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pzdecl.engine.store import shown
from pzdecl.engine.store.shown import Shown, ShownLog


def _list(number: int, campaign: str = "a") -> Shown:
    user = None if number % 2 else f"u{number}"
    return Shown(f"RID-{number}", float(number), campaign, "v", user, ("i1", "ü2"), (0.25, 1.0), (True, False))


def test_lists_come_back_as_they_were_written(tmp_path: Path) -> None:
    log = ShownLog(tmp_path)
    assert list(log.read()) == []
    assert not log.path.exists()  # nothing is made before something is shown
    written = [_list(number, "ab"[number % 2]) for number in range(6)]
    for one in written:
        log.append(one)
    assert list(log.read()) == list(ShownLog(tmp_path).read()) == written
    assert list(log.read("b")) == written[1::2]
    assert log.find("RID-4") == written[4]
    assert log.find("RID-9") is None
    log.close()
    log.append(_list(7))
    assert len(list(log.read())) == 7


def test_users_are_forgotten(tmp_path: Path) -> None:
    log = ShownLog(tmp_path)
    log.forget(["u0"])
    assert not log.path.exists()  # forgetting makes nothing, either
    for number in range(6):
        log.append(_list(number))
    log.forget({"u0", "u4", "u9"})
    assert [one.recommendation for one in log.read()] == ["RID-1", "RID-2", "RID-3", "RID-5"]
    left = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"RID-2" in left
    assert b"RID-4" not in left, "what was removed is overwritten"


def test_only_the_newest_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shown, "KEPT", 10)
    monkeypatch.setattr(shown, "CLEARED", 5)
    log = ShownLog(tmp_path)
    for number in range(43):
        log.append(_list(number))
    kept = [int(one.at) for one in log.read()]
    assert kept == list(range(30, 43))


def test_several_threads_and_processes_write_at_once(tmp_path: Path) -> None:
    logs = [ShownLog(tmp_path) for _ in range(3)]  # each has a connection of its own, as a process has
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda number: logs[number % 3].append(_list(number)), range(120)))
    assert sorted(int(one.at) for one in logs[0].read()) == list(range(120))


def test_a_log_that_can_not_be_written_is_told_and_costs_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ShownLog(tmp_path / "missing").append(_list(0))
    assert "can't be logged" in caplog.text


def test_a_log_that_can_not_be_read_has_no_list(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    log = ShownLog(tmp_path)
    log.path.touch()  # as it is for a moment when the very first list is written
    assert log.find("RID-1") is None
    assert list(log.read()) == []
    assert not caplog.records
    log.path.write_bytes(b"no database at all" * 100)
    assert log.find("RID-1") is None
    assert "can't be read" in caplog.text
