"""Filters from a manifest to the recommendations that pass them, on the built-in engine."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from pzdecl.project import load
from tests.cli.conftest import Cli
from tests.shop import data, deployed, document, manifest, table

pytest.importorskip("torch")

COLUMNS = {"ITEM_ID": "string", "COLOUR": "string, categorical: true", "PRICE": "int"}
COLOURS = """\
datasetGroup: shop
filterExpression: >-
  INCLUDE ItemID WHERE Items.COLOUR IN ($COLOUR)
  | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*")
"""
MANIFESTS = manifest(
    data("shop-items", COLUMNS, type="Items", file="items.csv"),
    document(
        "Filter",
        "cheap",
        "datasetGroup: shop\nfilterExpression: INCLUDE ItemID WHERE Items.PRICE < 10",
        metadata="tags: {team: shop}",
    ),
    document("Filter", "colours", COLOURS),
)
RANKING = deployed(
    "shop-ranking",
    "aws-personalized-ranking",
    solution="solutionConfig: {algorithmHyperParameters: {hidden_dimension: 32}}",
    campaign="campaignConfig: {enableMetadataWithRecommendations: true}",
)


@pytest.fixture
def shop(cli: Cli, starter: Path) -> Path:
    """The starter with priced items of three colours (`item-N`: red, green or blue), applied."""
    (starter / "filters.yaml").write_text(MANIFESTS)
    rows = (f"item-{n},{('red', 'green|dark', 'blue')[n % 3]},{n}" for n in range(1, 81))
    (starter / "items.csv").write_text(table(COLUMNS, rows))
    done = cli("-C", starter, "apply", "--auto-approve")
    assert done.code == 0, done.err
    return starter


def ask(cli: Cli, root: Path, *options: str, command: str = "recommend", key: str = "itemList") -> list[str]:
    answer = cli("-C", root, command, *options, "--format", "json")
    assert answer.code == 0, answer.err
    return [item["itemId"] for item in json.loads(answer.out)[key]]


def test_from_a_manifest_to_recommendations(cli: Cli, shop: Path) -> None:
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0
    popular = ("shop-popular", "user-1", "-n", "80")
    assert set(ask(cli, shop, *popular, "--filter", "cheap")) == {f"item-{n}" for n in range(1, 10)}
    with (shop / "data" / "interactions.csv").open() as file:
        seen = {row["ITEM_ID"] for row in csv.DictReader(file) if row["USER_ID"] == "user-1"}
    coloured = ask(cli, shop, *popular, "--filter", "Filter/colours", "--filter-value", "COLOUR=dark")
    unseen = set(ask(cli, shop, *popular)) - seen
    assert set(coloured) == {one for one in unseen if int(one[5:]) % 3 == 1}
    two = ("--filter-value", "COLOUR=dark", "--filter-value", "COLOUR=blue")
    assert set(ask(cli, shop, *popular, "--filter", "colours", *two)) > set(coloured)

    project = load(shop)
    answer = project.recommend("shop-popular", "user-1", filter="cheap", count=3)
    assert {item["itemId"] for item in answer["itemList"]} <= {f"item-{n}" for n in range(1, 10)}

    for options, code, words in (
        (("--filter", "colours"), 1, "needs a value for $COLOUR"),
        (("--filter", "cheep"), 64, "cheap"),
        (("--filter", "colours", "--filter-value", "COLOUR"), 64, "expected NAME=VALUE"),
        (("--filter", "colours", "--filter-value", "COLOR=red"), 1, "did you mean COLOUR?"),
        (("--metadata", "PRICE"), 1, "enableMetadataWithRecommendations"),
    ):
        refused = cli("-C", shop, "recommend", "shop-popular", "user-1", *options)
        assert (refused.code, words in refused.err) == (code, True), refused.err


def test_another_expression_is_another_filter(cli: Cli, shop: Path) -> None:
    file = shop / "filters.yaml"
    before = load(shop).recommend("shop-popular", "user-1", filter="cheap", count=80)["itemList"]
    file.write_text(file.read_text().replace("PRICE < 10", "PRICE < 5"))
    plan = cli("-C", shop, "plan")
    assert "Filter/cheap" in plan.out
    assert "replace" in plan.out
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    assert cli("-C", shop, "plan", "--detailed-exitcode").code == 0
    after = load(shop).recommend("shop-popular", "user-1", filter="cheap", count=80)["itemList"]
    assert (len(before), len(after)) == (9, 4)
    with load(shop).client() as client:
        named = sorted(one["name"] for one in client.read("list_filters")["Filters"])
    assert named[0].startswith("cheap-")
    assert named[1:] == ["colours"]
    sound = file.read_text()
    file.write_text(sound.replace("Items.PRICE < 5", "Items.PRYCE < 5"))
    wrong = cli("-C", shop, "validate")
    assert wrong.code == 1
    assert "PZ5020" in wrong.err + wrong.out
    line = 1 + sound[: sound.index("PRICE < 5")].count("\n")
    assert f"filters.yaml:{line}:" in wrong.err + wrong.out
    file.write_text(sound)
    assert cli("-C", shop, "destroy", "--auto-approve").code == 0


@pytest.mark.slow
def test_a_given_list_is_ranked(cli: Cli, shop: Path) -> None:
    (shop / "ranking.yaml").write_text(RANKING)
    assert cli("-C", shop, "apply", "--auto-approve").code == 0
    given = ["item-30", "item-3", "item-80", "item-5", "nothing"]
    ranked = ask(cli, shop, "shop-ranking", "user-1", *given, command="rank", key="personalizedRanking")
    assert sorted(ranked[:-1]) == sorted(given[:-1])
    assert ranked[-1] == "nothing"
    narrowed = cli(
        "-C", shop, "rank", "shop-ranking", "user-1", *given, "--filter", "cheap", "--metadata", "price"
    )
    lines = [line.split() for line in narrowed.out.splitlines()]
    assert lines[0] == ["rank", "item", "score", "PRICE"]
    assert sorted((line[1], line[3]) for line in lines[1:]) == [("item-3", "3"), ("item-5", "5")]
