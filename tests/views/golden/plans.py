"""The plans of a fixed project, with everything that a plan can hold; made the same way on any machine.

`python -m tests.views.golden.plans FOLDER` writes them into a folder as text, Markdown, JSON and plan files. It
needs what planning needs and no more, so that any Python can be asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import Any

from pzdecl import manifests
from pzdecl.kinds.address import Address
from pzdecl.manifests import data
from pzdecl.manifests.model import Project
from pzdecl.plan import PlanOptions, make
from pzdecl.plan.file import dump
from pzdecl.plan.model import Plan
from pzdecl.views import github, json_plan, plan_markdown, plan_text
from tests.plan.service import FakeService
from tests.plan.simulator import FakeState, Simulator

FOLDER = Path(__file__).parent
NDCG = "normalized_discounted_cumulative_gain_at_25"
MANUAL = ("popular", "steady")


class Service(FakeService):
    """A service that has measured what it trained."""

    def read(self, operation: str, /, **params: Any) -> dict[str, Any]:
        if operation == "get_solution_metrics":
            return {"metrics": {NDCG: 0.21, "coverage": 0.4}}
        return super().read(operation, **params)


class Cinema:
    """The project of `before`, applied; after that somebody changed and deleted something."""

    def __init__(self, root: Path) -> None:
        self.root, self.state, self.service = root, FakeState(), Service()
        copytree(FOLDER / "before", root / "before")
        copytree(FOLDER / "after", root / "after")
        before = self.project("before")
        retrain = frozenset(Address("SolutionVersion", name) for name in MANUAL)
        Simulator(before, self.state, self.service).apply(self._plan(before, retrain=retrain))
        assert not self._plan(before).steps
        for name, hours in (("next", 0.75), ("similar", 0.1)):
            address = Address("SolutionVersion", name)
            self.state.rows[address] = replace(self.state.rows[address], attributes={"trainingHours": hours})
        pinned = self.state.rows[Address("Campaign", "archive")]
        version = {"pinned": pinned.bindings["solutionVersionArn"]}
        self.state.rows[pinned.address] = replace(pinned, attributes=version)
        self.service.resources[self.service.arn("campaign/home")]["minProvisionedTPS"] = 4
        self.service.tags[self.service.arn("campaign/front")] = {"by": "hand"}
        del self.service.resources[self.service.arn("campaign/item-page")]

    def project(self, name: str) -> Project:
        """The manifests of one of both folders."""
        return manifests.load(self.root / name)

    def _plan(self, project: Project, **options: Any) -> Plan:
        contents = {} if options.get("refresh_only") else data.contents(project, self.state.rows)
        return make(project, self.state, self.service, PlanOptions(data=contents, **options))

    def plans(self) -> dict[str, Plan]:
        """By name: what follows from the manifests of `after`, a part of that, and other kinds of plans."""
        before, after = self.project("before"), self.project("after")
        part = frozenset({Address("DatasetGroup", "cinema"), Address("Schema", "films")})
        return {
            "change": self._plan(after),
            "part": self._plan(after, scope=part),
            "accept": self._plan(before, refresh_only=True),
            "destroy": self._plan(before, destroy=True),
        }


def rendered(plans: dict[str, Plan]) -> Iterable[tuple[str, bytes]]:
    """File names and what is in them."""
    for name, plan in plans.items():
        yield f"{name}.txt", plan_text.render(plan).encode()
        yield f"{name}.md", plan_markdown.render(plan).encode()
        yield f"{name}.json", json_plan.render(plan).encode()
        yield f"{name}.github", github.render(plan).encode()
        yield f"{name}.plan", dump(plan)


def write(target: Path) -> None:
    """Writes all of them into a folder."""
    target.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as scratch:
        for name, content in rendered(Cinema(Path(scratch)).plans()):
            (target / name).write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
