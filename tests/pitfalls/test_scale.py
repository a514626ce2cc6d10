"""Ten times as many resources are ten times the work. Counted in calls of functions, not in seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.bench.projects import CHAIN
from tests.counting import calls
from tests.pitfalls.conftest import Site
from tests.shop import EVENTS, data, document, group, interactions, manifest

SIZES = (6, 12, 36)
"""From the first to the second a quarter of what comes from the second to the third."""

PROJECT = """\
name: shops
provider: {type: local}
variables: {team: {type: string, default: discovery}}
policies: {requiredTags: [team], allowedRecipes: [aws-sims], maximumTPS: 5}
environments: {dev: {namePrefix: dev-}}
"""

MOVED = """\
apiVersion: pzdecl/v1
moved: [{{from: Solution/old{n}, to: Solution/x{n}}}]
---
apiVersion: pzdecl/v1
removed: [{{address: Campaign/old{n}}}]
"""

TEMPLATE = """\
apiVersion: pzdecl/v1
kind: Template
metadata: {name: site}
parameters: {city: {type: string}}
documents:
  - kind: DatasetGroup
    metadata: {name: "site-${param.city}", tags: {team: a}}
    spec: {}
"""

COPIES = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {name: "copy-${each.value}", tags: {team: a}}
spec: {}
forEach: [%s]
"""


def _shop(n: int) -> str:
    """One of everything that manifests can say."""
    team, unseen = "tags: {team: a}", 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a")'
    return manifest(
        group(f"g{n}", metadata='tags: {team: "${var.team}"}'),
        data(f"d{n}", EVENTS, group=f"g{n}", file=f"data/{n}.csv", metadata=team),
        document(
            "Solution",
            f"x{n}",
            f"datasetGroup: g{n}, recipe: aws-sims",
            metadata=f"{team}, lifecycle: {{retrainOn: [Schema/d{n}]}}",
        ),
        document(
            "Campaign", f"c{n}", f"solution: x{n}, gates: [{{metric: coverage, min: 0.01}}]", metadata=team
        ),
        document("Filter", f"f{n}", f"datasetGroup: g{n}, filterExpression: '{unseen}'", metadata=team),
        document("Instance", f"n{n}", f"template: site, parameters: {{city: c{n}}}"),
        MOVED.format(n=n),
    )


def _shops(site: Site, name: str, count: int) -> Path:
    """A project with everything that manifests can say, so many times."""
    made = Site(site.root.parent / name, site.cli)
    made.write("pzdecl.yaml", PROJECT)
    made.write("template.yaml", TEMPLATE)
    made.write("copies.yaml", COPIES % ", ".join(f"c{n}" for n in range(2 * count)))
    for n in range(count):
        made.write(f"shop-{n}.yaml", _shop(n))
        made.write(f"data/{n}.csv", interactions())
    return made.root


@pytest.mark.parametrize(
    "command",
    [
        "validate",
        "plan",
        "plan --format json --exclude Filter/*",
        "plan --format markdown --target kind:campaign",
        "graph",
    ],
)
def test_20_planning_is_in_proportion(site: Site, command: str) -> None:
    pytest.importorskip("pyarrow")
    found = []
    for count in SIZES:
        arguments = ["-C", _shops(site, f"shops-{count}", count), "-e", "dev", *command.split()]
        # The first time, data is read and modules are loaded.
        assert site.cli(*arguments).code == 0
        found.append(calls(partial(site.cli, *arguments)))
    assert _growth(found) < 4.06


def test_20_a_plan_of_what_is_there_is_in_proportion(site: Site) -> None:
    found = []
    for chains in (size // 2 for size in SIZES):
        made = Site(site.root.parent / f"chains-{chains}", site.cli)
        made.write("pzdecl.yaml", "name: chains\nprovider: {type: local}\n")
        for chain in range(chains):
            made.write(f"{chain}.yaml", CHAIN.format(c=f"{chain:04}"))
        made.apply()
        assert made.settled()
        found.append(calls(made.settled))
    assert _growth(found) < 4.06


def _growth(found: list[int]) -> float:
    """The second step over the first one: 4 where each shop costs the same, however many there are."""
    few, some, many = found
    assert some > few
    return (many - some) / (some - few)


def test_20_moves_are_in_proportion(site: Site) -> None:
    """A run that calls everything otherwise: no move reads what the others move."""
    found = []
    for count in (2 * size for size in SIZES):
        made = Site(site.root.parent / f"moves-{count}", site.cli)
        made.write("pzdecl.yaml", "name: copies\nprovider: {type: local}\n")
        made.write("copies.yaml", COPIES % ", ".join(f"c{n}" for n in range(count)))
        made.apply()
        made.edit("copies.yaml", "copy-", "kopie-")
        moves = ", ".join(
            f"{{from: DatasetGroup/copy-c{n}, to: DatasetGroup/kopie-c{n}}}" for n in range(count)
        )
        made.write("moved.yaml", f"apiVersion: pzdecl/v1\nmoved: [{moves}]\n")
        found.append(calls(made.apply))
        assert f"{count} moved" in made("state", "history").out
        assert len(made.managed()) == count
        assert made.settled()
    assert _growth(found) < 4.2
