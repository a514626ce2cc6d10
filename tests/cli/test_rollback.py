"""Putting an earlier version back, on the built-in engine."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

pytest.importorskip("torch")


@pytest.fixture
def twice(cli: Cli, starter: Path) -> Path:
    """A project whose solution was trained twice."""
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    assert cli("-C", starter, "apply", "--auto-approve", "--retrain", "Solution/shop-popular").code == 0
    return starter


def serving(cli: Cli, root: Path) -> str:
    shown = cli("-C", root, "state", "show", "Campaign/shop-popular", "--format", "json").out
    [found] = set(re.findall(r"solution/shop-popular/([0-9a-f]{8})", shown)) or {""}
    return found


def test_back_and_forth(cli: Cli, twice: Path) -> None:
    newest = serving(cli, twice)
    answer = cli("-C", twice, "rollback", "shop-popular", "--auto-approve")
    assert answer.code == 0, answer.err
    assert answer.out.splitlines()[-1].startswith("Apply") or "1 deployed" in answer.out
    earlier = serving(cli, twice)
    assert earlier != newest
    assert "item-" in cli("-C", twice, "recommend", "shop-popular", "user-1").out
    assert "rollback" in cli("-C", twice, "state", "history").out

    plan = cli("-C", twice, "plan", "--detailed-exitcode")
    assert plan.code == 0, "a pinned campaign is no change"
    assert f"Campaign/shop-popular is pinned to version {earlier}" in plan.out
    markdown = cli("-C", twice, "plan", "--format", "markdown").out
    assert f"pinned to version {earlier}" in markdown

    assert cli("-C", twice, "apply", "--auto-approve", "--retrain", "Solution/shop-popular").code == 0
    assert serving(cli, twice) == earlier, "a new version changes nothing"

    back = cli("-C", twice, "rollback", "shop-popular", "--to", newest, "--auto-approve")
    assert back.code == 0
    assert serving(cli, twice) == newest

    released = cli("-C", twice, "rollback", "Campaign/shop-popular", "--release", "--auto-approve")
    assert released.code == 0
    assert serving(cli, twice) not in (earlier, newest), "it follows the newest version again"
    assert "pinned" not in cli("-C", twice, "plan").out


def test_nothing_else_is_rolled_out_by_it(cli: Cli, twice: Path) -> None:
    answer = cli("-C", twice, "--var", "tps=7", "rollback", "shop-popular", "--auto-approve")
    assert "minProvisionedTPS" not in answer.out
    plan = cli("-C", twice, "--var", "tps=7", "plan")
    assert "minProvisionedTPS" in plan.out
    assert "pinned to version" in plan.out


def test_a_sensitive_field_stays_as_it_is(cli: Cli, starter: Path) -> None:
    """The state has a hash of it alone."""
    project = starter / "pzdecl.yaml"
    project.write_text(project.read_text().replace("  tps:", "  tps:\n    sensitive: true", 1))
    for more in ((), ("--retrain", "Solution/shop-popular")):
        assert cli("-C", starter, "apply", "--auto-approve", "--var", "tps=3", *more).code == 0
    newest = serving(cli, starter)
    answer = cli("-C", starter, "--var", "tps=3", "rollback", "shop-popular", "--auto-approve")
    assert answer.code == 0, answer.err
    assert "minProvisionedTPS" not in answer.out
    assert serving(cli, starter) != newest
    assert cli("-C", starter, "plan", "--detailed-exitcode", "--var", "tps=3").code == 0
    assert cli("-C", starter, "plan", "--detailed-exitcode", "--var", "tps=4").code == 2


def test_a_replaced_solution_lifts_the_pin(cli: Cli, twice: Path) -> None:
    assert cli("-C", twice, "rollback", "shop-popular", "--auto-approve").code == 0
    pinned = serving(cli, twice)
    answer = cli("-C", twice, "apply", "--auto-approve", "--replace", "Solution/shop-popular")
    assert answer.code == 0, answer.err
    assert f"its pin to version {pinned} goes with the solution" in answer.out
    assert "pinned" not in cli("-C", twice, "plan").out
    assert cli("-C", twice, "plan", "--detailed-exitcode").code == 0


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["Solution/shop-popular"], "is no campaign"),
        (["shop-populr"], "there is no Campaign/shop-populr"),
        (["shop-popular", "--to", "12345678"], "has no trained version 12345678"),
        (["shop-popular", "--release"], "is not pinned"),
        (["shop-popular", "--release", "--to", "x"], "both given"),
    ],
)
def test_what_cannot_be_put_back_is_told(arguments: list[str], text: str, cli: Cli, twice: Path) -> None:
    answer = cli("-C", twice, "rollback", *arguments, "--auto-approve")
    assert answer.code != 0
    assert text in answer.err


def test_the_first_version_has_none_before(cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "rollback", "shop-popular", "--auto-approve").code == 64
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    answer = cli("-C", starter, "rollback", "shop-popular", "--auto-approve")
    assert "serves the first version" in answer.err
