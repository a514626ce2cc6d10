"""Themes from manifests to files, on the built-in engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")

MANIFESTS = """\
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: shop-items}
spec:
  schema:
    type: record
    name: Items
    namespace: com.amazonaws.personalize.schema
    fields:
      - {name: ITEM_ID, type: string}
      - {name: TITLE, type: string}
      - {name: ABOUT, type: string, textual: true}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: shop-items}
spec: {datasetGroup: shop, datasetType: Items, schema: shop-items}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {name: shop-items}
spec: {dataset: shop-items, dataSource: {dataLocation: items.csv}}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: similar}
spec: {datasetGroup: shop, recipe: aws-similar-items}
---
apiVersion: pzdecl/v1
kind: BatchInferenceJob
metadata: {name: newsletter}
spec:
  solution: similar
  numResults: 8
  jobInput: {s3DataSource: {path: asked.json}}
  jobOutput: {s3DataDestination: {path: answers}}
  batchInferenceJobMode: THEME_GENERATION
  themeGenerationConfig: {fieldsForThemeGeneration: {itemName: TITLE}}
"""


def test_a_job_that_makes_themes(cli: Cli, starter: Path) -> None:
    """Garden tools are taken up with garden tools, and lanterns with lanterns."""
    events = [f"u{n % 50},i{2 * (n // 50 % 20) + n % 2},{1_600_000_000 + n},view" for n in range(2000)]
    tools = ("Garden tool", "Paper lantern")
    rows = [f"i{n},{tools[n % 2]} {n},One of many" for n in range(40)]
    header = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"
    (starter / "data/interactions.csv").write_text("\n".join([header, *events]) + "\n")
    (starter / "themes.yaml").write_text(MANIFESTS)
    (starter / "items.csv").write_text("\n".join(["ITEM_ID,TITLE,ABOUT", *rows]) + "\n")
    (starter / "asked.json").write_text("".join(json.dumps({"itemId": f"i{n}"}) + "\n" for n in range(10)))
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (starter / "answers/asked.json.out").read_text().splitlines()]
    for line in lines:
        output, own = line["output"], int(line["input"]["itemId"][1:]) % 2
        assert output["theme"] == tools[own]
        assert [int(one[1:]) % 2 for one in output["recommendedItems"]] == [own] * 8
        assert output["itemsThemeRelevanceScores"] == [1.0] * 8
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0

    mode = "  batchInferenceJobMode: THEME_GENERATION\n"
    (starter / "themes.yaml").write_text(MANIFESTS[: MANIFESTS.index(mode)])
    shown = cli("-C", starter, "plan")
    assert "BatchInferenceJob/newsletter will be run" in shown.out
    assert "THEME_GENERATION" in shown.out
    assert "BATCH_INFERENCE" in shown.out
