"""Two environments from one set of manifests: applied, compared, promoted from one to the other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")

PROJECT = """\
name: shop
provider: {type: local, engine: .pzdecl/engine}
variables:
  tps: {type: integer, default: 1}
  most: {type: integer, default: 1}
environments:
  dev: {namePrefix: dev-}
  prod:
    namePrefix: prod-
    patches:
      - target: Campaign/*
        set: {spec.minProvisionedTPS: "${var.most}"}
"""


@pytest.fixture
def root(starter: Path) -> Path:
    (starter / "pzdecl.yaml").write_text(PROJECT)
    return starter


def test_what_was_tried_in_one_is_promoted_to_the_other(cli: Cli, root: Path) -> None:
    for name in ("dev", "prod"):
        assert cli("-C", root, "-e", name, "apply", "--auto-approve").code == 0
    for name in ("dev", "prod"):
        assert cli("-C", root, "-e", name, "plan", "--detailed-exitcode").code == 0
        assert "item-" in cli("-C", root, "-e", name, "recommend", "shop-popular", "user-1").out
        shown = cli("-C", root, "-e", name, "state", "show", "DatasetGroup/shop").out
        assert f"dataset-group/{name}-shop" in shown, "one engine holds both"
    assert cli("-C", root, "diff", "dev", "prod", "--exit-code").out == "dev and prod are alike.\n"

    file = next(f for f in root.glob("*.yaml") if "kind: DatasetGroup" in f.read_text())
    file.write_text(
        file.read_text() + "---\napiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: more}\n"
    )
    assert cli("-C", root, "-e", "dev", "apply", "--auto-approve").code == 0
    found = json.loads(cli("-C", root, "diff", "dev", "prod", "--format", "json").out)["differences"]
    assert [(one["address"], one["fields"]) for one in found] == [
        ("DatasetGroup/more", [{"path": "applied", "left": True, "right": False}])
    ]
    assert cli("-C", root, "-e", "prod", "apply", "--auto-approve").code == 0
    assert cli("-C", root, "diff", "dev", "prod", "--exit-code").code == 0


def test_a_recommender_is_tried_in_one_and_promoted_as_it_was_reviewed(cli: Cli, root: Path) -> None:
    """New data makes another item popular: first in dev, and in prod once its plan was approved."""

    def first(name: str) -> str:
        answer = cli("-C", root, "-e", name, "recommend", "shop-popular", "user-1", "--format", "json").out
        return str(json.loads(answer)["itemList"][0]["itemId"])

    for name in ("dev", "prod"):
        assert cli("-C", root, "-e", name, "apply", "--auto-approve").code == 0
    before = first("prod")
    with (root / "data/interactions.csv").open("a") as file:
        file.writelines(f"user-{n % 60},item-new,{1_800_000_000 + n},view\n" for n in range(1, 400))
    assert cli("-C", root, "-e", "dev", "apply", "--auto-approve").code == 0
    assert (first("dev"), first("prod")) == ("item-new", before)
    assert cli("-C", root, "diff", "dev", "prod", "--exit-code").code == 2

    reviewed = json.loads(cli("-C", root, "-e", "prod", "plan", "--format", "json").out)
    acting = {one["address"]: one["action"] for one in reviewed["resource_changes"] if one["action"] != "no-op"}
    assert acting == {
        "DatasetImport/shop-interactions": "import",
        "SolutionVersion/shop-popular": "train",
        "Campaign/shop-popular": "deploy",
    }
    wrong = cli("-C", root, "-e", "prod", "apply", "--expect", f"sha256:{'0' * 64}")
    assert (wrong.code, first("prod")) == (5, before)
    assert cli("-C", root, "-e", "prod", "apply", "--expect", reviewed["digest"]).code == 0
    assert first("prod") == "item-new"
    assert cli("-C", root, "diff", "dev", "prod", "--exit-code").code == 0


def test_what_differs_is_shown_with_both_values(cli: Cli, root: Path) -> None:
    answer = cli("-C", root, "--var", "most=3", "diff", "dev", "prod", "--exit-code")
    assert answer.code == 2
    assert answer.out.splitlines() == [
        "Campaign/shop-popular",
        "    spec.minProvisionedTPS: 1 | 3",
        "",
        "1 resource differs between dev (left) and prod (right).",
    ]
    table = cli("-C", root, "--var", "most=3", "diff", "dev", "prod", "--format", "markdown").out
    assert "| `Campaign/shop-popular` | `spec.minProvisionedTPS` | `1` | `3` |" in table


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["diff", "dev", "dev"], "the same environment twice"),
        (["diff", "dev", "prd"], "there is no environment prd"),
        (["-e", "dev", "diff", "dev", "prod"], "takes its environments as arguments"),
    ],
)
def test_what_cannot_be_compared_is_told(arguments: list[str], text: str, cli: Cli, root: Path) -> None:
    answer = cli("-C", root, *arguments)
    assert answer.code != 0
    assert text in answer.err
