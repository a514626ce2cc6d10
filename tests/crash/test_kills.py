"""Apply is killed with SIGKILL; the next apply finishes, with no orphan, no duplicate, no training run twice.

The default suite kills at some points and some random times. `PZDECL_KILLS` sets how many of each; the slow
test takes every point there is.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from pzdecl.kinds import KINDS
from pzdecl.project import load
from tests.crash import process, projects

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")

KILLS = int(os.environ.get("PZDECL_KILLS", "1"))
STAGES = ("create", "change", "destroy")


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The project as it is before each stage."""
    base = tmp_path_factory.mktemp("crash")
    made = {"create": projects.write(base / "create")}
    for stage, before in (("change", "create"), ("destroy", "change")):
        made[stage] = base / stage
        shutil.copytree(made[before], made[stage])
        assert not process.run(made[stage])
        if stage == "change":
            projects.change(made[stage])
    return made


@pytest.mark.parametrize("stage", STAGES)
def test_some_points(folders: dict[str, Path], tmp_path: Path, stage: str) -> None:
    total = _points(folders[stage], tmp_path, stage)
    for last in sorted(random.Random().sample(range(1, total + 1), min(KILLS, total))):
        _kill_at(folders[stage], tmp_path, stage, last)


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_every_point(folders: dict[str, Path], tmp_path: Path, stage: str) -> None:
    last = 1
    while _kill_at(folders[stage], tmp_path, stage, last):
        last += 1
    assert last > 10


@pytest.mark.parametrize("stage", STAGES)
def test_any_time(folders: dict[str, Path], tmp_path: Path, stage: str) -> None:
    root = _copy(folders[stage], tmp_path / "timed")
    began = time.monotonic()
    process.run(root, destroy=stage == "destroy")
    usual = time.monotonic() - began
    shutil.rmtree(root)
    for _ in range(KILLS):
        root = _copy(folders[stage], tmp_path / "killed")
        delay = random.uniform(0, usual)
        started = process.start(root, destroy=stage == "destroy")
        time.sleep(delay)
        with suppress(ProcessLookupError):  # it may have been quicker
            os.kill(started.pid, signal.SIGKILL)
        started.join()
        _finish(root, stage, f"killed after {delay:.3f} s")


@pytest.mark.slow
def test_killed_again_and_again(folders: dict[str, Path], tmp_path: Path) -> None:
    """Each apply of the same project is killed a little later than the one before."""
    root = _copy(folders["create"], tmp_path / "again")
    last = 1
    while process.run(root, last=last):
        last += 1
    _finish(root, "create", f"after {last} kills")


def _points(source: Path, scratch: Path, stage: str) -> int:
    """How many points a whole run has: about as many as there are ways to kill it."""
    root = _copy(source, scratch / "whole")
    counted = scratch / "points"
    process.run(root, destroy=stage == "destroy", count=counted)
    shutil.rmtree(root)
    return int(counted.read_text())


def _kill_at(source: Path, scratch: Path, stage: str, last: int) -> bool:
    root = _copy(source, scratch / "killed")
    killed = process.run(root, last=last, destroy=stage == "destroy")
    _finish(root, stage, f"killed at point {last}")
    return killed


def _finish(root: Path, stage: str, when: str) -> None:
    """Applies again and looks at what is there."""
    destroy = stage == "destroy"
    assert not process.run(root, destroy=destroy), when
    project = load(root)
    with project.state() as state:
        rows = {row.arn for row in state.resources().values()}
        assert state.deposed() == [], when
        assert state.intents() == [], when
        assert state.failures() == {}, when
        assert state.lock_info() is None, when
    there = process.live(root)
    deletable = {arn for kind, arns in there.items() if KINDS[kind].deletable for arn in arns}
    recorded = {arn for arn in rows if arn in deletable}
    assert deletable == recorded, f"{when}: orphans"
    assert rows <= {arn for arns in there.values() for arn in arns}, f"{when}: recorded, but not there"
    if destroy:
        assert rows == set(), when
    else:
        assert len(there["SolutionVersion"]) == 1, f"{when}: trained twice"
        assert len(there["DatasetImport"]) == (2 if stage == "change" else 1), f"{when}: imported twice"
    assert not project.plan(destroy=destroy).has_changes, when
    shutil.rmtree(root)


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    return target
