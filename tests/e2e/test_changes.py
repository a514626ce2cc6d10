"""What a change to the manifests or the data sets in motion, seen from the command line."""

from __future__ import annotations

import json

from tests.e2e.workbench import Workbench
from tests.shop import document, manifest

HRNN = """\
datasetGroup: shop
recipe: aws-hrnn
solutionConfig:
  algorithmHyperParameters:
    hidden_dimension: 32
"""
RECURRENT = manifest(
    document("Solution", "shop-hrnn", HRNN), document("Campaign", "shop-hrnn", "solution: shop-hrnn")
)

RETRAINED = {"Campaign/shop-related": "deploy", "SolutionVersion/shop-related": "train"}


def test_a_fresh_project_is_created_trained_and_deployed(applied: Workbench) -> None:
    assert applied.settled()
    answer = json.loads(applied.run("recommend", "shop-related", "--item", "i3", "--format", "json").out)
    assert {entry["itemId"] for entry in answer["itemList"][:2]} == {"i2", "i4"}
    assert "aws-sims" in applied.run("metrics").out


def test_a_hyperparameter_replaces_the_solution_trains_and_deploys(applied: Workbench) -> None:
    applied.write("recurrent.yaml", RECURRENT)
    applied.apply()
    applied.edit("recurrent.yaml", "hidden_dimension: 32", "hidden_dimension: 40")
    assert applied.actions() == {
        "Campaign/shop-hrnn": "deploy",
        "Solution/shop-hrnn": "replace",
        "SolutionVersion/shop-hrnn": "train",
    }
    text = applied.run("plan").out
    assert "hidden_dimension 32 → 40 forces replacement" in text
    assert "recurrent.yaml:9" in text
    assert "1 to replace" in text
    assert "1 to train" in text
    assert "1 to deploy" in text
    applied.apply()
    assert applied.settled()
    applied.run("recommend", "shop-hrnn", "u3")


def test_rows_appended_are_imported_and_trained(applied: Workbench) -> None:
    path = applied.root / "data" / "interactions.csv"
    with path.open("a") as rows:
        rows.write("u1,i2,1800000000,view\nu2,i3,1800000060,view\n")
    assert applied.actions() == {"DatasetImport/shop-events": "import", **RETRAINED}
    assert "2 rows added" in applied.run("plan").out
    applied.apply()
    assert applied.settled()


def test_a_tag_and_throughput_change_in_place(applied: Workbench) -> None:
    applied.edit("recommender.yaml", "tags: {team: discovery}", "tags: {team: search}")
    applied.edit("recommender.yaml", "minProvisionedTPS: 1", "minProvisionedTPS: 2")
    assert applied.actions() == {"Campaign/shop-related": "update", "Solution/shop-related": "update"}
    out = applied.apply().out
    assert "train" not in out
    assert applied.settled()


def test_a_deleted_document_goes_after_what_depends_on_it(applied: Workbench) -> None:
    (applied.root / "recommender.yaml").unlink()
    actions = applied.actions()
    assert actions["Campaign/shop-related"] == "delete"
    assert actions["Solution/shop-related"] == "delete"
    applied.apply()
    assert applied.settled()


def test_a_rename_says_so(applied: Workbench) -> None:
    applied.edit(
        "recommender.yaml",
        "kind: Campaign\nmetadata: {name: shop-related}",
        "kind: Campaign\nmetadata: {name: shop}",
    )
    assert applied.actions() == {"Campaign/shop": "create", "Campaign/shop-related": "delete"}
    assert "renamed from Campaign/shop-related" in applied.run("plan").out
    applied.apply()
    assert applied.settled()


def test_what_holds_data_is_not_deleted_unless_named(applied: Workbench) -> None:
    documents = (applied.root / "data.yaml").read_text().split("---\n")
    applied.write("data.yaml", "---\n".join(text for text in documents if "EventTracker" not in text))
    refused = applied.run("apply", "--auto-approve", expect=4)
    assert "--allow-destroy EventTracker/shop-web" in refused.out + refused.err
    applied.apply("--allow-destroy", "EventTracker/shop-web")
    assert applied.settled()


def test_destroy_leaves_nothing(applied: Workbench) -> None:
    applied.run("destroy", "--auto-approve")
    assert applied.run("state", "list").out.strip() == ""
    assert len(applied.actions()) == 8
