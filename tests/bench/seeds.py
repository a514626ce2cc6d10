"""What the recipes are worth, seed by seed, and what they cost.

    .venv/bin/python -m tests.bench.seeds ml-100k --seeds 0 1 2
    .venv/bin/python -m tests.bench.seeds movies --recipes aws-hrnn hidden_dimension=64

`movies` is the example's data, `shop` the small project of the end-to-end tests; other names are folders of
`PZDECL_DATA`. Through the API the seed is 0.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from pzdecl.engine.training.train import train
from tests import datasets
from tests.engine.training.test_floor import generator, parquet
from tests.shop import interactions

RECIPES = ("aws-popularity-count", "aws-sims", "aws-hrnn")
METRICS = {
    "NDCG@25": "normalized_discounted_cumulative_gain_at_25",
    "MRR@25": "mean_reciprocal_rank_at_25",
    "P@5": "precision_at_5",
    "coverage": "coverage",
}


def events(name: str, scratch: Path) -> dict[str, list[Path]]:
    """The interactions of a data set as one Parquet part."""
    file = scratch / "interactions.csv"
    if name == "movies":
        generator().write_all(scratch, 7)
    elif name == "shop":
        file.write_text(interactions())
    else:
        folder = datasets.find(name)
        if folder is None:
            raise SystemExit(f"set PZDECL_DATA to a folder that holds {name}/")
        file = folder / "interactions.csv"
    return parquet(file, scratch)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", help="ml-100k, movies, shop, ...")
    parser.add_argument("hyperparameters", nargs="*", metavar="NAME=VALUE")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--recipes", nargs="+", default=RECIPES, choices=RECIPES)
    options = parser.parse_intermixed_args()
    solution = {
        "eventType": "watch" if options.data == "movies" else None,
        "solutionConfig": {
            "algorithmHyperParameters": dict(pair.split("=") for pair in options.hyperparameters)
        },
    }
    print(
        f"{'recipe':<22}{'seed':>5}"
        + "".join(f"{name:>10}" for name in METRICS)
        + "    wall s   CPU s  peak MB"
    )
    with tempfile.TemporaryDirectory() as folder:
        parts = events(options.data, Path(folder))
        for recipe in options.recipes:
            for seed in options.seeds:
                wall, cpu = time.perf_counter(), time.process_time()
                model = Path(folder) / f"{recipe}-{seed}"
                metrics = train(recipe, parts, solution, model, lambda _: None, lambda: False, seed=seed)
                wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
                figures = "".join(f"{metrics[key]:10.4f}" for key in METRICS.values())
                print(f"{recipe:<22}{seed:>5}{figures}{wall:10.1f}{cpu:8.1f}{peak:9}", flush=True)


if __name__ == "__main__":
    main()
