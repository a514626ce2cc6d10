"""The files of a starter project: one dataset, the popularity recipe, a campaign."""

from __future__ import annotations

import random

PROJECT = """\
# The project file. Every other *.yaml below this folder is a manifest.
name: {name}
provider:
  type: local          # the built-in engine: no account, no network. `aws` uses Amazon Personalize.

variables:
  tps:
    type: integer
    default: 1
    description: requests a second that campaigns are provisioned for

environments:
  dev: {{}}
  prod:
    variables: {{tps: 5}}
"""

DATA = """\
# What the recommender learns from: a group, the shape of the data, and the data itself.
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {{name: {name}}}
spec: {{}}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: {name}-interactions}}
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
metadata: {{name: {name}-interactions}}
spec:
  datasetGroup: {name}
  datasetType: Interactions
  schema: {name}-interactions
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {{name: {name}-interactions}}
spec:
  dataset: {name}-interactions
  dataSource: {{dataLocation: data/interactions.csv}}      # change the file, and the plan says import and train
"""

RECOMMENDER = """\
# What is trained on it, and where it is served.
apiVersion: pzdecl/v1
kind: Solution
metadata: {{name: {name}-popular}}
spec:
  datasetGroup: {name}
  recipe: aws-popularity-count        # `pzdecl recipes list` names the others
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {{name: {name}-popular}}
spec:
  solution: {name}-popular            # follows its newest trained version
  minProvisionedTPS: ${{var.tps}}
"""

IGNORED = """\
# State, cache and the built-in engine's data.
.pzdecl/
"""

USERS, EVENTS, ITEMS = 60, 25, 80


def files(name: str) -> dict[str, str]:
    """Path to text, for a project of that name."""
    return {
        "pzdecl.yaml": PROJECT.format(name=name),
        "data.yaml": DATA.format(name=name),
        "recommender.yaml": RECOMMENDER.format(name=name),
        "data/interactions.csv": _interactions(),
        ".gitignore": IGNORED,
    }


def _interactions() -> str:
    """Made-up views, the same each time; low-numbered items are the popular ones."""
    chance = random.Random(1)
    rows = ["USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE"]
    for user in range(1, USERS + 1):
        when = 1_700_000_000 + chance.randrange(1_000_000)
        for _ in range(EVENTS):
            item = 1 + min(int(chance.expovariate(1 / 20)), ITEMS - 1)
            when += chance.randrange(30, 86_400)
            rows.append(f"user-{user},item-{item},{when},view")
    return "\n".join(rows) + "\n"
