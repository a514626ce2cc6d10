"""plan, apply, destroy and what they leave to look at, on the built-in engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest

import pzdecl
from pzdecl.kinds.address import Address
from pzdecl.plan.model import Action, Change
from pzdecl.project import Project
from pzdecl.views import schemas
from tests.cli.conftest import Cli

pytest.importorskip("torch")


@pytest.fixture
def applied(cli: Cli, starter: Path) -> Path:
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    return starter


def test_environments_do_not_meet(cli: Cli, applied: Path) -> None:
    assert cli("-C", applied, "-e", "prod", "apply", "--auto-approve").code == 0
    assert cli("-C", applied, "-e", "prod", "apply", "--destroy", "--auto-approve").code == 0
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0
    assert cli("-C", applied, "recommend", "shop-popular", "user-1").code == 0


def test_environments_that_share_an_engine_take_nothing_from_each_other(cli: Cli, applied: Path) -> None:
    file = applied / "pzdecl.yaml"
    file.write_text(file.read_text().replace("type: local ", "type: local\n  engine: .pzdecl/engine "))
    answer = cli("-C", applied, "-e", "prod", "apply", "--auto-approve")
    assert answer.code == 4
    assert "that is not managed here" in answer.out
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0


def test_plan_tells_by_its_exit_status(cli: Cli, starter: Path) -> None:
    assert cli("-C", starter, "plan").code == 0
    answer = cli("-C", starter, "plan", "--detailed-exitcode")
    assert answer.code == 2
    assert answer.out.splitlines()[-1] == "Plan: 5 to create, 1 to import, 1 to train, 0 to delete."
    assert answer.out == cli("-C", starter, "plan").out
    assert not (starter / ".pzdecl" / "state").exists(), "a plan writes no state"
    assert not (starter / ".pzdecl" / "engine").exists(), "a plan makes no engine"


def test_plan_in_every_format(cli: Cli, starter: Path) -> None:
    found = json.loads(cli("-C", starter, "plan", "--format", "json").out)
    jsonschema.validate(found, schemas.plan_schema())
    assert found["change_summary"]["create"] == 5
    assert cli("-C", starter, "plan", "--format", "markdown").out.startswith("<!-- pzdecl:shop:")
    assert "::notice" in cli("-C", starter, "plan", "--format", "github").out


def test_a_project_comes_to_life_and_goes(cli: Cli, applied: Path) -> None:
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 0
    listed = cli("-C", applied, "state", "list").out.splitlines()
    assert listed == sorted(listed)
    assert len(listed) == 7
    assert cli("-C", applied, "state", "list", "campaign").out == "Campaign/shop-popular\n"
    assert "arn: arn:aws:personalize:" in cli("-C", applied, "show", "CAMPAIGN/Shop-Popular").out
    shown = json.loads(cli("-C", applied, "state", "show", "Solution/shop-popular", "--format", "json").out)
    assert shown["values"]["recipe"] == "aws-popularity-count"
    assert "5 created, 1 imported, 1 trained" in cli("-C", applied, "state", "history").out
    assert "aws-popularity-count" in cli("-C", applied, "metrics").out
    answer = json.loads(cli("-C", applied, "recommend", "shop-popular", "user-1", "--format", "json").out)
    assert len(answer["itemList"]) == 25
    assert cli("-C", applied, "recommend", "shop-popular", "user-1", "-n", "3").out.count("item-") == 3
    nobody = cli("-C", applied, "recommend", "shop-popular")
    assert nobody.code == 64
    assert "hint: name the user: pzdecl recommend shop-popular USER" in nobody.err
    assert cli("-C", applied, "drift").code == 0
    assert cli("-C", applied, "destroy", "--auto-approve").code == 0
    assert cli("-C", applied, "state", "list").out == ""


def test_a_saved_plan_is_shown_applied_once_and_then_stale(cli: Cli, starter: Path) -> None:
    saved = starter / "first.plan"
    assert cli("-C", starter, "plan", "--out", saved).code == 0
    assert cli("-C", starter, "show", saved).out == cli("-C", starter, "plan").out
    assert cli("-C", starter, "apply", saved, "--destroy").code == 64
    assert cli("-C", starter, "-e", "prod", "apply", saved).code == 1
    done = cli("-C", starter, "apply", saved, "--var", "tps=3")
    assert done.code == 0
    assert "note: a saved plan is carried out as it is" in done.err
    assert "minProvisionedTPS" not in cli("-C", starter, "show", "Campaign/shop-popular").out, (
        "it is the default"
    )
    stale = cli("-C", starter, "apply", saved)
    assert "note:" not in stale.err
    assert stale.code == 5
    assert stale.err.startswith("error: ")
    saved.write_text("")
    assert cli("-C", starter, "apply", saved).code == 1
    assert cli("-C", starter, "apply", starter / "gone.plan").code == 1


def test_without_a_terminal_nothing_is_asked(cli: Cli, starter: Path) -> None:
    for command in ("apply", "destroy"):
        answer = cli("-C", starter, command)
        assert answer.code == 64
        assert "--auto-approve" in answer.err


def test_what_holds_data_is_refused_and_the_rest_is_done(cli: Cli, applied: Path) -> None:
    (applied / "data.yaml").write_text((applied / "data.yaml").read_text().split("---\n")[0])
    (applied / "recommender.yaml").unlink()
    assert cli("-C", applied, "plan", "--detailed-exitcode").code == 4
    answer = cli("-C", applied, "apply", "--auto-approve")
    assert answer.code == 4
    assert "--allow-destroy Dataset/shop-interactions" in answer.out
    assert "Campaign/shop-popular" not in cli("-C", applied, "state", "list").out
    named = cli("-C", applied, "apply", "--auto-approve", "--allow-destroy", "dataset/shop-interactions")
    assert named.code == 0
    assert cli("-C", applied, "state", "list").out == "DatasetGroup/shop\n"


def test_drift_is_found(cli: Cli, applied: Path) -> None:
    engine = pzdecl.Engine(applied / ".pzdecl" / "engine")
    try:
        arn = "arn:aws:personalize:local:000000000000:campaign/shop-popular"
        engine.client().delete_campaign(campaignArn=arn)
    finally:
        engine.close()
    assert cli("-C", applied, "metrics").code == 0, "what is gone serves nothing; the rest is told"
    answer = cli("-C", applied, "drift")
    assert answer.code == 2
    assert "Campaign/shop-popular is gone" in answer.out
    found = json.loads(cli("-C", applied, "drift", "--format", "json").out)
    assert found["resource_drift"][0]["missing"] is True
    assert "Campaign/shop-popular" in cli("-C", applied, "drift", "--format", "markdown").out
    assert cli("-C", applied, "apply", "--auto-approve").code == 0
    assert cli("-C", applied, "drift").code == 0


def test_a_lock_names_its_holder(cli: Cli, applied: Path) -> None:
    program = (
        "import sys, time, pzdecl\n"
        "with pzdecl.load(sys.argv[1]).locked(command='a long apply'):\n"
        "    print('held', flush=True)\n"
        "    time.sleep(600)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, str(applied)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        answer = cli("-C", applied, "apply", "--auto-approve")
        assert answer.code == 6
        assert "a long apply" in answer.err
        began = time.monotonic()
        assert cli("-C", applied, "apply", "--auto-approve", "--lock-timeout", "1s").code == 6
        assert time.monotonic() - began >= 1
        assert cli("-C", applied, "plan").code == 0, "a plan needs no lock"
        assert cli("-C", applied, "state", "unlock").code == 1
    finally:
        holder.kill()
        holder.wait()
        holder.stdout.close()
    assert cli("-C", applied, "apply", "--auto-approve").code == 0, "the lock of a dead process is broken"
    assert cli("-C", applied, "state", "unlock").out == "The state is not locked.\n"


def test_json_lines(cli: Cli, starter: Path) -> None:
    out = cli("-C", starter, "apply", "--auto-approve", "--format", "jsonl").out
    lines = [json.loads(line) for line in out.splitlines()]
    kinds = [line["type"] for line in lines]
    assert kinds[0] == "version"
    assert kinds.count("planned_change") == kinds.count("apply_complete") == 7
    assert lines[-1]["changes"]["actions"] == {"create": 5, "import": 1, "train": 1}


def test_bad_data_is_found_before_anything_changes(cli: Cli, starter: Path) -> None:
    path = starter / "data" / "interactions.csv"
    rows = path.read_text().splitlines()
    rows[4] = "user-1,,notatime,view"
    path.write_text("\n".join(rows) + "\n")
    answer = cli("-C", starter, "apply", "--auto-approve")
    assert answer.code == 1
    assert "data/interactions.csv:5" in answer.err
    assert cli("-C", starter, "state", "list").out == ""
    path.write_text("\n".join(rows[:3]) + "\n")
    assert cli("-C", starter, "plan").code == 1


def test_a_deadline_is_not_a_failure(cli: Cli, starter: Path) -> None:
    answer = cli("-C", starter, "apply", "--auto-approve", "--timeout", "0s")
    assert answer.code == 8
    assert "again to go on" in answer.out
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0


def test_from_python(starter: Path) -> None:
    project = pzdecl.load(starter)
    plan = project.plan()
    assert plan.has_changes
    run = project.apply(plan)
    assert run.counts["create"] == 5
    assert not project.plan().has_changes
    assert project.metrics()[0].recipe == "aws-popularity-count"
    assert len(project.recommend("shop-popular", user="user-1", count=3)["itemList"]) == 3
    assert "Engine" in dir(pzdecl)


def test_a_failure_leaves_the_rest_done_and_the_same_command_goes_on(
    cli: Cli, starter: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pzdecl.engine.training import train

    def refuse(*_: object, **__: object) -> dict[str, float]:
        raise train.TrainingFailed("there is too little of it")

    with monkeypatch.context() as patched:
        patched.setattr(train, "train", refuse)
        answer = cli("-C", starter, "apply", "--auto-approve")
    assert answer.code == 7
    assert "SolutionVersion/shop-popular (train): there is too little of it" in answer.out
    assert "Campaign/shop-popular (create): because SolutionVersion/shop-popular failed" in answer.out
    assert "Run `pzdecl apply` again to go on from here." in answer.out
    assert cli("-C", starter, "apply", "--auto-approve").code == 0
    assert cli("-C", starter, "plan", "--detailed-exitcode").code == 0


def test_the_graph_of_a_plan_shows_what_goes_and_nothing_twice(
    cli: Cli, applied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = applied / "recommender.yaml"
    text = file.read_text()
    file.write_text(text.partition("---")[0])
    dot = cli("-C", applied, "graph", "--plan").out
    assert re.search(r'"Campaign/shop-popular" \[.*fillcolor = "#ffb3ad"\]', dot)
    file.write_text(text)
    plan = pzdecl.load(applied).plan()
    left = Change(Address("Campaign", "shop-popular"), Action.DELETE, deposed="shop-popular-0a1b2c3d")
    monkeypatch.setattr(Project, "plan", lambda self: replace(plan, changes=(*plan.changes, left)))
    assert "fillcolor" not in cli("-C", applied, "graph", "--plan").out, "the campaign itself stays as it is"
