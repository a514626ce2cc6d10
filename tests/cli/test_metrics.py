"""metrics --compare and --plot, and segment, on the built-in engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import pzdecl
from pzdecl.engine.errors import InvalidInputException
from tests.cli.conftest import Cli
from tests.shop import document

pytest.importorskip("torch")

SEGMENTS = document(
    "Solution",
    "shop-fans",
    "datasetGroup: shop, recipe: aws-item-affinity, "
    "solutionConfig: {algorithmHyperParameters: {hidden_dimension: 32}}",
)


@pytest.fixture
def applied(cli: Cli, starter: Path) -> Path:
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    return starter


def test_intervals_of_what_is_trained(cli: Cli, applied: Path) -> None:
    answer = cli("-C", applied, "metrics", "--compare")
    assert answer.code == 0
    lines = answer.out.splitlines()
    assert lines[1].split()[:4] == ["metric", "solution", "version", "recipe"]
    assert "Intervals: bootstrap over" in answer.out
    (found,) = json.loads(cli("-C", applied, "metrics", "--compare", "--format", "json").out)["comparisons"]
    (version,) = found["versions"]
    precision = version["metrics"]["precision_at_25"]
    assert precision["interval"][0] <= precision["value"] <= precision["interval"][1]
    assert version["tested"] > 0
    assert found["against"] is None, "there is one version only"
    again = cli("-C", applied, "metrics", "--against", "shop-popular", "--format", "markdown")
    assert again.out.startswith("### shop: compared with shop-popular/")


def test_a_picture_beside_the_table(cli: Cli, applied: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    answer = cli("-C", applied, "metrics", "--plot", tmp_path / "m.svg")
    assert answer.code == 0
    assert answer.err.splitlines()[-1].endswith("m.svg")
    assert "aws-popularity-count" in answer.out
    assert (tmp_path / "m.svg").read_text().startswith("<?xml")


def test_what_is_wrong_is_told_before_anything_is_done(cli: Cli, starter: Path, tmp_path: Path) -> None:
    answer = cli("-C", starter, "metrics", "--plot", tmp_path / "m.pdf")
    assert (answer.code, "name a file that ends in .png or .svg" in answer.err) == (64, True)
    answer = cli("-C", starter, "metrics", "--compare")
    assert (answer.code, answer.out) == (0, "")
    assert "Nothing is trained yet" in answer.err
    answer = cli("-C", starter, "metrics", "--against", "shop")
    assert (answer.code, "there is no trained version shop" in answer.err) == (64, True)
    for given in ((), ("--item", "a", "--where", "ITEMS.A = 1")):
        answer = cli("-C", starter, "segment", "shop-fans", *given)
        assert (answer.code, "give either --item ID or --where EXPR" in answer.err) == (64, True)


def test_segments_are_users_line_by_line(cli: Cli, starter: Path) -> None:
    (starter / "segments.yaml").write_text(SEGMENTS)
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    asked = "-C", starter, "segment", "shop-fans"
    known = (starter / "data").glob("*.csv")
    row = next(known).read_text().splitlines()[1].split(",")
    item = next(word for word in row if word.startswith("item"))
    users = cli(*asked, "--item", item, "-n", 5).out.splitlines()
    assert len(set(users)) == 5
    found = json.loads(cli(*asked, "--item", item, "-n", 5, "--format", "json").out)
    assert found == {"input": {"itemId": item}, "output": {"usersList": users}, "error": None}
    assert "was not there when the version was trained" in cli(*asked, "--item", "nothing").err
    assert "give an item, and no expression" in cli(*asked, "--where", "ITEMS.A = 1").err
    assert "did you mean shop-fans?" in cli("-C", starter, "segment", "shop-fan", "--item", item).err
    other = cli("-C", starter, "segment", "shop-popular", "--item", item)
    assert (other.code, "finds no user segments" in other.err) == (1, True)
    with pzdecl.load(starter).client(read_only=False) as client:
        versions = client.read("list_solution_versions", solutionArn=client.arn("solution/shop-fans"))
        arn = versions["solutionVersions"][0]["solutionVersionArn"]
        with pytest.raises(InvalidInputException, match="No campaign can serve"):
            client.call("create_campaign", name="fans", solutionVersionArn=arn)
