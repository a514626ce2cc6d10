"""A project of every kind that trains in a moment, and a change to most of it."""

from __future__ import annotations

import random
from pathlib import Path

PROJECT = "name: shop\nprovider: {type: local}\n"

MANIFESTS = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {name: shop, tags: {team: discovery}}
spec: {}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: events}
spec:
  schema:
    type: record
    name: Interactions
    namespace: com.amazonaws.personalize.schema
    fields:
      - {name: USER_ID, type: string}
      - {name: ITEM_ID, type: string}
      - {name: TIMESTAMP, type: long}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: events}
spec: {datasetGroup: shop, datasetType: Interactions, schema: events}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {name: events}
spec: {dataset: events, dataSource: {dataLocation: interactions.csv}}
---
apiVersion: pzdecl/v1
kind: EventTracker
metadata: {name: web}
spec: {datasetGroup: shop}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: popular}
spec: {datasetGroup: shop, recipe: aws-popularity-count}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: popular}
spec: {solution: popular}
"""


def write(root: Path) -> Path:
    """The project in the folder `root`, which is made."""
    root.mkdir()
    (root / "pzdecl.yaml").write_text(PROJECT)
    (root / "shop.yaml").write_text(MANIFESTS)
    (root / "interactions.csv").write_text(_interactions(users=40, each=30))
    return root


def change(root: Path) -> None:
    """Replaces the solution (so: trains and deploys), renames the campaign, appends data, changes tags."""
    for before, after in (
        ("recipe: aws-popularity-count", "recipe: aws-sims"),
        ("kind: Campaign\nmetadata: {name: popular}", "kind: Campaign\nmetadata: {name: top, tags: {a: b}}"),
        ("team: discovery", "team: search"),
    ):
        replace(root, before, after)
    with (root / "interactions.csv").open("a") as file:
        file.writelines(f"u{n},i1,{1_700_000_000 + n}\n" for n in range(20))


def replace(root: Path, before: str, after: str) -> None:
    """Changes the manifests: `before`, which must be there, to `after`."""
    path = root / "shop.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def _interactions(users: int, each: int) -> str:
    rng = random.Random(7)
    rows = [
        f"u{user},i{rng.randint(1, 50)},{1_600_000_000 + user * 1000 + step * 60}"
        for user in range(users)
        for step in range(each)
    ]
    return "\n".join(["USER_ID,ITEM_ID,TIMESTAMP", *rows]) + "\n"
