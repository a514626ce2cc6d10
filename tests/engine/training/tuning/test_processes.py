"""Trials run side by side in processes of their own, and a killed search goes on where it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.tuning import child
from pzdecl.engine.training.tuning import search as module
from pzdecl.engine.training.tuning.trials import Trials, read_trials
from tests.engine.training.tuning.conftest import Laboratory
from tests.engine.training.tuning.program import MODULE
from tests.engine.training.tuning.toys import EPOCHS
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[4]


@pytest.fixture
def parallel(lab: Laboratory, monkeypatch: pytest.MonkeyPatch) -> Laboratory:
    """On a machine of two cores, with children that know the toys."""
    monkeypatch.setattr(module, "cores", lambda: 2)
    monkeypatch.setattr(child, "MODULE", MODULE)
    return lab


def start(lab: Laboratory, solution: dict[str, Any], cores: int) -> subprocess.Popen[bytes]:
    """The search in another process."""
    data = {kind: [str(path) for path in paths] for kind, paths in lab.data.items()}
    given = {"solution": solution, "data": data, "folder": str(lab.folder), "cores": cores}
    (lab.root / "given.json").write_text(json.dumps(given))
    return subprocess.Popen([sys.executable, "-m", MODULE, str(lab.root / "given.json")], cwd=ROOT)


def further(lab: Laboratory, epochs: int, process: subprocess.Popen[bytes]) -> None:
    """Waits until so many more epochs have begun, or the process has ended."""
    wanted = begun(lab) + epochs
    until(lambda: begun(lab) >= wanted or process.poll() is not None)


def begun(lab: Laboratory) -> int:
    return len(lab.log.read_text().splitlines()) if lab.log.exists() else 0


def finished(lab: Laboratory) -> Trials:
    trials = read_trials(lab.folder)
    assert trials is not None
    return trials


def test_trials_are_at_work_at_the_same_time(parallel: Laboratory) -> None:
    """Each waits for the other before it goes on."""
    meeting = parallel.root / "meeting"
    found = parallel.search(parallel.solution(trials=2, meeting=str(meeting)))
    assert [trial.state for trial in found.candidates[0].trials] == ["complete", "complete"]
    processes = {int(file.read_text()) for file in meeting.iterdir()}
    assert len(processes) == 2
    assert os.getpid() not in processes


def test_one_at_a_time_where_no_more_are_allowed(parallel: Laboratory) -> None:
    solution = parallel.solution(trials=1, meeting=str(parallel.root / "meeting"))
    (parallel.root / "meeting").mkdir()
    (parallel.root / "meeting" / "somebody").touch()
    solution["solutionConfig"]["hpoConfig"]["hpoResourceConfig"]["maxParallelTrainingJobs"] = "1"
    parallel.search(solution)
    assert (parallel.root / "meeting" / "200").read_text() == str(os.getpid())


@pytest.mark.slow
def test_what_fails_in_a_child_is_told_in_its_words(parallel: Laboratory) -> None:
    with pytest.raises(TrainingFailed, match=r"^This width cannot be trained\.$"):
        parallel.search(parallel.solution(trials=3, broken=list(range(257))))


@pytest.mark.slow
def test_a_fault_in_a_child_is_a_failed_trial(parallel: Laboratory, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(TrainingFailed, match=r"^Internal error in the built-in engine: FileNotFoundError: "):
        parallel.search(parallel.solution(trials=2, log=str(parallel.root / "nowhere" / "log")))
    assert "Traceback" in caplog.text  # the whole of it is in the log
    assert [trial.state for trial in finished(parallel).candidates[0].trials] == ["failed", "failed"]


@pytest.mark.slow
def test_a_child_that_is_killed_is_a_failed_trial(parallel: Laboratory) -> None:
    solution = parallel.solution(trials=2, suicide=200, sleep=0.02)
    first, second = parallel.search(solution).candidates[0].trials
    assert (first.state, second.state) == ("failed", "complete")
    assert "process was killed (signal 9)" in str(first.reason)


@pytest.mark.slow
def test_a_child_that_cannot_begin_comes_with_what_it_wrote(
    parallel: Laboratory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child, "MODULE", "pzdecl.nowhere")
    with pytest.raises(TrainingFailed, match=r"No module named pzdecl\.nowhere"):
        parallel.search(parallel.solution(trials=2))


@pytest.mark.slow
def test_cancelling_stops_the_children(parallel: Laboratory) -> None:
    meeting = parallel.root / "meeting"
    with pytest.raises(TrainingCancelled):
        parallel.search(parallel.solution(trials=2, sleep=0.5, meeting=str(meeting)), parallel.log.exists)
    for file in meeting.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(file.read_text()), 0)


@pytest.mark.slow
def test_a_search_that_is_killed_goes_on(lab: Laboratory) -> None:
    """Again and again, at any instant: no epoch of a trial is trained twice, and the result is the same."""
    whole = lab.search(lab.solution(trials=6))
    once = lab.log.read_text()
    (lab.folder / "trials.json").unlink()
    lab.log.unlink()
    solution = lab.solution(trials=6, sleep=0.01)
    kills = 0
    for more in (1, 9, 14, 3):
        process = start(lab, solution, cores=1)
        further(lab, more, process)
        if process.poll() is None:
            process.kill()
            kills += 1
        process.wait()
    assert kills >= 3
    assert start(lab, solution, cores=1).wait() == 0
    assert lab.log.read_text() == once
    assert finished(lab).parameters == whole.parameters
    assert [t.state for t in finished(lab).candidates[0].trials] == [
        t.state for t in whole.candidates[0].trials
    ]


@pytest.mark.slow
def test_children_of_a_killed_search_end_and_their_trials_go_on(lab: Laboratory) -> None:
    meeting = lab.root / "meeting"
    solution = lab.solution(trials=4, sleep=0.05, meeting=str(meeting))
    process = start(lab, solution, cores=2)
    further(lab, 4, process)
    children = [int(file.read_text()) for file in meeting.iterdir()]
    process.send_signal(signal.SIGKILL)
    process.wait()
    until(lambda: not any(alive(pid) for pid in children))
    assert start(lab, solution, cores=2).wait() == 0
    assert len(finished(lab).candidates[0].trials) == 4
    trained = Counter(lab.log.read_text().splitlines())
    assert set(trained.values()) == {1}
    complete = [trial for trial in finished(lab).candidates[0].trials if trial.state == "complete"]
    assert complete
    for trial in complete:
        mine = [trial.parameters["width"], trial.parameters["mask"]]
        assert sum(json.loads(line)[:2] == mine for line in trained) == EPOCHS


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").exists() and " Z " not in Path(f"/proc/{pid}/stat").read_text()
