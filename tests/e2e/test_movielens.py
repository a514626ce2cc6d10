"""The example on real data, where it is at hand: three datasets, three recipes, three campaigns, a tracker."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

from tests import datasets
from tests.e2e.workbench import PZDECL

NDCG = "normalized_discounted_cumulative_gain_at_25"


def test_movielens_from_manifests_to_recommendations(tmp_path: Path) -> None:
    data = datasets.require("ml-100k")
    project = tmp_path / "movielens"
    shutil.copytree(datasets.ROOT / "examples" / "movielens", project, ignore=shutil.ignore_patterns(".pzdecl"))

    def run(*arguments: str, expect: int = 0) -> str:
        command = [PZDECL, *arguments, "--var", f"data={data}"]
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
        assert done.returncode == expect, done.stdout + done.stderr
        return done.stdout

    run("apply", "--auto-approve")
    run("plan", "--detailed-exitcode")

    listed = run("state", "list").split()
    assert sum("Campaign/" in address for address in listed) == 3
    assert sum("DatasetImport/" in address for address in listed) == 3
    assert sum("EventTracker/" in address for address in listed) == 1

    versions = json.loads(run("metrics", "--format", "json"))["versions"]
    ndcg = {version["recipe"]: version["metrics"][NDCG] for version in versions}
    assert ndcg["aws-popularity-count"] < ndcg["aws-sims"] < ndcg["aws-hrnn"]

    for campaign in (address for address in listed if address.startswith("Campaign/")):
        query = ("--item", "50") if "sims" in campaign else ("--user", "196")
        answer = json.loads(run("recommend", campaign.partition("/")[2], *query, "--format", "json"))
        assert len(answer["itemList"]) == 25
