"""`plan` and `apply --refresh-only`, as a user of Terraform does it."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

import pzdecl
from pzdecl.views import schemas
from tests.cli.conftest import Cli

pytest.importorskip("torch")

CAMPAIGN = "arn:aws:personalize:local:000000000000:campaign/shop-popular"


@pytest.fixture
def drifted(cli: Cli, starter: Path) -> Path:
    """The starter's project, applied; then somebody gave its campaign more capacity."""
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    engine = pzdecl.Engine(starter / ".pzdecl" / "engine")
    try:
        engine.client().update_campaign(campaignArn=CAMPAIGN, minProvisionedTPS=7)
        engine.start_worker(scheduled=False)
        engine.stop(finish=True)
    finally:
        engine.close()
    return starter


def test_what_drifted_is_shown_and_taken_into_the_state(cli: Cli, drifted: Path) -> None:
    answer = cli("-C", drifted, "plan", "--refresh-only", "--detailed-exitcode")
    assert answer.code == 2
    assert "≈ Campaign/shop-popular will be taken into the state" in answer.out
    assert "minProvisionedTPS 1 → 7" in answer.out
    assert answer.out.splitlines()[-1] == "Plan: 1 to accept, 0 to delete."
    assert "Changed outside of pzdecl\n" not in answer.out, "it is told once"
    found = json.loads(cli("-C", drifted, "plan", "--refresh-only", "--format", "json").out)
    jsonschema.validate(found, schemas.plan_schema())
    [change] = [one for one in found["resource_changes"] if one["action"] != "no-op"]
    assert (change["action"], change["change"]["actions"]) == ("accept", ["no-op"])
    assert [one["address"] for one in found["resource_drift"]] == ["Campaign/shop-popular"]
    assert not found["complete"]
    markdown = cli("-C", drifted, "plan", "--refresh-only", "--format", "markdown").out
    assert "! Campaign/shop-popular will be taken into the state" in markdown
    for form in ("github", "junit", "sarif"):
        assert "Campaign/shop-popular" in cli("-C", drifted, "plan", "--refresh-only", "--format", form).out
    assert cli("-C", drifted, "plan", "--refresh-only", "--exclude", "Campaign/*").out.endswith(
        "Nothing to accept: what runs is what the state says.\n"
    )

    refused = cli("-C", drifted, "apply", "--refresh-only")
    assert refused.code == 64
    assert "--auto-approve" in refused.err
    done = cli("-C", drifted, "apply", "--refresh-only", "--auto-approve")
    assert done.code == 0
    assert "1 accepted" in done.out
    assert cli("-C", drifted, "drift").code == 0
    assert cli("-C", drifted, "plan", "--refresh-only", "--detailed-exitcode").code == 0
    put_right = cli("-C", drifted, "apply", "--auto-approve")
    assert "minProvisionedTPS 7 → 1" in put_right.out
    assert cli("-C", drifted, "plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_of_it_is_applied_once(cli: Cli, drifted: Path) -> None:
    file = drifted / "accept.plan"
    assert cli("-C", drifted, "plan", "--refresh-only", "--out", file).code == 0
    assert "1 to accept" in cli("-C", drifted, "show", file).out
    assert cli("-C", drifted, "apply", "--refresh-only", file).code == 64
    assert cli("-C", drifted, "apply", file).code == 0
    assert cli("-C", drifted, "drift").code == 0
    assert cli("-C", drifted, "apply", file).code == 5
    assert cli("-C", drifted, "state", "history").out.count("accept") >= 1


@pytest.mark.parametrize("flag", [["--no-refresh"], ["--destroy"], ["--retrain", "Solution/shop-popular"]])
def test_what_it_excludes(cli: Cli, starter: Path, flag: list[str]) -> None:
    answer = cli("-C", starter, "plan", "--refresh-only", *flag)
    assert answer.code == 64
    assert f"--refresh-only and {flag[0]} exclude each other" in answer.err
