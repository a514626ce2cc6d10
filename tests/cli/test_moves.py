"""Renaming and letting go of resources, on the built-in engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")


@pytest.fixture
def applied(cli: Cli, starter: Path) -> Path:
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    return starter


def rename(root: Path, old: str, new: str) -> None:
    for file in root.rglob("*.yaml"):
        if ".pzdecl" not in file.parts:
            file.write_text(file.read_text().replace(old, new))


def addresses(cli: Cli, root: Path) -> list[str]:
    return cli("-C", root, "state", "list").out.split()


def test_a_moved_solution_is_not_trained_again(cli: Cli, applied: Path) -> None:
    rename(applied, "shop-popular", "shop-favourites")
    lost = cli("-C", applied, "plan")
    assert "1 to train" in lost.out
    (applied / "moves.yaml").write_text(
        "apiVersion: pzdecl/v1\nmoved:\n"
        "  - {from: Solution/shop-popular, to: Solution/shop-favourites}\n"
        "  - {from: Campaign/shop-popular, to: Campaign/shop-favourites}\n"
    )
    plan = cli("-C", applied, "plan")
    assert "Solution/shop-popular becomes Solution/shop-favourites" in plan.out
    assert plan.out.splitlines()[-1] == "Plan: 0 to delete, 3 to move."
    assert cli("-C", applied, "apply", "--auto-approve").code == 0
    assert "Campaign/shop-favourites" in addresses(cli, applied)
    assert not any("popular" in one for one in addresses(cli, applied))
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0
    assert "item-" in cli("-C", applied, "recommend", "shop-favourites", "user-1").out
    (applied / "moves.yaml").unlink()
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0


def test_what_is_removed_goes_on_running(cli: Cli, applied: Path) -> None:
    file = next(f for f in applied.rglob("*.yaml") if "kind: Campaign" in f.read_text())
    parts = [part for part in file.read_text().split("---\n") if "kind: Campaign" not in part]
    file.write_text("---\n".join(parts))
    (applied / "gone.yaml").write_text(
        "apiVersion: pzdecl/v1\nremoved:\n  - {address: Campaign/shop-popular}\n"
    )
    answer = cli("-C", applied, "apply", "--auto-approve")
    assert answer.code == 0
    assert "removed: says to leave it as it is" in answer.out
    assert "Campaign/shop-popular" not in addresses(cli, applied)


def test_state_mv_and_rm(cli: Cli, applied: Path) -> None:
    answer = cli("-C", applied, "state", "mv", "solution/shop-popular", "Solution/other")
    assert answer.out.splitlines() == [
        "Solution/shop-popular is Solution/other now",
        "SolutionVersion/shop-popular is SolutionVersion/other now",
    ]
    assert cli("-C", applied, "state", "mv", "Solution/other", "Solution/shop-popular").code == 0
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0
    assert cli("-C", applied, "state", "rm", "Campaign/shop-popular").code == 0
    assert "Campaign/shop-popular" not in addresses(cli, applied)
    assert "state rm" in cli("-C", applied, "state", "history").out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["mv", "Solution/nothing", "Solution/x"], "there is no Solution/nothing"),
        (["mv", "Solution/shop-popular", "Campaign/x"], "cannot become Campaign/x"),
        (["mv", "Solution/shop-popular", "x"], "not an address"),
        (["mv", "Campaign/shop-popular", "Campaign/of the shop"], "no manifest can have that name"),
        (["mv", "Campaign/shop-popular", "Campaign/shop-popular"], "is in the state already"),
        (["rm", "Campaign/nothing"], "there is no Campaign/nothing"),
    ],
)
def test_what_cannot_be_is_told(arguments: list[str], text: str, cli: Cli, applied: Path) -> None:
    answer = cli("-C", applied, "state", *arguments)
    assert answer.code != 0
    assert text in answer.err
