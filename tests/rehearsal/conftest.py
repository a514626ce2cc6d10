from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Cli, cli
from tests.e2e.workbench import DATA, Workbench
from tests.shop import data, deployed, manifest, table

__all__ = ["cli"]

COLUMNS = {"ITEM_ID": "string", "TITLE": "string", "YEAR": "int", "KIND": "string, categorical: true"}
ITEMS = data("shop-items", COLUMNS, type="Items", file="data/items.csv")


def catalogue() -> str:
    kinds = ("series", "film")
    return table(COLUMNS, (f"i{n},The {n}th,{1970 + n},{kinds[n % 2]}" for n in range(50)))


@pytest.fixture(scope="session")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small shop with related items and popular ones, applied once."""
    pytest.importorskip("torch")
    bench = Workbench.new(tmp_path_factory.mktemp("ready") / "shop")
    bench.write("data.yaml", manifest(DATA, ITEMS))
    bench.write("data/items.csv", catalogue())
    bench.write("popular.yaml", deployed("shop-popular", "aws-popularity-count"))
    bench.apply()
    return bench.root


@pytest.fixture
def shop(ready: Path, tmp_path: Path) -> Workbench:
    """A copy of it, to be changed."""
    return Workbench(shutil.copytree(ready, tmp_path / "shop"))


def run(cli: Cli, shop: Workbench, *arguments: object, code: int = 0) -> str:
    """The standard output of a command in the shop."""
    result = cli("-C", shop.root, *arguments)
    assert result.code == code, f"exit {result.code}\n{result.out}\n{result.err}"
    return result.out
