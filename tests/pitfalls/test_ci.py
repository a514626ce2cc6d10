"""What machines meet: no questions, whole progress, GitHub's limits, quick starts, distinct exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pzdecl.apply import running
from pzdecl.apply.pace import Pace
from pzdecl.providers.local import LocalClient
from pzdecl.views import run_json
from tests.pitfalls.conftest import POPULAR, Site

HEAVY = (
    "torch",
    "pandas",
    "numpy",
    "scipy",
    "pyarrow",
    "boto3",
    "botocore",
    "networkx",
    "deepdiff",
    "starlette",
    "psycopg",
)


class Untouchable:
    """A standard input that nobody may read."""

    def isatty(self) -> bool:
        return False

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"standard input was used: {name}")


def test_03_nothing_is_asked_without_a_terminal(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Untouchable())
    assert site("plan").code == 0
    for command in ("apply", "destroy"):
        answer = site(command)
        assert answer.code == 64
        assert "--auto-approve" in answer.err
    project = "name: shop\nprovider: {type: local}\nvariables: {team: {type: string}}\n"
    site.write("pzdecl.yaml", project)
    site.edit("popular.yaml", "{team: discovery}", '{team: "${var.team}"}')
    answer = site("plan")
    assert answer.code == 1
    assert "team" in answer.err
    assert "--var" in answer.err
    assert site("plan", "--var", "team=search").code == 0
    assert site.managed() == []


def test_22_progress_goes_on_to_the_end(trained: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A training that is busy for twenty looks is told of more than once, and then that it is done."""
    looks = {"left": 20}
    real = LocalClient.read

    def slow(self: LocalClient, operation: str, /, **params: Any) -> dict[str, Any]:
        answer = real(self, operation, **params)
        if operation == "describe_solution_version" and looks["left"]:
            looks["left"] -= 1
            answer = {"solutionVersion": {**answer["solutionVersion"], "status": "CREATE IN_PROGRESS"}}
        return answer

    monkeypatch.setattr(LocalClient, "read", slow)
    monkeypatch.setattr(run_json, "INTERVAL", 0.0)
    monkeypatch.setattr(running, "Pace", lambda: Pace(longest=0.02, told=0.0))
    lines = [json.loads(line) for line in trained.apply("--format", "jsonl").out.splitlines()]
    told = [
        line["type"]
        for line in lines
        if line.get("hook", {}).get("resource", {}).get("resource_type") == "SolutionVersion"
    ]
    assert told[0] == "apply_start"
    assert told[-1] == "apply_complete"
    assert told.count("apply_progress") >= 3
    assert lines[-1]["type"] == "change_summary"
    assert lines[0]["type"] == "version"


def test_23_limits_of_github_cut_the_unimportant(site: Site) -> None:
    """What is deleted is told first, all of it; what is left out is counted."""
    copies = POPULAR.replace("name: popular,", 'name: "${each.value}",')
    names = ", ".join(f"solution-{number:04}" for number in range(1_500))
    site.apply()
    (site.root / "popular.yaml").unlink()
    site.write("many.yaml", f"{copies}forEach: [{names}]\n")
    comment = site("plan", "--format", "markdown").out
    assert len(comment) < 65_536
    assert comment.index("Solution/popular") < comment.index("Solution/solution-0000")
    listed = comment.count("+ Solution/solution-")
    assert 0 < listed < 1_500
    assert f"{1_500 - listed:,} changes more" in comment
    assert comment.count("<details") == comment.count("</details>")
    lines = site("plan", "--format", "github").out.splitlines()
    by_level = {
        level: [line for line in lines if line.startswith(f"::{level} ")]
        for level in ("error", "warning", "notice")
    }
    assert all(len(found) <= 10 for found in by_level.values())
    assert any("Solution/popular" in line for line in by_level["warning"])
    assert "more" in by_level["notice"][-1]


@pytest.mark.parametrize(
    ("command", "most"), [("--version", 100), ("validate", 460), ("plan", 620), ("apply --auto-approve", 700)]
)
def test_24_starting_loads_little(site: Site, command: str, most: int) -> None:
    """No heavy library, and a bounded number of modules."""
    code = (
        "import sys; from pzdecl.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('', len(sys.modules), *({set(HEAVY)!r} & sys.modules.keys()), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command.split()],
        cwd=site.root,
        capture_output=True,
        text=True,
        check=True,
    )
    count, *heavy = done.stderr.splitlines()[-1].split()
    assert heavy == []
    assert int(count) <= most


def test_24_importing_has_no_effects(tmp_path: Path) -> None:
    """`import pzdecl` starts no thread, opens and writes no file, and changes no environment."""
    code = (
        "import os, sys, threading; before = dict(os.environ), os.listdir('/dev/fd')\n"
        "import pzdecl\n"
        "assert (dict(os.environ), os.listdir('/dev/fd')) == before\n"
        "assert threading.active_count() == 1\n"
        "assert 'pydantic' not in sys.modules, 'what is exported is imported when it is asked for'\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan", "--detailed-exitcode", "--nope"],
        ["plan", "--detailed-exitcode", "--target"],
        ["drift", "--nope"],
        ["pln"],
    ],
)
def test_26_wrong_usage_is_not_taken_for_changes(site: Site, arguments: list[str]) -> None:
    """2 means that there are changes, and nothing else."""
    assert site("plan", "--detailed-exitcode").code == 2
    assert site(*arguments).code == 64
    site.write("shop.yaml", "kind: [")
    assert site("plan", "--detailed-exitcode").code == 1
