"""performHPO and performAutoML, from the manifest to what is served."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import pzdecl
from tests.e2e.workbench import Workbench

TUNED = """\
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-tuned}
spec:
  datasetGroup: shop
  recipe: aws-sims
  performHPO: true
  solutionConfig:
    hpoConfig:
      hpoResourceConfig: {maxNumberOfTrainingJobs: 4, maxParallelTrainingJobs: 1}
      algorithmHyperParameterRanges:
        integerHyperParameterRanges:
          - {name: training.min_cointeraction_count, minValue: 0, maxValue: 2}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-tuned}
spec: {solution: shop-tuned}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-best}
spec:
  datasetGroup: shop
  performAutoML: true
  solutionConfig:
    autoMLConfig:
      metricName: precision_at_5
      recipeList: [aws-popularity-count, aws-sims]
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-best}
spec: {solution: shop-best}
"""


def described(root: Path, name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The solution, and its newest version."""
    with pzdecl.load(root).client() as client:
        arn = client.arn(f"solution/{name}")
        found = client.read("describe_solution", solutionArn=arn)["solution"]
        version = found["latestSolutionVersion"]["solutionVersionArn"]
        return found, client.read("describe_solution_version", solutionVersionArn=version)["solutionVersion"]


def test_from_the_manifest_to_what_is_served(fresh: Workbench) -> None:
    fresh.write("tuned.yaml", TUNED)
    fresh.apply()
    assert fresh.settled()

    found, version = described(fresh.root, "shop-tuned")
    assert found["performHPO"] is True
    tuned = version["tunedHPOParams"]["algorithmHyperParameters"]
    assert set(tuned) == {"popularity_discount_factor", "min_cointeraction_count"}
    assert 0 <= int(tuned["min_cointeraction_count"]) <= 2
    assert tuned["popularity_discount_factor"] == "0.5"  # not searched

    found, version = described(fresh.root, "shop-best")
    assert (found["performAutoML"], found["performHPO"]) == (True, True)
    assert found["autoMLResult"] == {"bestRecipeArn": "arn:aws:personalize:::recipe/aws-sims"}
    assert version["recipeArn"] == found["autoMLResult"]["bestRecipeArn"]
    assert set(version["tunedHPOParams"]["algorithmHyperParameters"]) == set(tuned)
    fresh.run("recommend", "shop-best", "--item", "i3")

    shown = fresh.run("metrics", "--trials").out
    assert "aws-sims: P@5" in shown
    assert shown.count("complete") == 3 + 1 + 5  # there are but three values to try, and popularity has nothing
    assert "chosen" in shown

    # A different budget is a different solution: it is replaced and trained again.
    fresh.edit("tuned.yaml", "maxNumberOfTrainingJobs: 4", "maxNumberOfTrainingJobs: 3")
    assert fresh.actions()["Solution/shop-tuned"] == "replace"
    # The order of the recipes is none.
    fresh.edit("tuned.yaml", "maxNumberOfTrainingJobs: 3", "maxNumberOfTrainingJobs: 4")
    fresh.edit("tuned.yaml", "[aws-popularity-count, aws-sims]", "[aws-sims, aws-popularity-count]")
    assert fresh.settled()


@pytest.mark.slow
def test_automl_without_a_list_chooses_in_the_hrnn_family(fresh: Workbench) -> None:
    text = TUNED.split("---\n")[2].split("  solutionConfig:", maxsplit=1)[0]
    fresh.write("tuned.yaml", text)
    fresh.apply()
    assert fresh.settled()
    found, version = described(fresh.root, "shop-best")
    assert found["autoMLResult"]["bestRecipeArn"] in {
        "arn:aws:personalize:::recipe/aws-hrnn",
        "arn:aws:personalize:::recipe/aws-hrnn-metadata",
    }
    trials = json.loads(
        next(fresh.root.glob(f"**/{version['solutionVersionArn'][-8:]}/trials.json")).read_text()
    )
    by_name = {one["recipe"]: one for one in trials["candidates"]}
    assert set(by_name) == {"aws-hrnn", "aws-hrnn-metadata", "aws-hrnn-coldstart"}
    assert "ITEMS" in by_name["aws-hrnn-coldstart"]["reason"]
    assert len(by_name["aws-hrnn"]["trials"]) == 5
