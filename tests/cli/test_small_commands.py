"""Commands that need no state: init, validate, fmt, recipes, explain, graph."""

from __future__ import annotations

import json
from pathlib import Path

from pzdecl.engine.recipes.registry import RECIPES
from tests.cli.conftest import Cli


def test_a_starter_project_validates_in_every_environment(cli: Cli, starter: Path) -> None:
    for environment in ("dev", "prod"):
        answer = cli("-C", starter, "-e", environment, "validate")
        assert (answer.code, answer.out) == (0, f"Valid: 6 resources in shop, {environment}.\n")
    assert json.loads(cli("-C", starter, "validate", "--format", "json").out)["valid"] is True


def test_init_overwrites_nothing(cli: Cli, starter: Path) -> None:
    before = (starter / "data.yaml").read_text()
    answer = cli("init", starter, "--name", "other")
    assert answer.code == 1
    assert "data.yaml" in answer.err
    assert (starter / "data.yaml").read_text() == before


def test_init_makes_a_name_of_any_folder(cli: Cli, tmp_path: Path) -> None:
    assert cli("init", tmp_path / "My shop! (new)").code == 0
    assert cli("-C", tmp_path / "My shop! (new)", "validate").code == 0
    assert cli("init", tmp_path / "x", "--name", "a b").code == 64


def test_validate_tells_all_errors_at_once(cli: Cli, starter: Path) -> None:
    path = starter / "recommender.yaml"
    path.write_text(
        path.read_text().replace("popularity-count", "popularity").replace("solution: shop", "solution: s")
    )
    answer = cli("-C", starter, "validate")
    assert answer.code == 1
    assert answer.out == ""
    assert "--> recommender.yaml:7:11" in answer.err
    assert "did you mean: aws-popularity-count" in answer.err
    assert "2 errors; nothing was changed" in answer.err
    found = json.loads(cli("-C", starter, "validate", "--format", "json").out)
    assert (found["valid"], found["error_count"]) == (False, 2)
    assert found["diagnostics"][0]["range"]["start"]["line"] == 7


def test_fmt_checks_shows_and_writes(cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "fmt").code == 0
    assert cli("-C", starter, "fmt", "--check").code == 0
    path = starter / "recommender.yaml"
    canonical = path.read_text()
    path.write_text("spec:   {}\nkind: DatasetGroup\napiVersion: pzdecl/v1\nmetadata:\n      name: b\n")
    untidy = path.read_text()
    checked = cli("-C", starter, "fmt", "--check", "--diff")
    assert checked.code == 3
    assert "--- recommender.yaml" in checked.out
    assert path.read_text() == untidy
    written = cli("-C", starter, "fmt")
    assert (written.code, written.out) == (0, "recommender.yaml\n")
    assert path.read_text() != untidy
    assert cli("-C", starter, "fmt", "--check").code == 0
    assert canonical != untidy


def test_fmt_refuses_what_is_not_yaml_and_writes_nothing(cli: Cli, starter: Path) -> None:
    (starter / "broken.yaml").write_text("a: [1\n")
    (starter / "latin.yaml").write_bytes(b"a: 1\nb: \xe9\n")
    untidy = "kind:    Solution\n"
    (starter / "recommender.yaml").write_text(untidy)
    answer = cli("-C", starter, "fmt")
    assert answer.code == 1
    assert "broken.yaml" in answer.err
    assert "latin.yaml:2" in answer.err
    assert (starter / "recommender.yaml").read_text() == untidy
    assert cli("-C", starter, "fmt", starter / "gone.yaml").code == 1


def test_recipes(cli: Cli) -> None:
    listed = cli("recipes", "list").out
    assert all(name in listed for name in RECIPES)
    assert "hidden_dimension" in cli("recipes", "describe", "aws-hrnn").out
    found = json.loads(
        cli("recipes", "describe", "arn:aws:personalize:::recipe/aws-hrnn", "--format", "json").out
    )
    assert found["name"] == "aws-hrnn"


def test_explain(cli: Cli) -> None:
    answer = cli("explain", "pz0001")
    assert answer.code == 0
    assert "pzdecl.yaml" in answer.out


def test_graph(cli: Cli, starter: Path) -> None:
    dot = cli("-C", starter, "graph").out
    assert '"Solution/shop-popular" -> "SolutionVersion/shop-popular";' in dot
    assert '"SolutionVersion/shop-popular" -> "Campaign/shop-popular";' in dot
    assert cli("-C", starter, "graph", "--format", "mermaid").out.startswith("flowchart LR\n")


def test_a_wrong_choice_is_told_in_plain_words(cli: Cli, starter: Path) -> None:
    result = cli("-C", starter, "plan", "--format", "yaml")
    assert result.code == 64
    assert "'--format': 'yaml' is not one of 'text'" in result.err


def test_destroying_nothing_says_that_nothing_is_managed(cli: Cli, starter: Path) -> None:
    result = cli("-C", starter, "destroy", "--auto-approve")
    assert (result.code, result.out) == (0, "Nothing to change: nothing is managed.\n")
