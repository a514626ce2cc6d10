"""Ten times as many resources are ten times the work. Counted in calls of functions, not in seconds."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from tests.bench.projects import CHAIN
from tests.counting import calls
from tests.e2e.workbench import interactions
from tests.pitfalls.conftest import Site

SIZES = (6, 12, 36)
"""From the first to the second a quarter of what comes from the second to the third."""

PROJECT = """\
name: shops
provider: {type: local}
variables: {team: {type: string, default: discovery}}
policies: {requiredTags: [team], allowedRecipes: [aws-sims], maximumTPS: 5}
environments: {dev: {namePrefix: dev-}}
"""

SHOP = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {{name: g{n}, tags: {{team: "${{var.team}}"}}}}
spec: {{}}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: s{n}}}
spec:
  schema:
    type: record
    name: Interactions
    namespace: com.amazonaws.personalize.schema
    fields:
      - {{name: USER_ID, type: string}}
      - {{name: ITEM_ID, type: string}}
      - {{name: TIMESTAMP, type: long}}
      - {{name: EVENT_TYPE, type: string}}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {{name: d{n}, tags: {{team: a}}}}
spec: {{datasetGroup: g{n}, datasetType: Interactions, schema: s{n}}}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {{name: i{n}, tags: {{team: a}}}}
spec: {{dataset: d{n}, dataSource: {{dataLocation: data/{n}.csv}}}}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {{name: x{n}, tags: {{team: a}}, lifecycle: {{retrainOn: [Schema/s{n}]}}}}
spec: {{datasetGroup: g{n}, recipe: aws-sims}}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {{name: c{n}, tags: {{team: a}}}}
spec: {{solution: x{n}, gates: [{{metric: coverage, min: 0.01}}]}}
---
apiVersion: pzdecl/v1
kind: Filter
metadata: {{name: f{n}, tags: {{team: a}}}}
spec: {{datasetGroup: g{n}, filterExpression: 'EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("a")'}}
---
apiVersion: pzdecl/v1
kind: Instance
metadata: {{name: n{n}}}
spec: {{template: site, parameters: {{city: c{n}}}}}
---
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


def _shops(site: Site, name: str, count: int) -> Path:
    """A project with everything that manifests can say, so many times."""
    made = Site(site.root.parent / name, site.cli)
    made.write("pzdecl.yaml", PROJECT)
    made.write("template.yaml", TEMPLATE)
    made.write("copies.yaml", COPIES % ", ".join(f"c{n}" for n in range(2 * count)))
    for n in range(count):
        made.write(f"shop-{n}.yaml", SHOP.format(n=n))
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
