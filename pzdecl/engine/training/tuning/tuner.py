"""The trials of one recipe: drawn, run side by side, given up where hopeless, and written down."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from pzdecl.engine.progress import Progress, Report
from pzdecl.engine.recipes.base import Value
from pzdecl.engine.recipes.ranges import Range
from pzdecl.engine.training.errors import TrainingCancelled, TrainingFailed
from pzdecl.engine.training.tuning import child, task
from pzdecl.engine.training.tuning.study import Study
from pzdecl.engine.training.tuning.task import Execute, Task
from pzdecl.engine.training.tuning.trials import Candidate, Trial, Trials

_log = logging.getLogger(__name__)

MOST_FAILURES = 3
"""A recipe of which so many trials failed and none ended well is given up."""
UNIT = "trainings"
SCRATCH = "tuning"


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the candidates of a search share.

    trials     the whole search, written to `folder` after every event
    make_task  of a recipe's name, its complete hyperparameters and a folder for checkpoints
    report     is told how far the search is
    cancelled  is asked often; when it says yes, all trials stop
    """

    trials: Trials
    folder: Path
    seed: int
    make_task: Callable[[str, Mapping[str, Value], Path], Task]
    report: Report
    cancelled: Callable[[], bool]

    def write(self) -> None:
        """Keeps what is known by now."""
        self.trials.write(self.folder)


class Tuner:
    """Tries a recipe out: `parameters` are its hyperparameters without a search, complete."""

    def __init__(
        self,
        around: Circumstances,
        candidate: Candidate,
        parameters: Mapping[str, Value],
        space: Sequence[Range],
    ) -> None:
        self._around = around
        self._candidate = candidate
        self._parameters = parameters
        self._study = Study(space, parameters, around.seed, candidate.trials)
        self._began, self._before = time.monotonic(), 0
        self._interrupted = [trial for trial in candidate.trials if trial.state == "running"]
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._shares: dict[int, float] = {}

    @property
    def size(self) -> float:
        """How many different trials there are."""
        return self._study.size

    def run(self, parallel: int) -> None:
        """Runs what is wanted and not done yet. Raises TrainingCancelled; failed trials are only recorded."""
        self._began, self._before = time.monotonic(), self._around.trials.done
        left = self._candidate.wanted - self._candidate.finished
        workers = min(parallel, left)
        if workers <= 1:
            self._work(task.run)
        else:
            with ThreadPoolExecutor(workers, "pzdecl-trial") as pool:
                futures = [pool.submit(self._work, child.run_in_child) for _ in range(workers)]
            found = [error for future in futures if (error := future.exception())]
            # When one goes wrong the others are cancelled: that is not what there is to tell.
            found.sort(key=lambda error: isinstance(error, TrainingCancelled))
            if found:
                raise found[0]

    def _work(self, execute: Execute) -> None:
        try:
            while (trial := self._next()) is not None:
                self._run(trial, execute)
        except BaseException:
            self._over.set()  # the others shall not go on alone
            raise

    def _next(self) -> Trial | None:
        with self._lock:
            if self._over.is_set():
                return None
            if self._interrupted:
                return self._interrupted.pop(0)
            if len(self._candidate.trials) >= self._candidate.wanted:
                return None
            trial = self._study.ask(len(self._candidate.trials))
            self._candidate.trials.append(trial)
            self._around.write()
            return trial

    def _run(self, trial: Trial, execute: Execute) -> None:
        """To its end, whichever it is; or to a cancellation, after which it is still `running`."""
        watch = _Watch(self, trial)
        recipe, parameters = self._candidate.recipe, {**self._parameters, **trial.parameters}
        scratch = self._around.folder / SCRATCH / recipe / str(trial.number)
        chosen = self._around.make_task(recipe, parameters, scratch)
        try:
            metrics = execute(chosen, watch.report, watch.cancelled)
        except TrainingFailed as error:
            self._end(watch, reason=str(error))
        except TrainingCancelled:
            if not watch.hopeless:
                with self._lock:
                    trial.seconds = watch.seconds
                    self._around.write()
                raise
            self._end(watch)
        except Exception as error:  # a bug that shows with one recipe is no reason to give up the others
            _log.exception("%s, trial %d failed", recipe, trial.number)
            self._end(watch, reason=f"Internal error in the built-in engine: {_told(error)}")
        else:
            self._end(watch, metrics=metrics)
        shutil.rmtree(scratch, ignore_errors=True)

    def _end(
        self, watch: _Watch, *, metrics: Mapping[str, float] | None = None, reason: str | None = None
    ) -> None:
        trial = watch.trial
        with self._lock:
            trial.state, trial.reason, trial.seconds = "pruned", reason, watch.seconds
            if reason is not None:
                trial.state = "failed"
            elif metrics is not None:
                trial.metrics = {name: float(value) for name, value in sorted(metrics.items())}
                objective = self._around.trials.objective
                trial.value = trial.metrics.get(objective)
                trial.state = "complete" if trial.value is not None else "failed"
                if trial.value is None:
                    trial.reason = f"{self._candidate.recipe} is not measured by {objective}."
            self._study.tell(trial)
            self._shares.pop(trial.number, None)
            self._give_up()
            self._around.write()
            self._tell()

    def _give_up(self) -> None:
        """Where nothing but failures came out."""
        candidate, ended = self._candidate, self._candidate.finished
        failed = [trial for trial in candidate.trials if trial.state == "failed"]
        if len(failed) < ended:
            candidate.reason = None
        elif ended >= min(MOST_FAILURES, candidate.wanted):
            candidate.reason = failed[-1].reason
            candidate.wanted = len(candidate.trials)

    def progressed(self, trial: Trial, progress: Progress) -> bool:
        """A trial tells how far it is; returns whether to give it up."""
        with self._lock:
            share = min(progress.done / progress.total, 1.0) if progress.total else 0.0
            self._shares[trial.number] = share
            hopeless = False
            loss, tenth = progress.detail.get("validation_loss"), int(share * 10)
            if loss is not None and tenth not in trial.losses:
                hopeless = self._study.hopeless(trial, tenth, loss)
                self._around.write()
            self._tell()
            return hopeless

    def cancelled(self) -> bool:
        """Whether all trials are to stop."""
        return self._over.is_set() or self._around.cancelled()

    def _tell(self) -> None:
        """The whole search counts as its trials and the full training after them."""
        trials = self._around.trials
        total = trials.wanted + 1
        done = trials.done + sum(self._shares.values())
        pace = (done - self._before) / max(time.monotonic() - self._began, 1e-9)
        detail: dict[str, float] = {}
        if len(trials.candidates) > 1:
            place = trials.candidates.index(self._candidate)
            detail = {"candidate": place + 1, "candidates": len(trials.candidates)}
        best = trials.best
        if best is not None and best.best is not None and best.best.value is not None:
            detail["best"] = best.best.value
        eta = (total - done) / pace if pace > 0 else None
        self._around.report(Progress(UNIT, round(done, 3), total, None, eta, detail))


def _told(error: Exception) -> str:
    """What was raised, in one line; of a child's traceback its last line says it."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [""]
    return lines[-1] if isinstance(error, child.ChildBroken) else f"{type(error).__name__}: {lines[-1]}"


class _Watch:
    """What one running trial reports to, and asks."""

    def __init__(self, tuner: Tuner, trial: Trial) -> None:
        self._tuner = tuner
        self.trial = trial
        self.hopeless = False
        self._began, self._earlier = time.monotonic(), trial.seconds

    @property
    def seconds(self) -> float:
        """Of work, over all attempts."""
        return round(self._earlier + time.monotonic() - self._began, 3)

    def report(self, progress: Progress) -> None:
        self.trial.seconds = self.seconds
        self.hopeless = self.hopeless or self._tuner.progressed(self.trial, progress)

    def cancelled(self) -> bool:
        return self.hopeless or self._tuner.cancelled()
