"""The JSON plan under the policies of examples/ci, read as conftest reads them."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
POLICY = ROOT / "examples/ci/policy/plan.rego"
PLANS = Path(__file__).parent / "golden/expected"

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("regopy") is None, reason="Rego's evaluator has no package for this platform"
)
# In a process of its own: a process that has loaded it dies of loading torch afterwards.
EVALUATE = """\
import json, sys, regopy
rego = regopy.Interpreter()
rego.add_module("plan", open(sys.argv[1]).read())
rego.set_input(json.load(sys.stdin))
print(json.dumps(list(rego.query(sys.argv[2]).results[0].expressions[0])))
"""


def found(rule: str, plan: dict[str, Any]) -> set[str]:
    """The messages of a rule of the policy for a plan."""
    done = subprocess.run(
        [sys.executable, "-c", EVALUATE, POLICY, f"data.main.{rule}"],
        input=json.dumps(plan),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout))


def plan(name: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads((PLANS / f"{name}.json").read_text())
    return read


def test_data_is_not_deleted() -> None:
    held = {"Dataset/people", "Dataset/ratings", "DatasetGroup/cinema"}
    assert found("deny", plan("destroy")) == {f"{one} holds data and would be deleted" for one in held}
    assert found("deny", plan("accept")) == set()


def test_throughput_has_a_bound() -> None:
    changed = copy.deepcopy(plan("change"))
    before = found("deny", changed)
    [campaign] = [one for one in changed["resource_changes"] if one["address"] == "Campaign/crowd"]
    campaign["change"]["after"]["spec"]["minProvisionedTPS"] = 11
    assert found("deny", changed) - before == {"Campaign/crowd asks for 11 requests a second; 10 are allowed"}


def test_solutions_that_are_replaced_are_told_with_what_asks_for_it() -> None:
    [solution] = [one for one in plan("change")["resource_changes"] if one["address"] == "Solution/next"]
    [field] = solution["fields"]
    assert found("warn", plan("change")) == {f"Solution/next is replaced because of {field['path']}"}
