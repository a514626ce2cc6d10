"""Themes from manifests to files, on the built-in engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.shop import EVENTS, data, document, manifest, table

pytest.importorskip("torch")

COLUMNS = {"ITEM_ID": "string", "TITLE": "string", "ABOUT": "string, textual: true"}
NEWSLETTER = """\
solution: similar
numResults: 8
jobInput: {s3DataSource: {path: asked.json}}
jobOutput: {s3DataDestination: {path: answers}}
"""
THEMED = """\
batchInferenceJobMode: THEME_GENERATION
themeGenerationConfig: {fieldsForThemeGeneration: {itemName: TITLE}}
"""


def manifests(job: str) -> str:
    return manifest(
        data("shop-items", COLUMNS, type="Items", file="items.csv"),
        document("Solution", "similar", "datasetGroup: shop, recipe: aws-similar-items"),
        document("BatchInferenceJob", "newsletter", job),
    )


def test_a_job_that_makes_themes(cli: Cli, starter: Path) -> None:
    """Garden tools are taken up with garden tools, and lanterns with lanterns."""
    events = [f"u{n % 50},i{2 * (n // 50 % 20) + n % 2},{1_600_000_000 + n},view" for n in range(2000)]
    tools = ("Garden tool", "Paper lantern")
    rows = [f"i{n},{tools[n % 2]} {n},One of many" for n in range(40)]
    (starter / "data/interactions.csv").write_text(table(EVENTS, events))
    (starter / "themes.yaml").write_text(manifests(NEWSLETTER + THEMED))
    (starter / "items.csv").write_text(table(COLUMNS, rows))
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

    (starter / "themes.yaml").write_text(manifests(NEWSLETTER))
    shown = cli("-C", starter, "plan")
    assert "BatchInferenceJob/newsletter will be run" in shown.out
    assert "THEME_GENERATION" in shown.out
    assert "BATCH_INFERENCE" in shown.out
