"""What the examples for CI say is what pzdecl understands, and what the GitHub Action runs works."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from pzdecl.cli.app import COMMANDS

pytest.importorskip("torch")

ROOT = Path(__file__).parents[2]
CI = ROOT / "examples" / "ci"
BOT = "github-actions[bot]"
GH = """#!{python}
# GitHub's comments of one pull request, in a file.
import json, os, subprocess, sys
file = os.environ["COMMENTS"]
if file == "none":
    sys.exit("HTTP 403: Resource not accessible by integration")
comments = json.load(open(file))
arguments = sys.argv[2:]
body = next((open(a[6:]).read() for a in arguments if a.startswith("body=@")), None)
if "PATCH" in arguments:
    at = int(arguments[2].rpartition("/")[2])
    comments = [dict(c, body=body) if c["id"] == at else c for c in comments]
elif "POST" in arguments:
    comments.append({{"id": len(comments) + 1, "body": body, "user": {{"login": "github-actions[bot]"}}}})
else:
    program = arguments[arguments.index("--jq") + 1]
    assert "env.AUTHOR" in program and "startswith(env.MARKER)" in program, program
    marker, author, field = os.environ["MARKER"], os.environ["AUTHOR"], program.rpartition(".")[2]
    fitting = [c for c in comments if c["body"].startswith(marker) and c["user"]["login"] == author]
    print("\\n".join(str(c[field]) for c in fitting))
json.dump(comments, open(file, "w"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "shop"
    subprocess.run([sys.executable, "-m", "pzdecl", "init", str(root)], check=True, capture_output=True)
    return root


class Runner:
    """Runs the action's script with a `gh` that keeps comments in a file."""

    def __init__(self, folder: Path, project: Path, pzdecl: str | None = None) -> None:
        self.comments = folder / "comments.json"
        self.comments.write_text('[{"id": 1, "body": "looks good", "user": {"login": "reviewer"}}]')
        tools = folder / "bin"
        tools.mkdir()
        (tools / "gh").write_text(GH.format(python=sys.executable))
        (tools / "gh").chmod(0o755)
        (tools / "pzdecl").write_text(pzdecl or f'#!/bin/sh\nexec "{sys.executable}" -m pzdecl "$@"\n')
        (tools / "pzdecl").chmod(0o755)
        self.outputs, self.summary = folder / "outputs", folder / "summary"
        self.environment = {
            **os.environ,
            "PATH": f"{tools}:{os.environ['PATH']}",
            "COMMENTS": str(self.comments),
            "GITHUB_REPOSITORY": "o/r",
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "PULL_REQUEST": "7",
            "PZDECL_DIRECTORY": str(project),
            "PZDECL_ENV": "",
            "PZDECL_IN_AUTOMATION": "1",
        }

    def __call__(self, command: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {**self.environment, "PZDECL_COMMAND": command, **more}
        script = str(CI / "github" / "run.sh")
        return subprocess.run(["bash", script], env=environment, capture_output=True, text=True, check=False)

    def says(self, body: str, author: str = BOT) -> None:
        """Somebody's comment."""
        found = json.loads(self.comments.read_text())
        found.append({"id": len(found) + 1, "body": body, "user": {"login": author}})
        self.comments.write_text(json.dumps(found))

    def bodies(self) -> list[str]:
        return [one["body"] for one in json.loads(self.comments.read_text())]


@pytest.mark.slow
def test_a_comment_is_kept_up_to_date_and_its_plan_applied(tmp_path: Path, project: Path) -> None:
    run = Runner(tmp_path, project)
    assert run("validate").returncode == 0
    first = run("plan")
    assert first.returncode == 0, first.stderr
    assert "status=2" in run.outputs.read_text()
    assert len(run.bodies()) == 2
    assert "will be" in run.bodies()[1] or "to create" in run.bodies()[1]
    file = project / "shop.yaml"
    file = (
        file if file.exists() else next(f for f in project.glob("*.yaml") if "kind: Campaign" in f.read_text())
    )
    file.write_text(
        file.read_text() + "---\napiVersion: pzdecl/v1\nkind: DatasetGroup\nmetadata: {name: more}\n"
    )
    stale = run("apply", PZDECL_EXPECT="comment")
    assert stale.returncode == 5, "the plan that was reviewed is another one"
    assert run("plan").returncode == 0
    assert len(run.bodies()) == 2, "the comment is updated, not repeated"
    applied = run("apply", PZDECL_EXPECT="comment")
    assert applied.returncode == 0, applied.stderr
    assert run("plan").returncode == 0
    assert "Nothing to change" in run.bodies()[1]
    assert run("apply", PZDECL_EXPECT="comment").returncode == 0
    assert run("drift").returncode == 0


def test_a_wrong_command_is_told(tmp_path: Path, project: Path) -> None:
    answer = Runner(tmp_path, project)("destroy")
    assert answer.returncode == 64
    assert "expected validate, plan, apply or drift" in answer.stdout


@pytest.mark.parametrize(
    "file", sorted([*CI.rglob("*.y*ml"), ROOT / "action.yml", ROOT / ".pre-commit-hooks.yaml"])
)
def test_the_examples_are_yaml_and_name_commands_that_there_are(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert yaml.safe_load(text)
    commands = re.findall(r"(?:\bpzdecl|command:) ([a-z]+)(?=[ ,}\n])", text)
    known = {name.split()[0] for name in COMMANDS}
    assert commands or file.name == "action.yml"
    assert set(commands) - {"to", "or"} <= known, commands


def test_the_actions_inputs_are_those_that_the_workflows_give() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    for file in (CI / "github").glob("*.yml"):
        for job in yaml.safe_load(file.read_text(encoding="utf-8"))["jobs"].values():
            for step in job["steps"]:
                if "pzdecl" in step.get("uses", ""):
                    assert set(step["with"]) <= set(action["inputs"]), file
