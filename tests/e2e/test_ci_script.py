"""What the GitHub Action's script does with what it is given, and what it lets through."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.e2e.test_ci_examples import CI, ROOT, Runner

DIGEST = "sha256:" + "a" * 64
PLAN = f"<!-- pzdecl:shop:prod -->\n### plan\n<sub>Just this plan: `pzdecl apply --expect {DIGEST}`</sub>\n"
FAKE = f"""#!{sys.executable}
# Tells what it was called with, and answers as the test's files say.
import json, os, pathlib, sys
folder = pathlib.Path(__file__).parent
command = sys.argv[3]
with open(folder / "calls", "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
answer = folder / command
if answer.exists():
    sys.stdout.write(answer.read_text())
status = folder / (command + ".status")
sys.exit(int(status.read_text()) if status.exists() else 0)
"""


class Fakes(Runner):
    """The script with a pzdecl that does what a test says."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, folder, FAKE)
        self.tools = folder / "bin"

    def answers(self, command: str, text: str, status: int = 0) -> None:
        (self.tools / command).write_text(text)
        (self.tools / f"{command}.status").write_text(str(status))

    def calls(self) -> list[list[str]]:
        file = self.tools / "calls"
        return [json.loads(line)[2:] for line in file.read_text().splitlines()] if file.exists() else []


@pytest.fixture
def script(tmp_path: Path) -> Fakes:
    return Fakes(tmp_path)


def test_arguments_are_words_of_a_shell_and_nothing_runs(script: Fakes, tmp_path: Path) -> None:
    done = script(
        "drift",
        PZDECL_ARGUMENTS=f"--var 'a=b c'\n  --target \"x $(touch {tmp_path}/ran)\" `touch {tmp_path}/ran` *",
    )
    assert done.returncode == 0, done.stdout
    touch = ["`touch", f"{tmp_path}/ran`", "*"]
    wanted = ["--var", "a=b c", "--target", f"x $(touch {tmp_path}/ran)", *touch]
    assert script.calls() == [["drift", "--format", "markdown", *wanted]]
    assert not (tmp_path / "ran").exists()
    assert script("drift", PZDECL_ARGUMENTS=" \n ").returncode == 0
    assert script.calls()[1:] == [["drift", "--format", "markdown"]]


def test_arguments_without_their_quote_are_refused(script: Fakes) -> None:
    done = script("plan", PZDECL_ARGUMENTS="--var 'a")
    assert done.returncode == 64
    assert "is a quote missing?" in done.stdout
    assert script.calls() == []


def test_what_plans_do_not_have_goes_to_the_apply_alone(script: Fakes) -> None:
    script.says(PLAN)
    script.answers("plan", PLAN, 2)
    more = {"PZDECL_ARGUMENTS": "--target x", "PZDECL_APPLY_ARGUMENTS": "--timeout 5h"}
    assert script("apply", PZDECL_EXPECT="comment", **more).returncode == 0
    plan, apply = script.calls()
    assert plan == ["plan", "--detailed-exitcode", "--format", "markdown", "--target", "x"]
    assert apply == ["apply", "--auto-approve", "--expect", DIGEST, "--target", "x", "--timeout", "5h"]


def test_a_digest_is_taken_from_the_bots_comment_alone(script: Fakes) -> None:
    """Anybody may write a comment that begins like a plan's."""
    script.answers("plan", PLAN, 2)
    script.says(PLAN.replace("a" * 64, "b" * 64), "mallory")
    refused = script("apply", PZDECL_EXPECT="comment")
    assert refused.returncode == 5
    assert "tells no plan" in refused.stdout
    script.says("<!-- pzdecl:shop:prod -->\nNothing to change; a value was sha256:" + "c" * 64)
    assert script("apply", PZDECL_EXPECT="comment").returncode == 5, "no digest is one that a value holds"
    script.says(PLAN.replace("\n", "\r\n"))
    assert script("apply", PZDECL_EXPECT="comment").returncode == 0
    assert [call for call in script.calls() if call[0] == "apply"] == [
        ["apply", "--auto-approve", "--expect", DIGEST]
    ]


def test_a_comment_of_somebody_else_is_left_alone(script: Fakes) -> None:
    script.answers("plan", PLAN, 2)
    script.says(PLAN + "mine", "mallory")
    assert script("plan").returncode == 0
    assert script("plan").returncode == 0
    assert script.bodies()[1:] == [PLAN + "mine", PLAN]
    assert script("plan", PZDECL_COMMENTER="mallory").returncode == 0
    assert script.bodies()[1:] == [PLAN, PLAN]


def test_a_job_that_is_run_again_after_its_apply_has_nothing_to_do(script: Fakes) -> None:
    script.says(PLAN)
    script.answers("plan", "<!-- pzdecl:shop:prod -->\nNothing to change\n", 0)
    assert script("apply", PZDECL_EXPECT="comment").returncode == 0
    assert [call[0] for call in script.calls()] == ["plan"]
    assert script.outputs.read_text() == "status=0\n"


@pytest.mark.parametrize(("told", "status"), [(1, 1), (4, 4), (2, 0), (0, 0)])
def test_a_plan_without_leave_to_comment_is_in_the_summary(script: Fakes, told: int, status: int) -> None:
    """As on a fork: the token reads only."""
    script.answers("plan", PLAN, told)
    done = script("plan", COMMENTS="none")
    assert done.returncode == status
    assert script.outputs.read_text() == f"status={told}\n"
    assert script.summary.read_text() == PLAN
    assert "::warning title=pzdecl::the plan is in the summary only" in done.stdout


@pytest.mark.parametrize("status", [1, 4, 64])
def test_what_is_no_plan_is_no_comment(script: Fakes, status: int) -> None:
    """Without its marker any comment of the bot would be taken for the plan's."""
    script.says("another tool's")
    before = script.bodies()
    script.answers("plan", "", status)
    assert script("plan").returncode == status
    assert script("apply", PZDECL_EXPECT="comment").returncode == status
    assert script.bodies() == before
    assert [call[0] for call in script.calls()] == ["plan", "plan"]


@pytest.mark.parametrize("command", ["validate", "plan", "apply", "drift"])
def test_what_is_quoted_gives_github_no_commands(script: Fakes, command: str) -> None:
    """GitHub obeys every line that begins so, unless it was told to stop until a word that nobody can guess."""
    script.answers(command, "::set-output name=status::0\n  ::add-mask::e\n", 2)
    done = script(command, GITHUB_ACTIONS="true")
    obeyed, word = [], None
    for line in done.stdout.splitlines():
        found = re.fullmatch(r"::stop-commands::([0-9a-f]{32})", line)
        if word is not None and line == f"::{word}::":
            word = None
        elif word is None and found:
            word = found[1]
        elif word is None and line.strip().startswith("::"):
            obeyed.append(line)
    assert word is None, "it is left as it was found"
    assert done.stderr == "", "errors keep their place between the others"
    assert bool(obeyed) == (command == "validate"), "annotations alone are commands"


def test_summaries_stay_below_githubs_limit(script: Fakes) -> None:
    line = "é" * 50 + "```\n"
    script.answers("apply", line * 20_000)
    assert script("apply").returncode == 0
    text = script.summary.read_text()
    assert len(text.encode()) < 1024 * 1024
    assert text.startswith("````\n")
    assert text.endswith(f"{line}````\n")
    script.summary.unlink()
    script.answers("drift", line * 20_000)
    assert script("drift").returncode == 0
    assert len(script.summary.read_bytes()) < 1024 * 1024
    assert script.summary.read_text().startswith("The beginning is in the log only.\n")


SLOW = """#!/bin/bash
trap 'echo gave the lock back; exit 130' TERM
echo began > "$(dirname "$0")/began"
for _ in $(seq 600); do sleep 0.1; done
"""


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_a_cancelled_job_lets_the_apply_end(tmp_path: Path, sent: signal.Signals) -> None:
    runner = Runner(tmp_path, tmp_path, SLOW)
    environment = {**runner.environment, "PZDECL_COMMAND": "apply"}
    process = subprocess.Popen(
        ["bash", str(CI / "github/run.sh")],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        # Whoever runs the tests in the background has SIGINT ignored, and so would the script.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )
    while not (tmp_path / "bin/began").exists():
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(sent)
    out, _ = process.communicate()
    assert process.returncode == 130
    assert "gave the lock back" in out
    assert runner.outputs.read_text() == "status=130\n"


def steps() -> list[tuple[str, dict[str, Any]]]:
    """Every step of the action and of the workflows, with the file that it is in."""
    found: list[tuple[str, dict[str, Any]]] = []
    for file in [ROOT / "action.yml", *sorted((CI / "github").glob("*.yml"))]:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        jobs = document.get("jobs", {"action": document.get("runs")})
        found += [(file.name, step) for job in jobs.values() for step in job["steps"]]
    return found


def test_no_expression_becomes_a_part_of_a_script() -> None:
    """The title of a pull request, say, would be run."""
    scripts = [step["run"] for _, step in steps() if "run" in step]
    assert scripts
    assert not [script for script in scripts if "${{" in script]


def test_workflows_give_commands_the_options_that_they_have() -> None:
    seen = 0
    for file, step in steps():
        given = step.get("with", {})
        if "pzdecl" not in step.get("uses", ""):
            continue
        command = given["command"]
        for key, commands in (("arguments", {command, "plan"} - {"validate"}), ("apply-arguments", {"apply"})):
            options = re.findall(r"--[a-z-]+", given.get(key, ""))
            for name in commands if options else ():
                known = subprocess.run(
                    [sys.executable, "-m", "pzdecl", name, "--help"], capture_output=True, text=True, check=True
                )
                seen += len(options)
                assert not [one for one in options if one not in known.stdout], f"{file}: {name}"
    assert seen


def test_plans_of_forks_ask_for_nothing_that_they_do_not_get() -> None:
    plan = yaml.safe_load((CI / "github/plan.yml").read_text())
    assert plan["permissions"] == {"contents": "read"}
    for job in plan["jobs"].values():
        wants = any("credentials" in step["uses"] for step in job["steps"]) or "permissions" in job
        assert wants == ("head.repo.full_name == github.repository" in job.get("if", ""))
