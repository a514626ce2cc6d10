"""Small projects to load in tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from pzdecl.errors import Diagnostic, InvalidProject
from pzdecl.manifests import load

GROUP = """\
apiVersion: pzdecl/v1
kind: DatasetGroup
metadata: {name: movies}
"""
SCHEMA = """\
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: interactions}
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
"""
DATASET = """\
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: interactions}
spec: {datasetGroup: movies, datasetType: Interactions, schema: interactions}
"""
IMPORT = """\
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {name: interactions}
spec:
  dataset: interactions
  dataSource: {dataLocation: interactions.csv}
"""
SOLUTION = """\
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: hrnn}
spec:
  datasetGroup: movies
  recipe: aws-hrnn
"""
CAMPAIGN = """\
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: movies}
spec: {solution: hrnn}
"""
TEMPLATE = """\
apiVersion: pzdecl/v1
kind: Template
metadata: {name: site}
parameters:
  city: {type: string}
  tps: {type: integer, default: 1}
documents:
  - kind: DatasetGroup
    metadata: {name: "${param.city}"}
  - kind: EventTracker
    metadata: {name: "${param.name}-web", tags: {tps: "t${param.tps}"}}
    spec: {datasetGroup: "${param.city}"}
"""
INSTANCE = """\
apiVersion: pzdecl/v1
kind: Instance
metadata: {name: north}
spec: {template: site, parameters: {city: oslo}}
"""
TRACKER = """\
apiVersion: pzdecl/v1
kind: EventTracker
metadata: {name: web}
spec: {datasetGroup: movies}
"""
EVERYTHING = [GROUP, SCHEMA, DATASET, IMPORT, SOLUTION, CAMPAIGN, TRACKER]
CSV = "USER_ID,ITEM_ID,TIMESTAMP\nu1,i1,1\n"


def write(root: Path, files: Mapping[str, str | bytes], project: str = "name: test\n") -> Path:
    """Writes a project; the files by name, texts dedented."""
    for name, content in {"pzdecl.yaml": project, **files}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else dedent(content).encode())
    return root


def everything(root: Path, project: str = "name: test\n") -> Path:
    """A project with one resource of each kind."""
    return write(root, {"all.yaml": "---\n".join(EVERYTHING), "interactions.csv": CSV}, project)


def errors(root: Path, **options: object) -> tuple[Diagnostic, ...]:
    """What is wrong with a project."""
    try:
        load(root, **options)  # type: ignore[arg-type]
    except InvalidProject as error:
        return error.diagnostics
    return ()
