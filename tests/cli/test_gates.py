"""Gates hold a deployment back, on the built-in engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")
METRIC = "normalized_discounted_cumulative_gain_at_25"


def gated(root: Path, gates: str) -> None:
    file = next(f for f in root.glob("*.yaml") if "kind: Campaign" in f.read_text())
    kept = [line for line in file.read_text().splitlines() if not line.startswith("  gates:")]
    at = next(i for i, line in enumerate(kept) if line.startswith("  minProvisionedTPS"))
    kept.insert(at, f"  gates: {gates}")
    file.write_text("\n".join(kept) + "\n")


def test_a_version_that_is_not_good_enough_is_trained_and_not_served(cli: Cli, starter: Path) -> None:
    gated(starter, f"[{{metric: {METRIC}, min: 0.99}}]")
    answer = cli("-C", starter, "apply", "--auto-approve")
    assert answer.code == 4
    assert f"gate {METRIC}: the new version has" in answer.out
    assert "0.99 is the least" in answer.out
    addresses = cli("-C", starter, "state", "list").out
    assert "SolutionVersion/shop-popular" in addresses
    assert "Campaign/shop-popular" not in addresses

    plan = cli("-C", starter, "plan", "--detailed-exitcode")
    assert plan.code == 4, "what is there already is judged by the plan"
    assert f"gate {METRIC}" in plan.out

    gated(starter, f"[{{metric: {METRIC}, min: 0.0001}}]")
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0
    gated(starter, f"[{{metric: {METRIC}, min: 0.0002}}]")
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0, "another gate is no change by itself"


def test_a_version_that_is_worse_leaves_the_better_one_serving(cli: Cli, starter: Path) -> None:
    gated(starter, f"[{{metric: {METRIC}, maxRegression: 0.0}}]")
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    before = cli("-C", starter, "recommend", "shop-popular", "user-1").out
    data = next((starter / "data").glob("*.csv"))
    lines = data.read_text().splitlines()
    header = lines[0].split(",")
    item = header.index("ITEM_ID")
    rows = [line.split(",") for line in lines[1:]]
    for number, row in enumerate(rows):
        row[item] = f"item-{number % 97:03}"  # nobody has a taste any more
    data.write_text("\n".join([lines[0], *(",".join(row) for row in rows)]) + "\n")
    answer = cli("-C", starter, "apply", "--auto-approve")
    assert answer.code == 4
    assert "less than the one that serves" in answer.out
    assert cli("-C", starter, "recommend", "shop-popular", "user-1").out == before
    assert cli("-C", starter, "rollback", "shop-popular", "--auto-approve").code == 64, "nothing was rolled out"


@pytest.mark.parametrize(
    ("gates", "text"),
    [
        (f"[{{metric: {METRIC}}}]", "asks for nothing"),
        ("[{metric: ndcg, min: 0.1}]", "no recipe is measured by ndcg"),
        (f"[{{metric: {METRIC}, maxRegression: -1}}]", "maxRegression is"),
        (f"[{{metrics: {METRIC}, min: 1}}]", "no field metrics"),
    ],
)
def test_wrong_gates_are_told(gates: str, text: str, cli: Cli, starter: Path) -> None:
    gated(starter, gates)
    answer = cli("-C", starter, "validate")
    assert answer.code == 1
    assert text in answer.err
