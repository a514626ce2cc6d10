"""Lives of a shop: a command is killed at random moments, run again, and in the end all is as it should be.

A moment is either so many seconds after the start, drawn evenly from the whole run, or a change of the files
that outlast a process (the logs of state and engine), drawn evenly from all that a whole run makes: the first
finds what takes long (planning, training), the second what is over in a blink (commits, renames).
"""

from __future__ import annotations

import importlib
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from random import Random

from tests.crash import check, forks, projects
from tests.crash.stages import LIKELY, STAGES, Stage

LOOK = 0.0005
"""Seconds between looks at the files."""
LONGEST = 300.0
"""Seconds after which a run that nobody killed is taken for one that hangs."""
WATCHED = (
    "state/default.db-wal",
    "state/default.db",
    "engine/engine.db-wal",
    "engine/staging",
    "engine/models",
)


@dataclass(slots=True)
class Usual:
    """How long a whole run of a stage takes, in seconds and in changes of files."""

    seconds: float
    changes: int


@dataclass(slots=True)
class Tally:
    """What has come of the lives so far: `killed` counts kills that hit a running process, by what it ran."""

    lives: int = 0
    killed: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    @property
    def kills(self) -> int:
        """All kills."""
        return sum(self.killed.values())


class Lives:
    """Shops in a scratch folder. Everything is done in forks of this process."""

    def __init__(self, scratch: Path) -> None:
        self.scratch = scratch
        self.tally = Tally()
        self._usual: dict[str, Usual] = {}

    def prepare(self) -> None:
        """Makes the folder that each stage begins with. Raises RuntimeError where a command fails."""
        projects.write(self.scratch / "create")
        after = {None: self.scratch / "create"}
        forks.preload(lambda: self._whole(STAGES["create"], after[None]), self.scratch)
        for stage in STAGES.values():
            source = self.scratch / stage.name.replace(" ", "-")
            if stage.before:
                shutil.copytree(self.scratch / f"{stage.before}-done", source)
                self._must(partial(stage.prepare, source))
            done = source.with_name(f"{source.name}-done")
            shutil.copytree(source, done)
            status, whole = self._run(done, stage, self.scratch / "log")
            if status:
                raise RuntimeError(f"{stage.name}: status {status}\n{(self.scratch / 'log').read_text()}")
            self._usual[stage.name] = whole
            self._must(partial(check.settled, done, stage))

    def live(self, seed: int, stages: list[str] | None = None) -> bool:
        """One life, drawn from a seed; whether all went well. What did not is in `tally.wrong`."""
        rng = Random(seed)
        drawn = [name for name in (stages or STAGES) for _ in range(LIKELY.get(name, 1))]
        stage = STAGES[rng.choice(drawn)]
        root = self.scratch / f"life-{seed}"
        shutil.copytree(self.scratch / stage.name.replace(" ", "-"), root)
        log = self.scratch / f"life-{seed}.log"
        log.write_text(f"seed {seed}: {stage.name}\n")
        trouble = next(self._troubles(root, stage, rng, log), None)
        self.tally.lives += 1
        if trouble:
            self.tally.wrong.append(f"seed {seed} ({stage.name}): {trouble}; see {log} and {root}")
            return False
        shutil.rmtree(root)
        log.unlink()
        return True

    def _troubles(self, root: Path, stage: Stage, rng: Random, log: Path) -> Iterator[str]:
        for _ in range(rng.choice((1, 1, 2, 2, 3, 5))):
            self._kill(root, stage, rng, log)
            if forks.ended(forks.fork(lambda: check.readable(root), log)):
                yield "what was left can't be read"
        status, _ = self._run(root, stage, log)
        if status:
            yield f"status {status} of the run after the kills"
        if forks.ended(forks.fork(lambda: check.settled(root, stage), log)):
            yield "not settled"

    def _kill(self, root: Path, stage: Stage, rng: Random, log: Path) -> None:
        """Starts the command, sometimes with a worker beside it, and kills one of them, or both."""
        usual, watch = self._usual[stage.name], Watch(root)
        by_time = rng.random() < 0.5
        moment = rng.random() * (usual.seconds if by_time else usual.changes)
        beside = stage.trains and rng.random() < 0.3
        victims = rng.choice((("command",), ("worker",), ("command", "worker"))) if beside else ("command",)
        delay = rng.random() * 0.002
        worker = forks.worker(root / ".pzdecl/engine", log) if beside else None
        began = time.monotonic()
        command = forks.fork(lambda: self._command(root, stage), log)
        status = None
        while status is None:
            status = forks.ended(command, wait=False)
            watch.look()
            if (time.monotonic() - began if by_time else watch.changes) >= moment:
                break
            time.sleep(LOOK)
        if not by_time:
            time.sleep(delay)
        if worker and "worker" in victims:
            self._count("worker", forks.kill(worker))
            worker = None
        if status is None and "command" in victims:
            self._count(stage.name, forks.kill(command))
        elif status is None:
            self._wait(command, watch)
        if worker:
            forks.kill(worker)
        with log.open("a") as file:
            what = f"{moment:.3f} s" if by_time else f"change {moment:.0f} of {usual.changes:.0f}"
            file.write(f"-- killed {' and '.join(victims)} at {what}\n")

    def _count(self, what: str, hit: bool) -> None:
        self.tally.killed[what] = self.tally.killed.get(what, 0) + hit

    def _command(self, root: Path, stage: Stage) -> int:
        from pzdecl.cli.run import run

        os.chdir(root)
        return run(list(stage.command)) if stage.left(root) else 0

    def _run(self, root: Path, stage: Stage, log: Path) -> tuple[int, Usual]:
        """The command to its end."""
        began, watch = time.monotonic(), Watch(root)
        status = self._wait(forks.fork(lambda: self._command(root, stage), log), watch)
        return status, Usual(time.monotonic() - began, watch.changes)

    def _whole(self, stage: Stage, source: Path) -> int:
        """Everything that any fork does once, so that it is imported."""
        root = source.with_name("whole")
        shutil.copytree(source, root)
        status = self._command(root, stage)
        check.settled(root, stage)
        for name in ("adoption", "cli.adopt", "cli.rollback", "cli.state", "state.copying"):
            importlib.import_module(f"pzdecl.{name}")
        os.chdir(self.scratch)
        shutil.rmtree(root)
        return status

    def _wait(self, child: int, watch: Watch) -> int:
        until = time.monotonic() + LONGEST
        while (status := forks.ended(child, wait=False)) is None:
            watch.look()
            if time.monotonic() > until:
                forks.kill(child)
                return -1
            time.sleep(LOOK)
        return status

    def _must(self, function: Callable[[], None]) -> None:
        log = self.scratch / "log"
        if forks.ended(forks.fork(function, log)):
            raise RuntimeError(log.read_text())


class Watch:
    """Counts how often the files change that outlast a process."""

    def __init__(self, root: Path) -> None:
        self._paths = [str(root / ".pzdecl" / name) for name in WATCHED]
        self._seen: list[int | None] = [None] * len(WATCHED)
        self.changes = 0
        self.look()
        self.changes = 0

    def look(self) -> None:
        """Looks now."""
        for place, path in enumerate(self._paths):
            stamp = None
            with suppress(OSError):
                stamp = os.stat(path).st_mtime_ns
            if stamp != self._seen[place]:
                self._seen[place] = stamp
                self.changes += 1
