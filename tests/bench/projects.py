"""Projects of any size in one shape, chains of ten, for pzdecl and for Terraform."""

from __future__ import annotations

from pathlib import Path

CHAIN = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {{name: group-{c}}}
spec: {{}}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: interactions-{c}, dependsOn: [DatasetGroup/group-{c}]}}
spec:
  schema:
    type: record
    name: Interactions
    namespace: com.amazonaws.personalize.schema
    fields:
      - {{name: USER_ID, type: string}}
      - {{name: ITEM_ID, type: string}}
      - {{name: TIMESTAMP, type: long}}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {{name: interactions-{c}}}
spec: {{datasetGroup: group-{c}, datasetType: Interactions, schema: interactions-{c}}}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: items-{c}, dependsOn: [Dataset/interactions-{c}]}}
spec:
  schema:
    type: record
    name: Items
    namespace: com.amazonaws.personalize.schema
    fields:
      - {{name: ITEM_ID, type: string}}
      - {{name: GENRES, type: string, categorical: true}}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {{name: items-{c}}}
spec: {{datasetGroup: group-{c}, datasetType: Items, schema: items-{c}}}
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {{name: users-{c}, dependsOn: [Dataset/items-{c}]}}
spec:
  schema:
    type: record
    name: Users
    namespace: com.amazonaws.personalize.schema
    fields:
      - {{name: USER_ID, type: string}}
      - {{name: GENDER, type: string, categorical: true}}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {{name: users-{c}}}
spec: {{datasetGroup: group-{c}, datasetType: Users, schema: users-{c}}}
---
apiVersion: pzdecl/v1
kind: EventTracker
metadata: {{name: tracker-{c}, dependsOn: [Dataset/users-{c}]}}
spec: {{datasetGroup: group-{c}}}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {{name: popularity-{c}, dependsOn: [EventTracker/tracker-{c}]}}
spec:
  datasetGroup: group-{c}
  recipe: aws-popularity-count
  training: {{when: manual}}
---
apiVersion: pzdecl/v1
kind: Solution
metadata: {{name: sims-{c}, tags: {{team: discovery}}, dependsOn: [Solution/popularity-{c}]}}
spec:
  datasetGroup: group-{c}
  recipe: aws-sims
  training: {{when: manual}}
"""

CHAIN_LENGTH = 10


def write_pzdecl(folder: Path, resources: int) -> Path:
    """A pzdecl project of `resources` resources that need no training, a file for each chain of ten."""
    folder.mkdir(parents=True)
    (folder / "pzdecl.yaml").write_text("name: bench\nprovider: {type: local}\n")
    for chain in range(resources // CHAIN_LENGTH):
        (folder / f"chain-{chain:04}.yaml").write_text(CHAIN.format(c=f"{chain:04}"))
    return folder


def write_terraform(folder: Path, resources: int) -> Path:
    """The same shape for Terraform: `terraform_data`, each taking the output of the one before."""
    folder.mkdir(parents=True)
    for chain in range(resources // CHAIN_LENGTH):
        blocks = []
        for link in range(CHAIN_LENGTH):
            value = f"terraform_data.r{chain}_{link - 1}.output" if link else f'"chain {chain}"'
            blocks.append(f'resource "terraform_data" "r{chain}_{link}" {{\n  input = {value}\n}}\n')
        (folder / f"chain-{chain:04}.tf").write_text("\n".join(blocks))
    return folder
