"""A small project in a temporary folder, driven by the command line as a user drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.shop import EVENTS, PROJECT, Folder, data, deployed, document, group, interactions, manifest

PZDECL = str(Path(sys.executable).parent / "pzdecl")

DATA = manifest(
    group(metadata="tags: {team: discovery}"),
    data("shop-events", EVENTS, file="data/interactions.csv"),
    document("EventTracker", "shop-web", "datasetGroup: shop"),
)
RECOMMENDER = deployed(
    "shop-related",
    "aws-sims",
    solution="solutionConfig: {algorithmHyperParameters: {min_cointeraction_count: 1}}",
    campaign="minProvisionedTPS: 1",
    metadata="tags: {team: discovery}",
)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Workbench(Folder):
    """The project's folder, its files, and the commands run in it."""

    @classmethod
    def new(cls, root: Path) -> Workbench:
        """A project that was never applied."""
        made = cls(root)
        made.write("pzdecl.yaml", PROJECT)
        made.write("data.yaml", DATA)
        made.write("recommender.yaml", RECOMMENDER)
        made.write("data/interactions.csv", interactions())
        return made

    def run(self, *arguments: str, expect: int | None = 0) -> Result:
        """Runs `pzdecl ARGUMENTS` without a terminal; `expect` is the exit status that must come."""
        done = subprocess.run(
            [PZDECL, *arguments], cwd=self.root, env=_environment(), capture_output=True, text=True, check=False
        )
        result = Result(done.returncode, done.stdout, done.stderr)
        if expect is not None:
            assert result.code == expect, f"exit {result.code}, not {expect}:\n{result.out}\n{result.err}"
        return result

    def apply(self, *arguments: str, expect: int = 0) -> Result:
        return self.run("apply", "--auto-approve", *arguments, expect=expect)

    def plan(self, *arguments: str) -> dict[str, Any]:
        """The plan as its JSON document."""
        return dict(json.loads(self.run("plan", "--format", "json", *arguments).out))

    def actions(self, *arguments: str) -> dict[str, str]:
        """Address to action, of what would change."""
        return {
            change["address"]: change["action"]
            for change in self.plan(*arguments)["resource_changes"]
            if change["action"] != "no-op"
        }

    def settled(self) -> bool:
        return self.run("plan", "--detailed-exitcode", expect=None).code == 0


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PZDECL_")}
    return {**kept, "NO_COLOR": "1"}
