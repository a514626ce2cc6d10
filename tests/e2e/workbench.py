"""A small project in a temporary folder, driven by the command line as a user drives it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PZDECL = str(Path(sys.executable).parent / "pzdecl")

PROJECT = "name: shop\nprovider: {type: local}\n"

DATA = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {name: shop, tags: {team: discovery}}
spec: {}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: shop-events}
spec:
  schema:
    type: record
    name: Interactions
    namespace: com.amazonaws.personalize.schema
    fields:
      - {name: USER_ID, type: string}
      - {name: ITEM_ID, type: string}
      - {name: TIMESTAMP, type: long}
      - {name: EVENT_TYPE, type: string}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: shop-events}
spec: {datasetGroup: shop, datasetType: Interactions, schema: shop-events}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {name: shop-events}
spec:
  dataset: shop-events
  dataSource: {dataLocation: data/interactions.csv}
---
apiVersion: pzdecl/v1
kind: EventTracker
metadata: {name: shop-web}
spec: {datasetGroup: shop}
"""

RECOMMENDER = """\
apiVersion: pzdecl/v1
kind: Solution
metadata:
  name: shop-related
  tags: {team: discovery}
spec:
  datasetGroup: shop
  recipe: aws-sims
  solutionConfig:
    algorithmHyperParameters:
      min_cointeraction_count: 1
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-related}
spec: {solution: shop-related, minProvisionedTPS: 1}
"""

RECURRENT = """\
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-hrnn}
spec:
  datasetGroup: shop
  recipe: aws-hrnn
  solutionConfig:
    algorithmHyperParameters:
      hidden_dimension: 32
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-hrnn}
spec: {solution: shop-hrnn}
"""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


class Workbench:
    """The project's folder, its files, and the commands run in it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("pzdecl.yaml", PROJECT)
        self.write("data.yaml", DATA)
        self.write("recommender.yaml", RECOMMENDER)
        self.write("data/interactions.csv", interactions())

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def edit(self, name: str, before: str, after: str) -> None:
        text = (self.root / name).read_text()
        assert before in text, f"{name} has no {before!r}"
        self.write(name, text.replace(before, after))

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


def interactions(users: int = 40, each: int = 30, start: int = 1_700_000_000) -> str:
    """Users who walk round a ring of 50 items: an order that a sequence model learns at once."""
    lines = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(users):
        for step in range(each):
            item = (user * 7 + step) % 50
            lines.append(f"u{user},i{item},{start + user * 10_000 + step * 60},view")
    return "\n".join(lines) + "\n"


def _environment() -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PZDECL_")}
    return {**kept, "NO_COLOR": "1"}
