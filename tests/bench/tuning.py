"""What a search is worth and what it costs, beside a training with the defaults.

    .venv/bin/python -m tests.bench.tuning ml-100k --recipe aws-hrnn --trials 10 --parallel 2
    .venv/bin/python -m tests.bench.tuning ml-100k --automl

The data sets are those of `tests.bench.seeds`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from pzdecl.engine.recipes.registry import RECIPES
from pzdecl.engine.training.train import train
from pzdecl.engine.training.tuning.search import search, settled
from pzdecl.serving import Measured
from pzdecl.views import trials as view
from tests.bench.seeds import METRICS, events


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="ml-100k, movies, shop, ...")
    parser.add_argument("--recipe", default="aws-hrnn", choices=sorted(RECIPES))
    parser.add_argument("--automl", action="store_true", help="the HRNN family instead of one recipe")
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--parallel", type=int, default=2)
    options = parser.parse_args()
    resources = {
        "maxNumberOfTrainingJobs": str(options.trials),
        "maxParallelTrainingJobs": str(options.parallel),
    }
    solution: dict[str, Any] = {"performHPO": True, "performAutoML": options.automl}
    solution["eventType"] = "watch" if options.data == "movies" else None
    if not options.automl:
        solution["recipeArn"] = RECIPES[options.recipe].arn
        solution["solutionConfig"] = {"hpoConfig": {"hpoResourceConfig": resources}}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = events(options.data, folder)
        began = time.perf_counter()
        found = search(solution, data, folder, lambda _: None, lambda: False)
        seconds = time.perf_counter() - began
        recipe = str(found.chosen)
        print(view.text([(Measured("search", "seed 0", recipe, options.data, {}), found)]))
        work = sum(trial.seconds for candidate in found.candidates for trial in candidate.trials)
        print(f"{seconds:.0f} s for {work:.0f} s of trials, {work / seconds:.1f} at a time\n")
        print(f"{'trained fully':<14}" + "".join(f"{name:>10}" for name in METRICS))
        for row, config in (
            ("defaults", {**solution, "solutionConfig": {}}),
            ("tuned", settled(solution, found)),
        ):
            metrics = train(recipe, data, config, folder / row, lambda _: None, lambda: False)
            print(f"{row:<14}" + "".join(f"{metrics[key]:10.4f}" for key in METRICS.values()), flush=True)


if __name__ == "__main__":
    main()
