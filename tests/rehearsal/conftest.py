from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli
from tests.e2e.workbench import Workbench

__all__ = ["cli"]

ITEMS = """\
---
apiVersion: pzdecl/v1
kind: Schema
metadata: {name: shop-items}
spec:
  schema:
    type: record
    name: Items
    namespace: com.amazonaws.personalize.schema
    fields:
      - {name: ITEM_ID, type: string}
      - {name: TITLE, type: string}
      - {name: YEAR, type: int}
      - {name: KIND, type: string, categorical: true}
    version: "1.0"
---
apiVersion: pzdecl/v1
kind: Dataset
metadata: {name: shop-items}
spec: {datasetGroup: shop, datasetType: Items, schema: shop-items}
---
apiVersion: pzdecl/v1
kind: DatasetImport
metadata: {name: shop-items}
spec:
  dataset: shop-items
  dataSource: {dataLocation: data/items.csv}
"""
POPULAR = """\
apiVersion: pzdecl/v1
kind: Solution
metadata: {name: shop-popular}
spec: {datasetGroup: shop, recipe: aws-popularity-count}
---
apiVersion: pzdecl/v1
kind: Campaign
metadata: {name: shop-popular}
spec: {solution: shop-popular}
"""


def catalogue() -> str:
    rows = [
        f"i{number},The {number}th,{1970 + number},{'film' if number % 2 else 'series'}" for number in range(50)
    ]
    return "\n".join(["ITEM_ID,TITLE,YEAR,KIND", *rows]) + "\n"


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop with related items and popular ones, applied once."""
    pytest.importorskip("torch")
    bench = Workbench(tmp_path_factory.mktemp("ready") / "shop")
    (bench.root / "data.yaml").write_text((bench.root / "data.yaml").read_text() + ITEMS)
    bench.write("data/items.csv", catalogue())
    bench.write("popular.yaml", POPULAR)
    bench.apply()
    return bench.root


@pytest.fixture
def shop(ready: Path, tmp_path: Path) -> Workbench:
    """A copy of it, to be changed."""
    root = tmp_path / "shop"
    shutil.copytree(ready, root)
    bench = Workbench.__new__(Workbench)
    bench.root = root
    return bench


def run(cli: Cli, shop: Workbench, *arguments: object, code: int = 0) -> str:
    """The standard output of a command in the shop."""
    result = cli("-C", shop.root, *arguments)
    assert result.code == code, f"exit {result.code}\n{result.out}\n{result.err}"
    return result.out
