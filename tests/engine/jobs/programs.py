"""Programs that the kill tests run in processes of their own."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pzdecl.engine import Engine
from pzdecl.engine.jobs import recommending
from pzdecl.engine.progress import Progress
from pzdecl.engine.training import train as training

STEPS = 40


@dataclass
class Halt:
    """Where trainings stand still, so that a busy machine takes none to its end before a test is done with it.

    `step` is how many steps they make, and more than there are unless set; there they stay until they may
    `go_on`, are stopped, or killed.
    """

    step: int = STEPS + 1
    go_on: threading.Event = field(default_factory=threading.Event)


HALT = Halt()


def slow_train(
    recipe: str,
    datasets: Mapping[str, Any],
    solution: Mapping[str, Any],
    folder: Path,
    report: Callable[[Progress], None],
    cancelled: Callable[[], bool],
    *,
    base: Path | None = None,
) -> dict[str, float]:
    """Stands in for a long training: counts to STEPS, a checkpoint and a line in a log at each."""
    checkpoint = folder / "step"
    told = solution["solutionConfig"].get("algorithmHyperParameters", {}).get("log")
    log = Path(told) if told else folder.parents[2] / "steps.log"  # beside the engine's folder
    step = int(checkpoint.read_text()) if checkpoint.exists() else 0
    while step < STEPS:
        if cancelled():
            raise training.TrainingCancelled
        step += 1
        with log.open("a") as file:
            file.write(f"{step}\n")
        draft = folder / "step.tmp"
        draft.write_text(str(step))
        draft.replace(checkpoint)
        report(Progress("steps", step, STEPS))
        time.sleep(0.02)
        while step == HALT.step and not HALT.go_on.wait(0.01):
            if cancelled():
                raise training.TrainingCancelled
    (folder / "model.json").write_text(json.dumps({"rows": len(datasets["INTERACTIONS"])}))
    return {"coverage": 0.5}


def work(folder: str, step: int) -> None:
    """Opens the engine, works until nothing is left, and ends; trainings stand still at that step."""
    HALT.step = step
    training.train = slow_train  # type: ignore[assignment]
    recommending.check_model = lambda *_: None  # there is none to be loaded
    with Engine(folder) as engine:
        engine.start_worker()
        print("started", flush=True)
        engine.stop(finish=True)


if __name__ == "__main__":
    work(sys.argv[1], int(sys.argv[2]))
