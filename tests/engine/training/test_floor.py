"""Floors on real data and on the example's: each recipe is worth more than the simpler one."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from pzdecl.engine.training.train import train

ROOT = Path(__file__).parents[3]
DATA = Path(os.environ.get("PZDECL_DATA", ROOT.parent / "shared" / "data"))
NDCG = "normalized_discounted_cumulative_gain_at_25"
RECIPES = ("aws-popularity-count", "aws-sims", "aws-hrnn")


def parquet(csv: Path, folder: Path) -> dict[str, list[Path]]:
    ids = {"USER_ID": pa.string(), "ITEM_ID": pa.string()}
    table = pyarrow.csv.read_csv(csv, convert_options=pyarrow.csv.ConvertOptions(column_types=ids))
    pq.write_table(table, folder / "interactions.parquet")
    return {"INTERACTIONS": [folder / "interactions.parquet"]}


def ndcg(parts: dict[str, list[Path]], folder: Path, seed: int = 0, **solution: Any) -> list[float]:
    return [
        train(recipe, parts, solution, folder / recipe, lambda _: None, lambda: False, seed=seed)[NDCG]
        for recipe in RECIPES
    ]


@pytest.mark.slow
@pytest.mark.skipif(
    not (DATA / "ml-100k" / "interactions.csv").exists(),
    reason=f"{DATA / 'ml-100k'} is not there: set PZDECL_DATA to the folder of the data sets",
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_movielens(seed: int, tmp_path: Path) -> None:
    parts = parquet(DATA / "ml-100k" / "interactions.csv", tmp_path)
    popular, sims, hrnn = ndcg(parts, tmp_path, seed)
    assert popular > 0.14
    assert sims > popular + 0.02
    assert hrnn > sims + 0.08
    assert hrnn > 0.37


@pytest.mark.slow
def test_the_movies_example(tmp_path: Path) -> None:
    movies = generator()
    movies.write_all(tmp_path, 7)
    parts = parquet(tmp_path / "interactions.csv", tmp_path)
    popular, sims, hrnn = ndcg(parts, tmp_path, eventType="watch")
    assert sims > popular + 0.05
    assert hrnn > sims + 0.2


def test_the_generator_is_deterministic_and_appends_what_comes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    movies = generator()
    monkeypatch.setattr(movies, "MEMBERS", 40)
    monkeypatch.setattr(movies, "DAYS", 60)
    for name in "ab":
        movies.write_all(tmp_path / name, 7)
    first, second = (tmp_path / name / "interactions.csv" for name in "ab")
    before = first.read_bytes()
    assert before == second.read_bytes()
    movies.append(tmp_path / "a", 7, 30)
    movies.append(tmp_path / "a", 7, 20)
    movies.append(tmp_path / "b", 7, 50)
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(before)
    times = [int(line.split(",")[2]) for line in first.read_text().splitlines()[1:]]
    assert times == sorted(times)
    assert len(times) == before.count(b"\n") - 1 + 50
    items = {line.split(",")[0] for line in (tmp_path / "a" / "items.csv").read_text().splitlines()}
    assert {line.split(",")[1] for line in first.read_text().splitlines()[1:]} <= items


def generator() -> Any:
    file = ROOT / "examples" / "movies" / "generate.py"
    spec = importlib.util.spec_from_file_location("movies_generator", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys

    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
