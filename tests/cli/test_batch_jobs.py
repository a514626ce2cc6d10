"""Batch jobs, exports and metric attributions from manifests to files, on the built-in engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")

MANIFESTS = """\
apiVersion: pzdecl/v1
kind: BatchInferenceJob
metadata: {name: nightly, tags: {team: shop}}
spec:
  solution: shop-popular
  numResults: 3
  jobInput: {s3DataSource: {path: asked/users.json}}
  jobOutput: {s3DataDestination: {path: answers}}
---
apiVersion: pzdecl/v1
kind: DatasetExport
metadata: {name: backup}
spec:
  dataset: shop-interactions
  ingestionMode: ALL
  jobOutput: {s3DataDestination: {path: backups}}
---
apiVersion: pzdecl/v1
kind: MetricAttribution
metadata: {name: effect}
spec:
  datasetGroup: shop
  metrics:
    - {metricName: views, eventType: view, expression: SAMPLECOUNT()}
"""


@pytest.fixture
def shop(cli: Cli, starter: Path) -> Path:
    """The starter with a batch job, an export and a metric attribution, applied."""
    (starter / "jobs").mkdir()
    (starter / "jobs/jobs.yaml").write_text(MANIFESTS)
    (starter / "jobs/asked").mkdir()
    ask(starter, "user-1", "user-2")
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 0, done.err
    return starter


def ask(root: Path, *users: str) -> None:
    lines = [json.dumps({"userId": user}) + "\n" for user in users]
    (root / "jobs/asked/users.json").write_text("".join(lines))


def answers(root: Path) -> list[str]:
    lines = (root / "jobs/answers/users.json.out").read_text().splitlines()
    return [json.loads(line)["input"]["userId"] for line in lines]


def planned(cli: Cli, root: Path) -> dict[str, str]:
    """What a plan would do, by address; nothing that stays as it is."""
    shown = json.loads(cli("-C", root, "plan", "--format", "json").out)
    return {
        one["address"]: one["pzdecl"]["action"] if "pzdecl" in one else one["change"]["actions"][0]
        for one in shown["resource_changes"]
        if one["change"]["actions"] != ["no-op"]
    }


def test_jobs_run_once_and_again_when_what_they_read_changes(cli: Cli, shop: Path) -> None:
    assert answers(shop) == ["user-1", "user-2"]
    [export] = (shop / "jobs/backups").glob("*.csv")
    rows = (shop / "data/interactions.csv").read_text().splitlines()
    assert sorted(export.read_text().splitlines()[1:]) == sorted(rows[1:])
    assert re.fullmatch(r"backup-[0-9a-f]{8}\.csv", export.name)
    shown = cli("-C", shop, "plan", "--detailed-exitcode")
    assert shown.code == 0, shown.out

    ask(shop, "user-3")
    shown = cli("-C", shop, "plan")
    assert "BatchInferenceJob/nightly will be run" in shown.out
    assert "Plan: 1 to infer, 0 to delete." in shown.out
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    assert answers(shop) == ["user-3"]
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0

    (shop / "data/interactions.csv").write_text("\n".join([*rows, "user-1,item-9,1800000000,view"]) + "\n")
    shown = cli("-C", shop, "plan")
    for words in (
        "SolutionVersion/shop-popular will be trained",
        "BatchInferenceJob/nightly will be run",
        "DatasetExport/backup will be run",
        "data of DatasetImport/shop-interactions changed: 1 row added",
    ):
        assert words in shown.out
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    newest = max((shop / "jobs/backups").glob("*.csv"), key=lambda path: path.stat().st_mtime_ns)
    assert "user-1,item-9,1800000000,view" in newest.read_text().splitlines()
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0


def test_a_failed_job_says_why_and_runs_again(cli: Cli, shop: Path) -> None:
    (shop / "jobs/asked/users.json").write_text("nothing\n")
    done = cli("-C", shop, "apply", "--auto-approve")
    assert done.code == 7
    assert "users.json, line 1: the line is not valid JSON" in done.out + done.err
    ask(shop, "user-4")
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    assert answers(shop) == ["user-4"]


def test_an_input_that_is_not_there_is_told_with_its_place(cli: Cli, shop: Path) -> None:
    text = MANIFESTS.replace("asked/users.json", "asked/user.json")
    (shop / "jobs/jobs.yaml").write_text(text)
    done = cli("-C", shop, "validate")
    assert done.code == 1
    assert "jobs/jobs.yaml:7" in done.out + done.err
    assert "users.json" in done.out + done.err  # what was meant


def test_metrics_are_made_anew_and_their_output_is_not(cli: Cli, shop: Path) -> None:
    file = shop / "jobs/jobs.yaml"
    file.write_text(MANIFESTS + "  metricsOutputConfig: {s3DataDestination: {path: reports}}\n")
    assert "MetricAttribution/effect will be updated in place" in cli("-C", shop, "plan").out
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    file.write_text(file.read_text().replace("SAMPLECOUNT()", "SUM(Interactions.TIMESTAMP)"))
    assert "MetricAttribution/effect will be replaced" in cli("-C", shop, "plan").out
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0
    assert cli("-C", shop, "destroy", "--auto-approve").code == 0
