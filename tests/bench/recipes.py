"""The three recipes on ml-100k, through manifests as a user would: time of training, order of quality."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

from tests import datasets
from tests.bench.report import Report

PZDECL = str(Path(sys.executable).parent / "pzdecl")
METRIC = "normalized_discounted_cumulative_gain_at_25"
RECIPES = ("aws-popularity-count", "aws-sims", "aws-hrnn")


def bench(report: Report, scratch: Path) -> None:
    data = datasets.find("ml-100k")
    if data is None:
        report.skip("recipes on ml-100k", "set PZDECL_DATA to a folder that holds ml-100k/")
        return
    project = scratch / "movielens"
    shutil.copytree(datasets.ROOT / "examples" / "movielens", project, ignore=shutil.ignore_patterns(".pzdecl"))
    arguments = ["--auto-approve", "--var", f"data={data}", "--format", "jsonl"]
    lines = subprocess.run(
        [PZDECL, "apply", *arguments], cwd=project, check=True, stdout=subprocess.PIPE, text=True
    ).stdout.splitlines()
    events = [json.loads(line) for line in lines]
    trained = {
        event["hook"]["resource"]["addr"]: event["hook"]["elapsed_seconds"]
        for event in events
        if event["type"] == "apply_complete" and event["hook"]["action"] == "train"
    }
    hrnn = next(seconds for address, seconds in trained.items() if "hrnn" in address)
    report.add("aws-hrnn on ml-100k: training, s", hrnn, 60, "two cores, with its evaluation")

    output = subprocess.run(
        [PZDECL, "metrics", "--format", "json", "--var", f"data={data}"],
        cwd=project,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout
    ndcg = {row["recipe"]: row["metrics"][METRIC] for row in json.loads(output)["versions"]}
    popularity, sims, recurrent = (ndcg[name] for name in RECIPES)
    report.add(
        "NDCG@25: aws-sims over popularity",
        sims / popularity,
        1,
        f"{sims:.4f} / {popularity:.4f}",
        at_least=True,
    )
    report.add(
        "NDCG@25: aws-hrnn over aws-sims", recurrent / sims, 1, f"{recurrent:.4f} / {sims:.4f}", at_least=True
    )

    started = time.perf_counter()
    subprocess.run(
        [PZDECL, "plan", "--detailed-exitcode", "--var", f"data={data}"],
        cwd=project,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    report.add("no-op plan of movielens, s", time.perf_counter() - started, 2, "nothing hashed again")
